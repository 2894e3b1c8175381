"""Metrics by name: the one module that turns a budget's word into a figure of a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from cnncost.costs.count import Report, Totals, count_network
from cnncost.costs.memory import Embedded, Memory, measure_embedded, measure_memory
from cnncost.costs.memory.embedded import find_types
from cnncost.costs.memory.memory_report import count_parameter_bytes, measure_inference
from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.quantity import BYTES, CHANGES, SCALED, counted_as


class Metrics:
    """A network's figures, each computed when it is first asked for."""

    def __init__(
        self, network: Network, *, batch: int = 1, dtype: str = "fp32", optimizer: str = "sgd"
    ) -> None:
        self.network = network
        self.scale = (batch, dtype, optimizer)

    def compute_figure(self, metric: str) -> int:
        """Compute the figure of one of the words that `quantity.budget_metric` knows.

        Raises:
            CnncostError: the network does not train, and the metric is its training's.
        """
        if metric in _BYTES:
            return _BYTES[metric](self)
        return find_total(self.counts.totals, metric)

    def is_exact(self, metric: str) -> bool:
        """Whether the figure is exact. If not, it is a lower bound."""
        return self.memory.complete if metric in _ACTIVATIONS else self.counts.complete

    def describe_scale(self, metric: str) -> str:
        """Describe what a metric's bytes refer to, as in `batch 8, fp16`; empty for a count."""
        if metric in BYTES and metric not in SCALED:
            return find_types(self.network).title
        batch, dtype, optimizer = self.scale
        said = {"batch": f"batch {batch}", "dtype": dtype, "optimizer": optimizer}
        return ", ".join(said[option] for option in CHANGES if metric in CHANGES[option])

    @cached_property
    def counts(self) -> Report:
        return count_network(self.network)

    @cached_property
    def memory(self) -> Memory:
        batch, dtype, optimizer = self.scale
        return measure_memory(self.network, batch=batch, dtype=dtype, optimizer=optimizer)

    @cached_property
    def inference_bytes(self) -> int:
        """The activations alone, which a search asks for thousands of times."""
        batch, dtype, _ = self.scale
        return measure_inference(self.network, batch=batch, dtype=dtype).bytes

    @cached_property
    def parameter_bytes(self) -> int:
        return count_parameter_bytes(self.network, self.scale[1])

    @cached_property
    def embedded(self) -> Embedded:
        return measure_embedded(self.network)


def find_total(totals: Totals, word: str) -> int:
    """Find a count's total by its word; macs and flops are words too."""
    metric, times = counted_as(word)
    return times * int(getattr(totals, metric))


def _read_training_bytes(metrics: Metrics) -> int:
    if metrics.memory.training is None:
        raise CnncostError(
            f"{metrics.network.name} does not train: no training_memory",
            "int8 does not train, nor does a network without trainable parameters",
        )
    return metrics.memory.training.bytes


_ACTIVATIONS = ("activation_memory", "memory", "training_memory")
"""The metrics that also depend on how PyTorch runs each layer."""

_BYTES: dict[str, Callable[[Metrics], int]] = {
    "parameter_memory": lambda metrics: metrics.parameter_bytes,
    "activation_memory": lambda metrics: metrics.inference_bytes,
    "memory": lambda metrics: metrics.parameter_bytes + metrics.inference_bytes,
    "training_memory": _read_training_bytes,
    "sram": lambda metrics: metrics.embedded.sram,
    "flash": lambda metrics: metrics.embedded.flash,
}
