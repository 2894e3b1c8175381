"""An activation with its numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from cnncost.shape import Shape

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
