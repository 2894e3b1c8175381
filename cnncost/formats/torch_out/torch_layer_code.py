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


def get(node: Node, name: str) -> object:
    """A field of the node's layer."""
    return getattr(node.layer, name)


def axis_count(node: Node) -> int:
    """The spatial axes of what the node reads."""
    return len(node.inputs[0].extents)


def field(node: Node, name: str) -> str:
    """A field of several numbers, as `numbers` writes it."""
    return numbers(cast("tuple[int, ...]", get(node, name)))


def numbers(values: tuple[int, ...]) -> str:
    """One number where all agree, else a tuple."""
    if len(set(values)) == 1:
        return str(values[0])
    return f"({', '.join(map(str, values))})"


def listed(values: tuple[int, ...]) -> str:
    """A tuple, of one number too."""
    inside = ", ".join(map(str, values))
    return f"({inside},)" if len(values) == 1 else f"({inside})"


def keywords(**given: tuple[str, str]) -> tuple[str, ...]:
    """Keywords whose value differs from PyTorch's default."""
    return tuple(f"{name}={value}" for name, (value, usual) in given.items() if value != usual)


def called(call: str) -> Writer:
    """A layer without a module."""

    def write(node: Node, inplace: bool) -> CodePiece:
        return CodePiece("", call=call)

    return write
