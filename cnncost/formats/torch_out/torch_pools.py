"""Pooling in code."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.costs.memory.padded_copies import find_padding
from cnncost.formats.torch_out.torch_layer_code import (
    CodePiece,
    Writer,
    axis_count,
    field_text,
    field_value,
    numbers_text,
    write_keywords,
)
from cnncost.formats.torch_out.torch_padding import pad_input
from cnncost.formats.torch_out.torch_stand_ins import standing_in

if TYPE_CHECKING:
    from cnncost.network import Node


def _write_maxpool(node: Node, inplace: bool) -> CodePiece:
    inside, call = _pool_padding(node, ', value=float("-inf")')
    options = write_keywords(
        stride=(field_text(node, "stride"), field_text(node, "kernel")),
        padding=(inside, "0"),
        dilation=(field_text(node, "dilation"), "1"),
        ceil_mode=(str(field_value(node, "ceil")), "False"),
    )
    module = f"nn.MaxPool{axis_count(node)}d"
    return CodePiece(module, (field_text(node, "kernel"), *options), f"{{m}}({call})")


def _write_avgpool(node: Node, inplace: bool) -> CodePiece:
    inside, call = _pool_padding(node, "")
    options = write_keywords(
        stride=(field_text(node, "stride"), field_text(node, "kernel")),
        padding=(inside, "0"),
        ceil_mode=(str(field_value(node, "ceil")), "False"),
    )
    module = f"nn.AvgPool{axis_count(node)}d"
    return CodePiece(module, (field_text(node, "kernel"), *options), f"{{m}}({call})")


def _pool_padding(node: Node, value: str) -> tuple[str, str]:
    """The padding that the pool does, and its input, padded before where it can't."""
    ends, itself = find_padding(node)
    if itself:
        return numbers_text(tuple(before for before, _ in ends)), "{x}"
    return "0", pad_input(ends, value)


def _adaptive_writer(kind: str, size: str = "") -> Writer:
    def write_adaptive_pool(node: Node, inplace: bool) -> CodePiece:
        to = size or field_text(node, "size")
        return CodePiece(f"nn.Adaptive{kind}Pool{axis_count(node)}d", (to,))

    return write_adaptive_pool


def _write_subsample(node: Node, inplace: bool) -> CodePiece:
    channels, kernel = str(node.inputs[0].channels), field_text(node, "kernel")
    kernels = cast("tuple[int, ...]", field_value(node, "kernel"))
    full = kernel if len(set(kernels)) > 1 else f"({', '.join(map(str, kernels))},)"
    if axis_count(node) > 1 and len(set(kernels)) == 1:
        full = f"({', '.join(map(str, kernels))})"
    return CodePiece("Subsample", (channels, full), extra="Subsample")


POOLS: dict[str, Writer] = {
    "maxpool": standing_in(_write_maxpool),
    "avgpool": _write_avgpool,
    "global_avgpool": _adaptive_writer("Avg", "1"),
    "global_maxpool": _adaptive_writer("Max", "1"),
    "adaptive_avgpool": _adaptive_writer("Avg"),
    "adaptive_maxpool": _adaptive_writer("Max"),
    "subsample": _write_subsample,
}
