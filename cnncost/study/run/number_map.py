"""An activation with its numbers, and the windows that a layer slides over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.language.carried_values import Carried
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


def evaluate_convolution(node: Node[Windowed], carried: Carried, reads: list[Map]) -> Map:
    """Each filter's weights times the taps of its group's channels, and its bias."""
    (x,) = reads
    channels = x.split_channels()
    filters = len(carried.weights)
    taps = _count_taps(node)
    seen = len(carried.weights[0]) // taps  # channels that a filter sees
    groups = x.shape.channels // seen
    bias = carried.bias or (0,) * filters
    places = list(_list_taps(node))
    numbers: list[Number] = []
    for at, (row, start) in enumerate(zip(carried.weights, bias, strict=True)):
        first = at * groups // filters * seen
        for place in places:
            total: Number = start
            for channel in range(seen):
                values = channels[first + channel]
                weights = row[channel * taps : (channel + 1) * taps]
                for weight, position in zip(weights, place, strict=True):
                    if position is not None:
                        total += weight * values[position]
            numbers.append(total)
    return Map(node.output, tuple(numbers))


def pooling_rule(of: Callable[[list[Number]], Number]) -> Callable[..., Map]:
    """Make the rule of a pool: the largest or mean of each window; means count padding's zeros."""

    def rule(node: Node[Windowed], reads: list[Map]) -> Map:
        places = list(_list_taps(node))
        numbers: list[Number] = []
        for values in reads[0].split_channels():
            for place in places:
                inside = [values[position] for position in place if position is not None]
                # Padding never wins a maximum; PyTorch's means count it.
                zeros = 0 if of is max else len(place) - len(inside)
                numbers.append(of([*inside, *[0] * zeros]))
        return Map(node.output, tuple(numbers))

    return rule


def _count_taps(node: Node[Windowed]) -> int:
    taps = 1
    for size in node.layer.kernel:
        taps *= size
    return taps


def _list_taps(node: Node[Windowed]) -> Iterator[Taps]:
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
