"""An activation with its numbers, and the windows that a layer slides over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.layers.sliding_window import Windowed
    from cnncost.network import Node
    from cnncost.shape import Window


Number = int | Fraction | float
"""An exact number, until a function such as tanh makes it a float."""


class Map(NamedTuple):
    """One activation; its numbers stand channel by channel, and row by row within a channel."""

    shape: Shape
    numbers: tuple[Number, ...]

    def split_channels(self) -> list[tuple[Number, ...]]:
        """Return the numbers of each channel."""
        size = self.shape.positions
        return [self.numbers[at : at + size] for at in range(0, len(self.numbers), size)]

    def split_columns(self) -> list[tuple[Number, ...]]:
        """Return the numbers of each position, one per channel."""
        return list(zip(*self.split_channels(), strict=True))


def map_of_columns(shape: Shape, columns: list[list[Number]]) -> Map:
    """Make a map from the numbers of each position, one per channel."""
    channels = zip(*columns, strict=True)
    return Map(shape, tuple(number for channel in channels for number in channel))


Taps = list[int | None]
"""The position that each tap of a window reads, row by row; None on padding."""


def pooling_rule(of: Callable[[list[Number]], Number]) -> Callable[..., Map]:
    """Make the rule of a pool: the largest or mean of each window; means count padding's zeros."""

    def rule(node: Node[Windowed], reads: list[Map]) -> Map:
        # Padding never wins a maximum; PyTorch's means count it.
        windows = list_windows(node, reads[0], zeros=of is not max)
        return Map(node.output, tuple(map(of, windows)))

    return rule


def list_windows(node: Node[Windowed], x: Map, *, zeros: bool) -> Iterator[list[Number]]:
    """List the numbers that each unit's window sees, with the padding's zeros or without."""
    places = list(list_taps(node))
    for values in x.split_channels():
        for place in places:
            inside = [values[position] for position in place if position is not None]
            yield [*inside, *[0] * (len(place) - len(inside))] if zeros else inside


def count_taps(node: Node[Windowed]) -> int:
    """Count the taps of a window."""
    taps = 1
    for size in node.layer.kernel:
        taps *= size
    return taps


def list_taps(node: Node[Windowed]) -> Iterator[Taps]:
    """List the taps of the window at each output position.

    A window that hangs over the padding's end (pooling in ceil mode) has fewer.
    """
    (x,) = node.inputs
    axes = node.layer.resolve_windows(x)
    along = [
        [list(_axis_taps(window, n, start)) for start in range(y)]
        for window, n, y in zip(axes, x.extents, node.output.extents, strict=True)
    ]
    for rows in product(*along):
        yield [_flat_position(tap, x) for tap in product(*rows)]


def _axis_taps(window: Window, n: int, start: int) -> Iterator[int]:
    """List the places that a window's taps read along one axis; outside 0..n-1 lies padding."""
    for tap in range(window.kernel):
        at = start * window.stride + tap * window.dilation - window.before
        if at < n + window.after:
            yield at


def _flat_position(tap: tuple[int, ...], x: Shape) -> int | None:
    """Return the index of a tap in a channel's numbers; None on padding."""
    place = 0
    for at, n in zip(tap, x.extents, strict=True):
        if not 0 <= at < n:
            return None
        place = place * n + at
    return place
