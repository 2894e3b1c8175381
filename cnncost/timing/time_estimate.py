"""Estimate the time of a network on a device: a sum over layers, linear in their figures."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from cnncost.costs.duration import PER_SECOND, NetworkTime
from cnncost.quantity import format_count
from cnncost.timing.device import Device
from cnncost.timing.time_columns import COLUMNS, RUN, count_layers, times_paid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncost.costs import LayerCount
    from cnncost.network import Network

UNFITTED = ("attention", "locally_connected", "matmul", "lstm", "gru", "rnn", "embedding")
"""Layer types that no network of the published fits has."""


def estimate_time(network: Network, device: Device, batch: int | None = None) -> NetworkTime:
    """Estimate the time of one run of a network in inference.

    A layer's figures cost what the device's file says. Each is paid as often as its column says
    (`time_columns`): once per example, as connections are, or once per run, as reading weights is:

        time(layer) = sum of cost_i x figure_i x paid_i(batch)

    Args:
        batch: examples in the run. If it is left out, the time is that of one example in runs of
            the least batch that the device was measured with: all of a run's time at batch 1.
    """
    rows = count_layers(network)
    timer = LayerTimer(device, batch)
    layers = [0] * len(network.nodes)
    for row in rows:
        layers[row.node.index] = timer.time_layer(row)
    return NetworkTime(
        device.label,
        tuple(layers),
        timer.overhead,
        _choose_ratios(rows, device, batch),
        batch,
        device.batches[0],
        _describe_basis(device),
        _is_exact(rows, device, batch),
        _list_remarks(rows, device, batch),
    )


class LayerTimer:
    """Times one layer after another on a device, in whole picoseconds."""

    def __init__(self, device: Device, batch: int | None = None) -> None:
        self.device, self.batch = device, batch
        self._costs = _list_costs(device, batch)
        self.overhead = round(self._costs.pop(RUN, 0.0))
        """What a run takes besides its layers."""

    @property
    def least_connections(self) -> int:
        """Networks of fewer connections take longer than what is estimated for them: 0 where the
        device's costs hold for all."""
        sizes = self.device.fitted.connections
        return 0 if sizes is None or has_overheads(self.device) else sizes[0]

    def time_layer(self, row: LayerCount) -> int:
        """Return the picoseconds of one layer in the run, or in an example's share of it."""
        return round(sum(cost * COLUMNS[term].amount(row) for term, cost in self._costs.items()))

    def time_layers(self, rows: Iterable[LayerCount]) -> int:
        """Return the picoseconds of a run of all these layers."""
        return self.overhead + sum(map(self.time_layer, rows))

    def estimate(self, network: Network) -> NetworkTime:
        """Estimate the time of a network, with what there is to say of it."""
        return estimate_time(network, self.device, self.batch)


def has_overheads(device: Device) -> bool:
    """Whether some of a device's costs are paid per run, whatever its batch."""
    return any(times_paid(term, 1) == times_paid(term, 2) for term in device.seconds)


def _is_exact(rows: tuple[LayerCount, ...], device: Device, batch: int | None) -> bool:
    """Whether a time is more than a lower bound. A run of less work than those that a device was
    measured with takes longer than its work alone would, if no cost of the device's is paid per
    run: what a run or a layer costs besides shows."""
    if not all(row.known for row in rows):
        return False
    return has_overheads(device) or not (_is_small(rows, device) or _is_small_batch(device, batch))


def _is_small(rows: tuple[LayerCount, ...], device: Device) -> bool:
    """Whether a network is smaller than any that the device was measured with."""
    sizes = device.fitted.connections
    return sizes is not None and sum(row.connections for row in rows) < sizes[0]


def _is_small_batch(device: Device, batch: int | None) -> bool:
    return batch is not None and batch < device.batches[0]


def _choose_ratios(
    rows: tuple[LayerCount, ...], device: Device, batch: int | None
) -> tuple[float, float]:
    """Choose the ends of the interval: the device's, for a run such as it was measured with."""
    alike = batch is None or device.batches[0] <= batch <= device.batches[1]
    if device.fitted.interval is None or _is_small(rows, device) or not alike:
        return 0.0, inf
    return device.fitted.interval


def _describe_basis(device: Device) -> str:
    """Say how well the device's estimates held on networks that they were not fitted on."""
    fitted = device.fitted
    if fitted.median_error is None:
        return ""
    judged = (
        f"{fitted.kept_out:,} networks kept out"
        if fitted.kept_out
        else f"{fitted.networks:,} networks, each left out in turn"
    )
    return f"median error {100 * fitted.median_error:.0f} % on {judged}"


def _list_costs(device: Device, batch: int | None) -> dict[str, float]:
    """List the picoseconds that one of each figure takes in the run, or in an example's share."""
    examples, part = (device.batches[0],) * 2 if batch is None else (batch, 1)
    return {
        term: PER_SECOND * seconds * times_paid(term, examples) / part
        for term, seconds in device.seconds.items()
    }


def _list_remarks(
    rows: tuple[LayerCount, ...], device: Device, batch: int | None
) -> tuple[str, ...]:
    said = []
    least, most = device.batches
    if batch is not None and not least <= batch <= most:
        span = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        said.append(f"{device.name} was measured at batch {span}, not at {batch:,}.")
    if _is_small(rows, device):
        said.append(f"It is smaller than any network that {device.name} was measured with.")
    if device.fitted.interval is None:
        said.append(f"How sure that is, {device.name} does not say.")
    words = sorted({row.word for row in rows} & set(UNFITTED))
    if words:
        said.append(f"{device.name} was fitted on convolutional networks, without {words[0]}.")
    unknown = sum(not row.known for row in rows)
    if unknown:
        said.append(f"{format_count(unknown, 'layer')} of unknown costs: at least that time.")
    return tuple(said)
