"""How each layer type is written in ONNX: an entry a type."""

from __future__ import annotations

from cnncost.errors import CnncostError
from cnncost.formats.onnx_out import (
    onnx_norm_writers,
    onnx_pointwise_writers,
    onnx_pooling_writers,
    onnx_reshaping_writers,
    onnx_weighted_writers,
)
from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writers, field_of
from cnncost.network import Node


def _refuse_opaque(emitter: Emitter, node: Node, x: list[str]) -> str:
    raise CnncostError(
        f"{node.name} is opaque ({field_of(node, 'op')}): nobody knows how it is computed",
        "write it as layers that the language has; then it can be written in ONNX",
    )


LAYERS: Writers = {
    **onnx_weighted_writers.WRITERS,
    **onnx_pooling_writers.WRITERS,
    **onnx_norm_writers.WRITERS,
    **onnx_pointwise_writers.WRITERS,
    **onnx_reshaping_writers.WRITERS,
    "opaque": _refuse_opaque,
}
"""By layer type; a test holds that none lacks one."""
