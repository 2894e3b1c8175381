"""What each tap of a window sees of a map, and where it paints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

Index = tuple[int, ...]


class Windows(NamedTuple):
    """Windows along each axis: output o's tap t sees position o * stride + t * dilation -
    before."""

    kernel: Index
    stride: Index
    before: Index
    after: Index
    dilation: Index
    groups: int

    def taps(self) -> Iterator[Index]:
        """The taps' indices, the last axis fastest."""
        return product(*map(range, self.kernel))

    def margins(self, n: Sequence[int], y: Sequence[int]) -> list[int]:
        """Positions behind the end that the last windows see, axis by axis."""
        reach = zip(y, self.kernel, self.stride, self.before, self.dilation, n, strict=True)
        return [max(0, (o - 1) * s + (k - 1) * d - p - m + 1) for o, k, s, p, d, m in reach]

    def at(self, tap: Index, y: Sequence[int]) -> tuple[Any, ...]:  # Any: an ellipsis and slices
        """Where a tap sees, of the map with its margins, for `y` outputs an axis."""
        found = []
        for t, s, d, o in zip(tap, self.stride, self.dilation, y, strict=True):
            found.append(slice(t * d, t * d + (o - 1) * s + 1, s))
        return (..., *found)

    def seen(self, x: Tensor, y: Sequence[int], empty: float = 0.0) -> Iterator[Tensor]:
        """What each tap sees of the map x, for `y` outputs an axis."""
        padded = self.padded(x.shape, y, x.new_full((), empty))
        padded[self.inside(x.shape)] = x
        for tap in self.taps():
            yield padded[self.at(tap, y)]

    def padded(self, shape: Sequence[int], y: Sequence[int], fill: Tensor) -> Tensor:
        """A map of that shape with margins all around, filled."""
        n = shape[2:]
        margins = zip(self.before, n, self.margins(n, y), strict=True)
        extents = [p + m + a for p, m, a in margins]
        return fill.expand(*shape[:2], *extents).clone()

    def inside(self, shape: Sequence[int]) -> tuple[Any, ...]:  # Any: the same
        """The map itself within its margins."""
        spans = [slice(p, p + n) for p, n in zip(self.before, shape[2:], strict=True)]
        return (..., *spans)

    def painted(self, values: Iterator[Tensor], shape: Sequence[int]) -> Tensor:
        """A map of that shape onto which each tap has painted its value, all added up."""
        first = next(values)
        y = first.shape[2:]
        canvas = self.padded(shape, y, first.new_zeros(()))
        taps = self.taps()
        canvas[self.at(next(taps), y)] += first
        for tap, value in zip(taps, values, strict=True):
            canvas[self.at(tap, y)] += value
        return canvas[self.inside(shape)]


def windows(options: str, axes: int, kernel: Sequence[int] = ()) -> Windows:
    """The windows of `k=3,s=2x1,p=1:0,d=2,g=4`; a kernel that has weights says its own size."""
    given = dict(part.split("=") for part in options.split(",") if part)
    size = tuple(kernel) or _numbers(given["k"], axes)
    pads = pairs(given.get("p", "0"), axes)
    return Windows(
        size,
        _numbers(given.get("s", "1"), axes),
        tuple(before for before, _ in pads),
        tuple(after for _, after in pads),
        _numbers(given.get("d", "1"), axes),
        int(given.get("g", "1")),
    )


def _numbers(text: str, axes: int) -> Index:
    """One number for all axes, or one an axis."""
    numbers = tuple(map(int, text.split("x")))
    return numbers * axes if len(numbers) == 1 else numbers


def pairs(text: str, axes: int) -> list[tuple[int, int]]:
    """Before and after: `1:2`, or `1` for both, for all axes or each."""
    parts = text.split("x")
    found = []
    for part in parts * axes if len(parts) == 1 else parts:
        before, _, after = part.partition(":")
        found.append((int(before), int(after or before)))
    return found
