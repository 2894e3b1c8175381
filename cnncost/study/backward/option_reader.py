"""The options of operators, as equations write them: `s=2,p=1:0,g=4`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.study.backward.scalar_formula import ScalarFormula

Dims = tuple[int, ...]


class WindowReading(NamedTuple):
    """A window along one axis, as options write it."""

    kernel: int
    stride: int
    before: int
    after: int
    dilation: int

    def place_of_tap(self, at: ScalarFormula, tap: ScalarFormula) -> ScalarFormula:
        """Return the position that a tap reads for the output at a position."""
        return at * self.stride + tap * self.dilation - self.before

    def place_of_reader(self, at: ScalarFormula, tap: ScalarFormula) -> ScalarFormula:
        """Return the output whose tap reads a position, if it is a whole number."""
        return (at + self.before - tap * self.dilation) / self.stride


def read_windows(options: str, axes: int, kernel: Sequence[int] = ()) -> list[WindowReading]:
    """Read the windows of `k=3,s=2x1,p=1:0,d=2`; a kernel that has weights says its own size."""
    given = dict(part.split("=") for part in options.split(",") if part)
    size = tuple(kernel) or read_numbers(given["k"], axes)
    strides, spread = (read_numbers(given.get(key, "1"), axes) for key in "sd")
    pads = read_pairs(given.get("p", "0"), axes)
    columns = zip(size, strides, pads, spread, strict=True)
    return [WindowReading(k, s, *pad, d) for k, s, pad, d in columns]


def read_groups(options: str) -> int:
    """Read the g of `s=2,g=4`; 1 if there is none."""
    given = dict(part.split("=") for part in options.split(",") if part)
    return int(given.get("g", "1"))


def read_numbers(text: str, axes: int) -> Dims:
    """Read one number for all axes, or one per axis."""
    numbers = tuple(map(int, text.split("x")))
    return numbers * axes if len(numbers) == 1 else numbers


def read_pairs(text: str, axes: int) -> list[tuple[int, int]]:
    """Read before and after, `1:2`, or `1` for both; for all axes or each."""
    parts = text.split("x")
    found = []
    for part in parts * axes if len(parts) == 1 else parts:
        before, _, after = part.partition(":")
        found.append((int(before), int(after or before)))
    return found
