"""Layers that stand for an operation without a word of its own: that operation in code."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.formats.torch_out.torch_layer_code import CodePiece, Writer, field_value, tuple_text
from cnncost.formats.torch_out.torch_padding import index_text
from cnncost.layers.kinds import ITSELF

if TYPE_CHECKING:
    from cnncost.network import Node

CALLS = {
    **{name: f"torch.{name}({{x}})" for name in ("exp", "sqrt", "rsqrt", "reciprocal", "log")},
    **{name: f"torch.{name}({{x}})" for name in ("abs", "sin", "cos", "erf", "neg", "square")},
    "hardshrink": "F.hardshrink({x})",
    "hardtanh": "F.hardtanh({x})",
    "threshold": "F.threshold({x}, 0.5, 0.5)",
    "pow": "{x} ** 2",
    "clamp": "{x}.clamp(0, 1)",
    "clamp_min": "{x}.clamp_min(0)",
    "clamp_max": "{x}.clamp_max(1)",
    "shift": "{x} + 1",
    "factor": "{x} * 2",
    "doubled": "{x} + {x}",
    "squared": "{x} * {x}",
    "sub": "{0} - {1}",
    "rsub": "{1} - {0}",
    "div": "{0} / {1}",
    "maximum": "torch.maximum({0}, {1})",
    "minimum": "torch.minimum({0}, {1})",
}
"""What does not say with which number is written with some."""


def standing_in(write: Writer) -> Writer:
    """The writer of a type, and of the operations that it stands for."""

    def written(node: Node, inplace: bool) -> CodePiece:
        stood = str(field_value(node, "stands_for"))
        if stood == ITSELF:
            return write(node, inplace)
        if stood == "slice":
            return CodePiece("", call="{x}" + index_text(["", *map(_every, _strides(node))]))
        if stood == "expand":
            return CodePiece("", call=f"{{x}}.expand{tuple_text((-1, -1, *node.output.extents))}")
        if stood in ("reflect", "replicate"):
            call = write(node, inplace).call
            return CodePiece("", call=f'{call[:-1]}, mode="{stood}")')
        return CodePiece("", call=CALLS[stood]) if stood in CALLS else write(node, inplace)

    return written


def _strides(node: Node) -> tuple[int, ...]:
    return cast("tuple[int, ...]", field_value(node, "stride"))


def _every(step: int) -> str:
    return "" if step == 1 else f"::{step}"
