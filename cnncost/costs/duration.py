"""How long a network takes on a device, as an estimate states it; `cnncost.timing` makes it."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

PER_SECOND = 10**12
"""Durations are whole picoseconds, so that the rows of a table add up to its total exactly."""


class NetworkTime(NamedTuple):
    """The estimated time of one run of a network in inference, with a 90 % interval."""

    device: str
    """The device's name, and what it runs."""
    layers: tuple[int, ...]
    """Picoseconds by node index; an input takes none."""
    overhead: int
    """Picoseconds of a run that belong to no layer."""
    ratios: tuple[float, float]
    """The ends of the interval, as shares of the estimate."""
    batch: int | None
    """Examples in the run; None for one example's share of a batch as the device was measured."""
    least_batch: int = 1
    """The least batch of the runs that the device was measured with."""
    basis: str = ""
    """How well the device's estimates held, in words."""
    complete: bool = True
    """Whether all costs are known, and neither network nor batch are smaller than those that the
    device was measured with. If not, the estimate is a lower bound."""
    remarks: tuple[str, ...] = ()
    """What a reader of the estimate must know."""

    @property
    def picoseconds(self) -> int:
        """The time of the whole run."""
        return sum(self.layers) + self.overhead

    @property
    def seconds(self) -> float:
        """The time of the whole run."""
        return self.picoseconds / PER_SECOND

    @property
    def low(self) -> float:
        """The lower end of the 90 % interval, in seconds; 0 if there is no interval."""
        return self.seconds * self.ratios[0]

    @property
    def high(self) -> float:
        """The upper end of the 90 % interval, in seconds; infinite if there is none: for a lower
        bound, and for a run unlike those that the device was measured with."""
        return self.seconds * self.ratios[1] if self.complete else inf
