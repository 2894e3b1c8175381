"""A layer in code, and how its numbers are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from cnncost.network import Node


class CodePiece(NamedTuple):
    """A layer in code: the module that holds what it learns or does, and its use.

    In `call` `{m}` stands for the module, `{x}` for the (first) input, `{xs}` for all.
    """

    module: str
    """A class, `nn.Conv2d`; empty for what is called on the spot."""
    arguments: tuple[str, ...] = ()
    call: str = "{m}({x})"
    extra: str = ""
    """The name of the class of `modules` that must stand in the file."""


Writer = Callable[["Node", bool], CodePiece]
"""From a node, and whether it works in place."""


def field_value(node: Node, name: str) -> object:
    """A field of the node's layer."""
    return getattr(node.layer, name)


def axis_count(node: Node) -> int:
    """The spatial axes of what the node reads."""
    return len(node.inputs[0].extents)


def field_text(node: Node, name: str) -> str:
    """A field of several numbers, as `numbers_text` writes it."""
    return numbers_text(cast("tuple[int, ...]", field_value(node, name)))


def numbers_text(values: tuple[int, ...]) -> str:
    """One number where all agree, else a tuple."""
    if len(set(values)) == 1:
        return str(values[0])
    return f"({', '.join(map(str, values))})"


def tuple_text(values: tuple[int, ...]) -> str:
    """A tuple, of one number too."""
    inside = ", ".join(map(str, values))
    return f"({inside},)" if len(values) == 1 else f"({inside})"


def write_keywords(**given: tuple[str, str]) -> tuple[str, ...]:
    """Keywords whose value differs from PyTorch's default."""
    return tuple(f"{name}={value}" for name, (value, usual) in given.items() if value != usual)


def call_writer(call: str) -> Writer:
    """A layer without a module."""

    def write_call(node: Node, inplace: bool) -> CodePiece:
        return CodePiece("", call=call)

    return write_call
