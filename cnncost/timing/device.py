"""A device: what each figure of a layer costs there, how sure that is, and the device's peaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnncost.costs.roof import PeakRates


@dataclass(frozen=True)
class FitRecord:
    """What a device's costs were fitted on, and how well they held on other networks."""

    on: str = ""
    """The networks, in words."""
    networks: int = 0
    """How many; 0 where the file does not say."""
    kept_out: int = 0
    """How many networks judged that were not fitted on; 0 for leaving one out at a time."""
    connections: tuple[int, int] | None = None
    """Those of the smallest and of the largest network."""
    median_error: float | None = None
    """The median of |predicted / measured - 1| on networks that were kept out."""
    interval: tuple[float, float] | None = None
    """The 5th and 95th percentile of measured / predicted on them."""
    source: str = ""
    date: str = ""


@dataclass(frozen=True)
class Device:
    """A device with the software that it runs, as its file describes both."""

    name: str
    """The file's name without its ending."""
    title: str
    """What it is, in words."""
    runs: str
    """The software, the number type, the layout."""
    dtype: str
    batches: tuple[int, int]
    """The least and the most examples of the runs that its costs were measured on."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Seconds of one of each figure, by a word of `time_columns.TERMS`."""
    fitted: FitRecord = FitRecord()
    peak: PeakRates | None = None
    notes: str = ""

    @property
    def label(self) -> str:
        """The device and what it runs, for people."""
        return f"{self.title} ({self.runs})"
