"""How each layer type is written in PyTorch: an entry a type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.errors import CnncostError
from cnncost.formats.torch_out.torch_layer_code import CodePiece, Writer, field_value
from cnncost.formats.torch_out.torch_moves import MOVES
from cnncost.formats.torch_out.torch_pointwise import POINTWISE
from cnncost.formats.torch_out.torch_pools import POOLS
from cnncost.formats.torch_out.torch_weighted import WEIGHTED

if TYPE_CHECKING:
    from cnncost.network import Node


def _refuse_opaque(node: Node, inplace: bool) -> CodePiece:
    raise CnncostError(
        f"{node.name} is opaque ({field_value(node, 'op')}): nobody knows how it is computed",
        "write it as layers that the language has; then it can be written in PyTorch",
    )


WRITERS: dict[str, Writer] = {
    **WEIGHTED,
    **POOLS,
    **POINTWISE,
    **MOVES,
    "opaque": _refuse_opaque,
}
