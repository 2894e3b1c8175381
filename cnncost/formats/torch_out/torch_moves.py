"""Layers that move numbers or join tensors in code."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.costs.memory.unmoved_numbers import still
from cnncost.formats.torch_out.torch_layer_code import (
    CodePiece,
    Writer,
    axis_count,
    called,
    get,
    listed,
)
from cnncost.formats.torch_out.torch_padding import index, span
from cnncost.formats.torch_out.torch_stand_ins import standing_in

if TYPE_CHECKING:
    from cnncost.network import Node


def _reshape(node: Node, inplace: bool) -> CodePiece:
    return CodePiece("", call=f"{{x}}.reshape(-1, {', '.join(map(str, node.output.dims))})")


def _permute(node: Node, inplace: bool) -> CodePiece:
    axes = cast("tuple[int, ...]", get(node, "axes"))
    return CodePiece("", call=f"{{x}}.permute(0, {', '.join(map(str, axes))})")


def _amounts(node: Node) -> tuple[tuple[int, int], ...]:
    return cast("tuple[tuple[int, int], ...]", get(node, "amount"))


def _pad(node: Node, inplace: bool) -> CodePiece:
    flat = ", ".join(f"{a}, {b}" for a, b in reversed(_amounts(node)))
    return CodePiece("", call=f"F.pad({{x}}, ({flat}))")


def _crop(node: Node, inplace: bool) -> CodePiece:
    return CodePiece("", call="{x}" + index(["", *(span(a, b) for a, b in _amounts(node))]))


def _slice(node: Node, inplace: bool) -> CodePiece:
    start, end = cast("tuple[int, int]", get(node, "span"))
    before, last = str(start or ""), end == node.inputs[0].channels
    return CodePiece("", call=f"{{x}}[:, {before}:{'' if last else end}]")


def _channel_shuffle(node: Node, inplace: bool) -> CodePiece:
    groups = get(node, "groups")
    call = f"{{x}}.unflatten(1, ({groups}, -1)).transpose(1, 2).flatten(1, 2)"
    return CodePiece("", call=call)


def _factors(node: Node) -> tuple[int, ...]:
    return cast("tuple[int, ...]", get(node, "factor"))


def _pixel_shuffle(node: Node, inplace: bool) -> CodePiece:
    factor = _factors(node)
    if len(factor) == 2 and len(set(factor)) == 1:
        return CodePiece("nn.PixelShuffle", (str(factor[0]),))
    return CodePiece("PixelShuffle", (listed(factor),), extra="PixelShuffle")


def _space_to_depth(node: Node, inplace: bool) -> CodePiece:
    factor = _factors(node)
    if len(factor) == 2 and len(set(factor)) == 1:
        return CodePiece("nn.PixelUnshuffle", (str(factor[0]),))
    return CodePiece("SpaceToDepth", (listed(factor),), extra="SpaceToDepth")


LINEAR_MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


def _upsample(node: Node, inplace: bool) -> CodePiece:
    mode = str(get(node, "mode"))
    options = f', mode="{LINEAR_MODES[axis_count(node)]}"' if mode == "bilinear" else ""
    # A size serves for a factor too: what is exact for integers stays exact.
    return CodePiece("", call=f"F.interpolate({{x}}, size={listed(node.output.extents)}{options})")


def _unless_still(write: Writer) -> Writer:
    """What moves nothing is written so: PyTorch copies in some such cases, and not in others."""

    def written(node: Node, inplace: bool) -> CodePiece:
        if not still(node):
            return write(node, inplace)
        return (
            CodePiece("", call="{x}") if node.output == node.inputs[0] else _reshape(node, inplace)
        )

    return written


def _matmul(node: Node, inplace: bool) -> CodePiece:
    groups = get(node, "groups")
    if groups == 1:
        return CodePiece("", call="{0} @ {1}")
    sides = [f"{{{i}}}.unflatten(1, ({groups}, -1))" for i in (0, 1)]
    return CodePiece("", call=f"({' @ '.join(sides)}).flatten(1, 2)")


def _joined(sign: str) -> Writer:
    def write(node: Node, inplace: bool) -> CodePiece:
        if inplace:
            return CodePiece("", call="{0}.add_({1})")
        places = [f"{{{i}}}" for i in range(len(node.reads))]
        return CodePiece("", call=f" {sign} ".join(places))

    return write


MOVES: dict[str, Writer] = {
    "flatten": called("{x}.flatten(1)"),
    "reshape": _reshape,
    "permute": _permute,
    "pad": standing_in(_pad),
    "crop": _crop,
    "slice": _slice,
    "channel_shuffle": _unless_still(_channel_shuffle),
    "pixel_shuffle": _unless_still(_pixel_shuffle),
    "space_to_depth": _unless_still(_space_to_depth),
    "upsample": standing_in(_upsample),
    "identity": standing_in(called("{x}")),
    "add": standing_in(_joined("+")),
    "mul": standing_in(_joined("*")),
    "matmul": _matmul,
    "concat": called("torch.cat([{xs}], dim=1)"),
}
