"""Write a layer in Keras code as one call, or several in a row, with its fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from cnncost.layers.sliding_window import Windowed
    from cnncost.network import Node
    from cnncost.shape import Window


class KerasCallStep(NamedTuple):
    """One call: a layer's class with its arguments, or an expression."""

    head: str
    """The class, `layers.Conv2D`; or, with a `{x}` in it, an expression of the input."""
    arguments: tuple[str, ...] = ()
    part: str = ""
    """The end of its name if a layer becomes several calls; the call without one learns."""
    twice: bool = False
    """Whether it is called with its input twice: as queries and values."""

    @property
    def has_written_class(self) -> bool:
        """Whether its class must stand in the written file."""
        return "." not in self.head


Piece = tuple[KerasCallStep, ...]
"""The calls of a layer, in order; exactly one of them has no `part`."""

Writer = Callable[["Node[Any]"], Piece]  # Any: each writer names its layer type
Writers = dict[str, Writer]
"""Writers by the layer type's word."""


def count_axes(node: Node) -> int:
    """Count the spatial axes of the first input."""
    return len(node.inputs[0].extents)


def node_windows(node: Node[Windowed]) -> tuple[Window, ...]:
    """Return the window along each axis, with its padding as numbers."""
    return node.layer.resolve_windows(node.inputs[0])


def write_tuple(values: tuple[int, ...]) -> str:
    """Write numbers as a tuple of Python."""
    inside = ", ".join(map(str, values))
    return f"({inside},)" if len(values) == 1 else f"({inside})"


def write_sizes(values: tuple[int, ...]) -> str:
    """Write one number if all are equal, else a tuple."""
    return str(values[0]) if len(set(values)) == 1 else write_tuple(values)


def write_pairs(values: tuple[tuple[int, int], ...]) -> str:
    """Write one pair per axis as Keras takes them: one number if all are equal; one axis has its
    pair."""
    if len({n for pair in values for n in pair}) == 1:
        return str(values[0][0])
    if len(values) == 1:
        return write_tuple(values[0])
    return f"({', '.join(map(write_tuple, values))})"


def write_options(**given: tuple[str, str]) -> tuple[str, ...]:
    """Write the keywords whose value differs from Keras' default."""
    return tuple(f"{name}={value}" for name, (value, usual) in given.items() if value != usual)


def keras_refusal(node: Node, why: str, hint: str = "") -> CnncostError:
    """Make the error for a layer that Keras cannot express."""
    return CnncostError(f"{node.name} cannot be written in Keras: {why}", hint)
