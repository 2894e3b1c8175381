"""What is measured of a network: its counts, and the bytes that a budget limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnncost.costs.memory import DTYPES
from cnncost.costs.metrics import Metrics
from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.quantity import BUDGETS, BYTES, CHANGES, SCALED

METRICS = BUDGETS
"""What is counted of every network, in the order of the output."""

PARAMETERS, WEIGHTS = METRICS.index("parameters"), METRICS.index("weights")
"""Their places among the metrics."""

Measures = Mapping[str, int]
"""Each metric's value."""


@dataclass(frozen=True)
class Meter:
    """Which bytes are measured besides the counts, and of what."""

    bytes: tuple[str, ...] = ()
    batch: int = 1
    dtype: str = "fp32"
    optimizer: str = "sgd"

    @property
    def size(self) -> int:
        """Bytes of an element."""
        return DTYPES[self.dtype]

    def is_default(self, metric: str) -> bool:
        """Whether it measures this as a spec's own budget does: of batch 1, in fp32, by SGD."""
        changing = [option for option, changed in CHANGES.items() if metric in changed]
        return all(getattr(self, option) == getattr(Meter, option) for option in changing)

    @property
    def scale(self) -> str:
        """Of what the bytes are, in words; empty where none are measured that depend on it."""
        if not any(metric in SCALED for metric in self.bytes):
            return ""
        trained = f", {self.optimizer}" if "training_memory" in self.bytes else ""
        return f"batch {self.batch}, {self.dtype}{trained}"

    def metrics_of(self, network: Network) -> Metrics:
        """All figures of a network at this scale, each when it is asked for."""
        return Metrics(network, batch=self.batch, dtype=self.dtype, optimizer=self.optimizer)

    def measure(self, network: Network) -> dict[str, int]:
        """The counts of a network, then the bytes.

        Raises:
            CnncostError: the network does not train, and training_memory is measured.
        """
        metrics = self.metrics_of(network)
        return {metric: metrics.compute_figure(metric) for metric in (*METRICS, *self.bytes)}

    def measure_bytes(self, network: Network) -> dict[str, int]:
        """The bytes alone."""
        metrics = self.metrics_of(network)
        return {metric: metrics.compute_figure(metric) for metric in self.bytes}

    def refuse_unknown(self, network: Network) -> None:
        """Refuse bytes that are known to be at least so many, and no more than that.

        Raises:
            CnncostError: a layer's memory is unknown or not measured.
        """
        metrics = self.metrics_of(network)
        for metric in self.bytes:
            if not metrics.is_exact(metric):
                raise CnncostError(
                    f"{metric} of {network.name} is only a lower bound: no plan can be proved",
                    "the memory of one of its layers is unknown, or not measured",
                )


def sort_byte_metrics(metrics: Sequence[str]) -> tuple[str, ...]:
    """The bytes among some metrics, in the order of the output."""
    return tuple(metric for metric in BYTES if metric in metrics)
