"""An activation with its numbers, and the windows that a layer slides over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.layers.convolution import ConvTranspose
    from cnncost.layers.pooling import AdaptivePooling
    from cnncost.layers.sliding_window import Windowed
    from cnncost.network import Node
    from cnncost.shape import Window


Number = int | Fraction | float
"""An exact number, until a function such as tanh makes it a float."""

Tensors = Mapping[str, tuple[Number, ...]]
"""The numbers that a layer carries, in PyTorch's layout, by PyTorch's names."""


class Map(NamedTuple):
    """One activation; its numbers stand channel by channel, and row by row within a channel."""

    shape: Shape
    numbers: tuple[Number, ...]

    def split_channels(self) -> list[tuple[Number, ...]]:
        """Return the numbers of each channel."""
        return split_rows(self.numbers, self.shape.positions)

    def split_columns(self) -> list[tuple[Number, ...]]:
        """Return the numbers of each position, one per channel."""
        return list(zip(*self.split_channels(), strict=True))


def map_of_columns(shape: Shape, columns: Sequence[Sequence[Number]]) -> Map:
    """Make a map from the numbers of each position, one per channel."""
    channels = zip(*columns, strict=True)
    return Map(shape, tuple(number for channel in channels for number in channel))


def split_rows(numbers: tuple[Number, ...], size: int) -> list[tuple[Number, ...]]:
    """Split the numbers of a tensor into rows of one size."""
    return [numbers[at : at + size] for at in range(0, len(numbers), size)]


def list_places(extents: Sequence[int]) -> list[tuple[int, ...]]:
    """List the positions of a map in their order, row by row."""
    return list(product(*map(range, extents)))


def flat_index(place: Sequence[int], extents: Sequence[int]) -> int:
    """Return the number of a position, counted row by row."""
    found = 0
    for at, n in zip(place, extents, strict=True):
        found = found * n + at
    return found


Taps = list[int | None]
"""The position that each tap of a window reads, row by row; None on padding."""


def list_windows(
    node: Node[Any],  # Any: windows of several families
    x: Map,
    *,
    zeros: bool,
) -> Iterator[list[Number]]:
    """List the numbers that each unit's window sees, with the padding's zeros or without."""
    places = list(TAPS.get(node.layer.word, list_taps)(node))
    for values in x.split_channels():
        for place in places:
            inside = [values[position] for position in place if position is not None]
            yield [*inside, *[0] * (len(place) - len(inside))] if zeros else inside


def count_taps(node: Node[Windowed]) -> int:
    """Count the taps of a window."""
    return prod(node.layer.kernel)


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
        yield [_inner_index(tap, x) for tap in product(*rows)]


def _axis_taps(window: Window, n: int, start: int) -> Iterator[int]:
    """List the places that a window's taps read along one axis; outside 0..n-1 lies padding."""
    for tap in range(window.kernel):
        at = start * window.stride + tap * window.dilation - window.before
        if at < n + window.after:
            yield at


def _inner_index(tap: tuple[int, ...], x: Shape) -> int | None:
    """Return the index of a tap in a channel's numbers; None on padding."""
    inside = all(0 <= at < n for at, n in zip(tap, x.extents, strict=True))
    return flat_index(tap, x.extents) if inside else None


def list_cells(node: Node[AdaptivePooling]) -> Iterator[Taps]:
    """List the positions of each window of an adaptive pool: from floor(i n / m) to
    ceil((i + 1) n / m) for output i of m (PyTorch's rule)."""
    (x,) = node.inputs
    along = [
        [range(at * n // m, -(-(at + 1) * n // m)) for at in range(m)]
        for n, m in zip(x.extents, node.output.extents, strict=True)
    ]
    for rows in product(*along):
        yield [flat_index(place, x.extents) for place in product(*rows)]


TAPS: dict[str, Callable[[Node[Any]], Iterator[Taps]]] = {  # Any: as above
    "adaptive_avgpool": list_cells,
    "adaptive_maxpool": list_cells,
}
"""How the layer types whose windows have no fixed extents place them."""


def list_painters(node: Node[ConvTranspose]) -> list[list[tuple[int, int]]]:
    """List, for each output position of a transposed convolution, the input positions that paint
    it, each with its tap: input i paints output i x stride + tap x dilation - cropped."""
    (x,), y = node.inputs, node.output
    windows = node.layer.resolve_windows(x)
    found: list[list[tuple[int, int]]] = [[] for _ in range(y.positions)]
    taps = list_places([window.kernel for window in windows])
    for position, place in enumerate(list_places(x.extents)):
        for tap, steps in enumerate(taps):
            painted = [
                at * window.stride + step * window.dilation - window.before
                for at, step, window in zip(place, steps, windows, strict=True)
            ]
            if all(0 <= at < n for at, n in zip(painted, y.extents, strict=True)):
                found[flat_index(painted, y.extents)].append((position, tap))
    return found
