"""Padding in code: what a module does itself, and what is done before and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.formats.torch_out.torch_layer_code import numbers_text
from cnncost.layers.windowed import Windowed

if TYPE_CHECKING:
    from cnncost.network import Node


def padding_ends(node: Node) -> tuple[tuple[int, int], ...]:
    """Padding before and after, an axis."""
    windows = cast("Windowed", node.layer).resolve_windows(node.inputs[0])
    return tuple((window.before, window.after) for window in windows)


def split_padding(node: Node) -> tuple[str, str]:
    """The padding that a module can do, and the call's input, padded where it can't."""
    pads = padding_ends(node)
    if all(before == after for before, after in pads):
        return numbers_text(tuple(before for before, _ in pads)), "{x}"
    return "0", pad_input(pads)


def pad_input(pads: tuple[tuple[int, int], ...], value: str = "") -> str:
    """The call's input, padded by so much before and after each axis."""
    flat = ", ".join(f"{a}, {b}" for a, b in reversed(pads))
    return f"F.pad({{x}}, ({flat}){value})"


def slice_text(before: int, after: int) -> str:
    """A slice that leaves so much out at each end."""
    return f"{before or ''}:{-after if after else ''}"


def index_text(spans: list[str]) -> str:
    """Indices of a tensor, the batch in front."""
    return f"[:, {', '.join(span or ':' for span in spans)}]"
