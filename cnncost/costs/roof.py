"""Where layers stand under the roofline of a device; `cnncost.timing.roofline` places them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class PeakRates:
    """What a device can do at most."""

    macs: float
    """Multiply-accumulates a second, in the type that it runs."""
    bytes: float
    """Bytes a second from its memory."""
    source: str

    @property
    def ridge(self) -> float:
        """The intensity, in MACs a byte, from which on computing is the bound."""
        return self.macs / self.bytes


class RoofPoint(NamedTuple):
    """A layer, or several, under a device's roof."""

    macs: int
    """Multiply-accumulates of the whole batch."""
    bytes: int
    """Bytes that it reads and writes for the whole batch."""
    peak: PeakRates

    @property
    def intensity(self) -> float:
        """Multiply-accumulates a byte."""
        return self.macs / self.bytes

    @property
    def attainable(self) -> float:
        """Multiply-accumulates a second that the roof allows."""
        return min(self.peak.macs, self.intensity * self.peak.bytes)

    @property
    def share(self) -> float:
        """What the roof allows, as a share of the peak."""
        return self.attainable / self.peak.macs

    @property
    def bound(self) -> str:
        """What bounds it: compute or memory."""
        return "compute" if self.intensity >= self.peak.ridge else "memory"


class Roof(NamedTuple):
    """The roofline of a network on a device."""

    device: str
    """The device's name, and what it runs."""
    dtype: str
    batch: int
    peak: PeakRates
    points: tuple[RoofPoint | None, ...]
    """By node index; None for what multiplies nothing."""


def add_points(points: Sequence[RoofPoint | None]) -> RoofPoint | None:
    """Add up layers: all their multiply-accumulates over all their bytes."""
    found = [point for point in points if point is not None]
    if not found:
        return None
    macs, moved = sum(one.macs for one in found), sum(one.bytes for one in found)
    return RoofPoint(macs, moved, found[0].peak)
