"""The columns of a table that need a device: times, and places under a roofline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cnncost.costs import Report
from cnncost.costs.rows import Row
from cnncost.views.amounts import Duration, Thousandths, UnknownAmount, Value, at_least
from cnncost.views.table_column import Column

if TYPE_CHECKING:
    from cnncost.costs.roof import RoofPoint


def _read_time(row: Row) -> Value:
    if row.time is None or (not row.listed and not row.time):
        return None
    if not row.unknown:
        return Duration(row.time)
    return UnknownAmount(0) if row.layer is not None else at_least(Duration(row.time))


def _total_time(report: Report) -> int:
    assert report.time is not None  # it is estimated for this column
    found = Duration(report.time.picoseconds)
    return found if report.time.complete else at_least(found)


def _roof_of(read: Callable[[RoofPoint], Value]) -> Callable[[Row], Value]:
    """Make a reader of where the row stands under the roof; empty if it multiplies nothing."""
    return lambda row: None if row.roof is None else read(row.roof)


DEVICE_COLUMNS = (
    Column("time", "seconds on --device, estimated", _read_time, _total_time),
    Column(
        "intensity",
        "connections a byte of input, output and parameters, on --device",
        _roof_of(lambda point: Thousandths(round(1000 * point.intensity))),
        right=True,
    ),
    Column("bound", "what bounds it on --device", _roof_of(lambda point: point.bound)),
    Column(
        "peak_percent",
        "how much of the device's peak its intensity allows",
        _roof_of(lambda point: Thousandths(round(100_000 * point.share))),
        right=True,
    ),
)
"""All of them, in order."""
