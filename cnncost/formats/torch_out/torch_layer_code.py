"""A layer in code: the piece that is written for it, and its numbers and padding as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.layers.kinds import ITSELF

if TYPE_CHECKING:
    from cnncost.layers.sliding_window import Windowed
    from cnncost.network import Node


class CodePiece(NamedTuple):
    """A layer in code: its module, and the expression that calls it.

    In `call`, `{m}` stands for the module, `{x}` for the first input, `{xs}` for all inputs.
    """

    module: str
    """The module's class, `nn.Conv2d`; empty if the layer needs no module."""
    arguments: tuple[str, ...] = ()
    call: str = "{m}({x})"
    extra: str = ""
    """The name of the class in `torch_written_modules` that the file must have."""


Writer = Callable[["Node[Any]", bool], CodePiece]
"""From a node (Any: each writer names its layer type), and whether it works in place."""


def axis_count(node: Node) -> int:
    """Count the spatial axes of the node's first input."""
    return len(node.inputs[0].extents)


def numbers_text(values: tuple[int, ...]) -> str:
    """Write one number if all are equal, else a tuple."""
    if len(set(values)) == 1:
        return str(values[0])
    return f"({', '.join(map(str, values))})"


def tuple_text(values: tuple[int, ...]) -> str:
    """Write a tuple, even for one number."""
    inside = ", ".join(map(str, values))
    return f"({inside},)" if len(values) == 1 else f"({inside})"


def write_keywords(**given: tuple[str, str]) -> tuple[str, ...]:
    """Write the keywords whose value differs from PyTorch's default."""
    return tuple(f"{name}={value}" for name, (value, usual) in given.items() if value != usual)


def call_writer(call: str) -> Writer:
    """Make the writer of a layer that needs no module."""

    def write_call(node: Node, inplace: bool) -> CodePiece:
        return CodePiece("", call=call)

    return write_call


# Padding


def padding_ends(node: Node[Windowed]) -> tuple[tuple[int, int], ...]:
    """Return the padding before and after each axis."""
    windows = node.layer.resolve_windows(node.inputs[0])
    return tuple((window.before, window.after) for window in windows)


def split_padding(node: Node[Windowed]) -> tuple[str, str]:
    """Return the padding that the module does, and the call's input, padded if the module can't."""
    pads = padding_ends(node)
    if all(before == after for before, after in pads):
        return numbers_text(tuple(before for before, _ in pads)), "{x}"
    return "0", pad_input(pads)


def pad_input(pads: tuple[tuple[int, int], ...], value: str = "") -> str:
    """Write the call's input, padded before and after each axis."""
    flat = ", ".join(f"{a}, {b}" for a, b in reversed(pads))
    return f"F.pad({{x}}, ({flat}){value})"


def slice_text(before: int, after: int) -> str:
    """Write a slice that leaves out so many positions at each end."""
    return f"{before or ''}:{-after if after else ''}"


def index_text(spans: list[str]) -> str:
    """Write the index of a tensor, with the batch in front."""
    return f"[:, {', '.join(span or ':' for span in spans)}]"


# Operations that layers stand for

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
"""The call of each operation; where the number is not known, some number stands for it."""


def standing_in(write: Writer) -> Writer:
    """Make the writer of a type, and of the operations that layers of the type stand for."""

    def write_as_stood(node: Node[Any], inplace: bool) -> CodePiece:
        stood: str = node.layer.stands_for
        if stood == ITSELF:
            return write(node, inplace)
        if stood == "slice":
            return CodePiece(
                "", call="{x}" + index_text(["", *map(_stride_text, node.layer.stride)])
            )
        if stood == "expand":
            return CodePiece("", call=f"{{x}}.expand{tuple_text((-1, -1, *node.output.extents))}")
        if stood in ("reflect", "replicate"):
            call = write(node, inplace).call
            return CodePiece("", call=f'{call[:-1]}, mode="{stood}")')
        return CodePiece("", call=CALLS[stood]) if stood in CALLS else write(node, inplace)

    return write_as_stood


def _stride_text(step: int) -> str:
    return "" if step == 1 else f"::{step}"
