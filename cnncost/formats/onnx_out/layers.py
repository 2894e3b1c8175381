"""How each layer type is written in ONNX: an entry a type."""

from __future__ import annotations

from cnncost.errors import CnncostError
from cnncost.formats.onnx_out import norms, pointwise, pooling, reshaping, weighted
from cnncost.formats.onnx_out.emitter import Emitter, Writers, field
from cnncost.network import Node


def _opaque(emitter: Emitter, node: Node, x: list[str]) -> str:
    raise CnncostError(
        f"{node.name} is opaque ({field(node, 'op')}): nobody knows how it is computed",
        "write it as layers that the language has; then it can be written in ONNX",
    )


LAYERS: Writers = {
    **weighted.WRITERS,
    **pooling.WRITERS,
    **norms.WRITERS,
    **pointwise.WRITERS,
    **reshaping.WRITERS,
    "opaque": _opaque,
}
"""By layer type; a test holds that none lacks one."""
