"""Pooling in code."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.costs.memory.padded_copies import padding
from cnncost.formats.torch_out.torch_layer_code import (
    CodePiece,
    Writer,
    axis_count,
    field,
    get,
    keywords,
    numbers,
)
from cnncost.formats.torch_out.torch_padding import called_padded
from cnncost.formats.torch_out.torch_stand_ins import standing_in

if TYPE_CHECKING:
    from cnncost.network import Node


def _maxpool(node: Node, inplace: bool) -> CodePiece:
    inside, call = _pool_padding(node, ', value=float("-inf")')
    options = keywords(
        stride=(field(node, "stride"), field(node, "kernel")),
        padding=(inside, "0"),
        dilation=(field(node, "dilation"), "1"),
        ceil_mode=(str(get(node, "ceil")), "False"),
    )
    module = f"nn.MaxPool{axis_count(node)}d"
    return CodePiece(module, (field(node, "kernel"), *options), f"{{m}}({call})")


def _avgpool(node: Node, inplace: bool) -> CodePiece:
    inside, call = _pool_padding(node, "")
    options = keywords(
        stride=(field(node, "stride"), field(node, "kernel")),
        padding=(inside, "0"),
        ceil_mode=(str(get(node, "ceil")), "False"),
    )
    module = f"nn.AvgPool{axis_count(node)}d"
    return CodePiece(module, (field(node, "kernel"), *options), f"{{m}}({call})")


def _pool_padding(node: Node, value: str) -> tuple[str, str]:
    """The padding that the pool does, and its input, padded before where it can't."""
    ends, itself = padding(node)
    if itself:
        return numbers(tuple(before for before, _ in ends)), "{x}"
    return "0", called_padded(ends, value)


def _adaptive(kind: str, size: str = "") -> Writer:
    def write(node: Node, inplace: bool) -> CodePiece:
        to = size or field(node, "size")
        return CodePiece(f"nn.Adaptive{kind}Pool{axis_count(node)}d", (to,))

    return write


def _subsample(node: Node, inplace: bool) -> CodePiece:
    channels, kernel = str(node.inputs[0].channels), field(node, "kernel")
    kernels = cast("tuple[int, ...]", get(node, "kernel"))
    full = kernel if len(set(kernels)) > 1 else f"({', '.join(map(str, kernels))},)"
    if axis_count(node) > 1 and len(set(kernels)) == 1:
        full = f"({', '.join(map(str, kernels))})"
    return CodePiece("Subsample", (channels, full), extra="Subsample")


POOLS: dict[str, Writer] = {
    "maxpool": standing_in(_maxpool),
    "avgpool": _avgpool,
    "global_avgpool": _adaptive("Avg", "1"),
    "global_maxpool": _adaptive("Max", "1"),
    "adaptive_avgpool": _adaptive("Avg"),
    "adaptive_maxpool": _adaptive("Max"),
    "subsample": _subsample,
}
