"""A board: a microcontroller's memory, core, clock and power, and the time of a network on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnncost.timing.device import Device, FitRecord
from cnncost.timing.engines import (
    CORES,
    CYCLES,
    INTERVAL,
    MEDIAN_ERROR,
    SOURCE,
    UNIT,
    WEIGHT,
    EngineCycles,
    choose_engines,
)


@dataclass(frozen=True)
class Board:
    """A board as its file describes it; what is None is not known."""

    name: str
    """The file's name without its ending."""
    title: str
    """What it is, in words."""
    core: str = ""
    """A word of `engines.CORES`, or another core's."""
    clock: float | None = None
    """Cycles per second."""
    sram: int | None = None
    """Bytes."""
    flash: int | None = None
    """Bytes."""
    milliwatts: tuple[float, float] | None = None
    """The least and the most power while it computes."""
    power_source: str = ""
    engines: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Cycles per connection of engines on this very board, besides those known for its core."""
    source: str = ""
    notes: str = ""

    @property
    def core_title(self) -> str:
        return CORES.get(self.core, self.core)

    @property
    def known_engines(self) -> dict[str, tuple[float, float]]:
        """The engines whose cycles are known here: the file's own, else the core's."""
        return {**CYCLES.get(self.core, {}), **self.engines}

    def choose_cycles(self, engine: str = "") -> EngineCycles | None:
        """Choose what an engine takes per connection; a range over all if none is named. None if
        nothing is known of it here."""
        return choose_engines(self.known_engines, engine)

    def make_device(self, engine: str = "") -> Device | None:
        """Make the device that times are estimated for; None if clock or cycles are not known."""
        cycles = self.choose_cycles(engine)
        if cycles is None or self.clock is None:
            return None
        middle = cycles.middle
        costs = {"connections": middle, "units": UNIT * middle, "weights": WEIGHT * middle}
        ends = (cycles.least / middle * INTERVAL[0], cycles.most / middle * INTERVAL[1])
        error = MEDIAN_ERROR if engine else None  # nobody knows which engine it will be
        record = FitRecord("MLPerf Tiny's four", 4, 0, None, error, ends, SOURCE)
        runs = ", ".join(cycles.names)
        if not engine:
            runs = f"any of {len(cycles.names)} engines, {ends[0]:.2f} to {ends[1]:.2f} of that"
        return Device(
            self.name,
            self.title,
            f"{runs}; int8",
            "int8",
            (1, 1),
            {term: cost / self.clock for term, cost in costs.items()},
            record,
        )
