"""Calibrate a device: measure bundled networks on this machine, fit its costs, and judge them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import CnncostError
from cnncost.timing.device import Device, FitRecord
from cnncost.timing.fitting import TimedRun, fit_costs, judge_ratios, leave_one_out
from cnncost.timing.time_columns import TERMS, count_layers, sum_column, times_paid
from cnncost.verify.stopwatch import Stopwatch

if TYPE_CHECKING:
    from cnncost.language import Spec

NETWORKS = (
    *("alexnet_torchvision", "convnext_tiny", "densenet121", "efficientnet_b0"),
    *("googlenet_torchvision", "mobilenet_v1", "mobilenet_v2", "resnet18", "resnet50"),
    *("shufflenet_v2", "squeezenet1_1", "vgg16"),
)
"""The bundled networks that are measured: plain, residual, depthwise, dense."""

FEWEST = 4
"""How many networks are needed: with fewer, leaving one out says little."""

FITTED_TERMS = (*("connections", "units", "further_units", "window_reads", "parameters", "layers"),)
"""The terms whose costs are fitted. Others did not help networks that were left out."""


class CalibrationRow(NamedTuple):
    """One network at one batch: its time, and what a fit without this network predicts."""

    network: str
    batch: int
    measured: float
    predicted: float


class Calibration(NamedTuple):
    """A device that was measured, and the networks that it was measured on."""

    device: Device
    rows: tuple[CalibrationRow, ...]


def measure_networks(
    specs: Mapping[str, Spec],
    batches: Sequence[int],
    watch: Stopwatch,
    tell: Callable[[str], None],
) -> list[tuple[int, TimedRun]]:
    """Measure every network at every batch; `tell` is called with what is measured next."""
    found = []
    for done, (name, spec) in enumerate(specs.items(), start=1):
        rows = count_layers(spec.network)
        if not all(row.known for row in rows):
            raise CnncostError(f"{name} has layers of unknown costs", "leave it out of --networks")
        sums = {term: sum_column(rows, term) for term in TERMS}
        for batch in batches:
            tell(f"{done} of {len(specs)}: {name} at batch {batch}")
            seconds = watch.measure_seconds(spec, batch)
            figures = {term: n * times_paid(term, batch) for term, n in sums.items()}
            found.append((batch, TimedRun(name, figures, seconds)))
    return found


def fit_device(
    name: str, watch: Stopwatch, measured: Sequence[tuple[int, TimedRun]], date: str
) -> Calibration:
    """Fit a device's costs to measured networks, and judge them by leaving each network out."""
    rows = [row for _, row in measured]
    ratios = leave_one_out(rows, FITTED_TERMS)
    error, interval = judge_ratios(ratios)
    batches = sorted({batch for batch, _ in measured})
    fitted = FitRecord(
        on="cnncost's bundled networks, " + ", ".join(dict.fromkeys(str(r.group) for r in rows)),
        networks=len({row.group for row in rows}),
        connections=_find_sizes(measured),
        median_error=error,
        interval=interval,
        source="cnncost calibrate, on the machine itself",
        date=date,
    )
    device = Device(
        name,
        watch.describe_machine(),
        watch.describe_software(),
        watch.dtype,
        (batches[0], batches[-1]),
        fit_costs(rows, FITTED_TERMS),
        fitted,
    )
    table = [
        CalibrationRow(str(row.group), batch, row.seconds, ratio * row.seconds)
        for (batch, row), ratio in zip(measured, ratios, strict=True)
    ]
    return Calibration(device, tuple(table))


def _find_sizes(measured: Sequence[tuple[int, TimedRun]]) -> tuple[int, int]:
    """Find the connections of the smallest and of the largest network, for one example."""
    sizes = [round(row.figures["connections"] / batch) for batch, row in measured]
    return min(sizes), max(sizes)
