"""What is measured of a network: its counts, and the time and the bytes that a budget limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnncost.costs.memory import DTYPES
from cnncost.costs.memory.traits import find_traits
from cnncost.costs.metrics import Metrics
from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.quantity import BUDGETS, BYTES, CHANGES, SCALED, TIME

if TYPE_CHECKING:
    from cnncost.costs import LayerCount
    from cnncost.timing import LayerTimer

METRICS = BUDGETS
"""What is counted of every network, in the order of the output."""

PARAMETERS, WEIGHTS = METRICS.index("parameters"), METRICS.index("weights")
"""Their places among the metrics."""

Measures = Mapping[str, int]
"""Each metric's value."""


@dataclass(frozen=True)
class Meter:
    """What is measured besides the counts: the time on a device, bytes, and of what."""

    bytes: tuple[str, ...] = ()
    batch: int = 1
    dtype: str = "fp32"
    optimizer: str = "sgd"
    timer: LayerTimer | None = None
    """What times layers on a device, where a budget limits time."""

    @property
    def tabled(self) -> tuple[str, ...]:
        """The metrics that cost tables hold, each a sum over layers: counts, and time if it is
        measured."""
        return METRICS if self.timer is None else (*METRICS, TIME)

    @property
    def base_costs(self) -> tuple[int, ...]:
        """What a network costs besides its layers, in the order of `tabled`."""
        return tuple([self.timer.overhead if m == TIME and self.timer else 0 for m in self.tabled])

    def count_row(self, row: LayerCount) -> tuple[int, ...]:
        """Return what a layer costs, in the order of `tabled`."""
        times = [] if self.timer is None else [self.timer.time_layer(row)]
        return (*(getattr(row, metric) for metric in METRICS), *times)

    @property
    def looks_at_all(self) -> bool:
        """Whether layers without weights cost something as well, as every tensor takes bytes."""
        return bool(self.bytes) or self.timer is not None

    @property
    def size(self) -> int:
        """Bytes of an element."""
        return DTYPES[self.dtype]

    def is_default(self, metric: str) -> bool:
        """Whether it measures this as a spec's own budget does, which holds no time: of batch 1,
        in fp32, by SGD."""
        if metric == TIME:
            return False
        changing = [option for option, changed in CHANGES.items() if metric in changed]
        return all(getattr(self, option) == getattr(Meter, option) for option in changing)

    @property
    def scale(self) -> str:
        """Of what the bytes are, in words; empty where none are measured that depend on it."""
        if not any(metric in SCALED for metric in self.bytes):
            return ""
        trained = f", {self.optimizer}" if "training_memory" in self.bytes else ""
        return f"batch {self.batch}, {self.dtype}{trained}"

    @property
    def time_scale(self) -> str:
        """Of what the time is, in words; empty where none is measured."""
        if self.timer is None:
            return ""
        batch = "" if self.timer.batch is None else f"batch {self.timer.batch} "
        return f"{batch}on {self.timer.device.label}"

    def metrics_of(self, network: Network) -> Metrics:
        """All figures of a network at this scale, each when it is asked for."""
        return Metrics(network, batch=self.batch, dtype=self.dtype, optimizer=self.optimizer)

    def measure(self, network: Network) -> dict[str, int]:
        """The counts of a network, its time, then the bytes.

        Raises:
            CnncostError: the network does not train, and training_memory is measured.
        """
        metrics = self.metrics_of(network)
        found = {metric: metrics.compute_figure(metric) for metric in METRICS}
        if self.timer is not None:
            found[TIME] = self.timer.time_layers(metrics.counts.layers)
        return found | {metric: metrics.compute_figure(metric) for metric in self.bytes}

    def measure_bytes(self, network: Network) -> dict[str, int]:
        """The bytes alone."""
        metrics = self.metrics_of(network)
        return {metric: metrics.compute_figure(metric) for metric in self.bytes}

    def refuse_unknown(self, network: Network) -> None:
        """Refuse bytes and time that are known to be at least so much, and no more than that.

        Raises:
            CnncostError: a layer's memory is unknown or not measured, or the device's costs do not
                hold for such a run.
        """
        self._refuse_short(network)
        metrics = self.metrics_of(network)
        for metric in self.bytes:
            if not metrics.is_exact(metric):
                nodes = [node for node in network.layers if not find_traits(node).measured]
                firsts = {node.layer.word: node.name for node in reversed(nodes)}
                named = ", ".join(f"{name} ({word})" for word, name in reversed(firsts.items()))
                raise CnncostError(
                    f"{metric} of {network.name} is only a lower bound: no plan can be proved",
                    f"the memory of {named} is unknown, or not measured",
                )

    def _refuse_short(self, network: Network) -> None:
        """Refuse a time that is only a lower bound.

        Raises:
            CnncostError: it is one.
        """
        found = None if self.timer is None else self.timer.estimate(network)
        if found is not None and not found.complete:
            raise CnncostError(
                f"time of {network.name} is only a lower bound: no plan can be proved",
                " ".join(found.remarks),
            )


def sort_byte_metrics(metrics: Sequence[str]) -> tuple[str, ...]:
    """The bytes among some metrics, in the order of the output."""
    return tuple(metric for metric in BYTES if metric in metrics)
