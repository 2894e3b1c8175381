"""Each layer's share of memory and of the backward pass, for a table's further columns."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.costs.gradients import backward_connections
from cnncost.costs.memory import Embedded, Memory, measure_embedded, measure_memory
from cnncost.costs.memory.memory_report import DTYPES, trace_timeline
from cnncost.network import Input, Network, Node


class Footprint(NamedTuple):
    """One layer's share: bytes for the whole batch, connections for one example."""

    parameter_bytes: int
    """Bytes of its own parameters; 0 if it uses another layer's."""
    output_bytes: int
    live_bytes: int
    """Bytes alive while it runs in inference, when each output is freed after its last use."""
    saved_bytes: int
    """Bytes that it keeps for the backward pass and that no layer before it keeps."""
    backward_weights: int
    """Connections of the gradient of its weights."""
    backward_input: int
    """Connections of the gradient of its input."""

    @property
    def backward_connections(self) -> int:
        """Connections of both gradients."""
        return self.backward_weights + self.backward_input

    @staticmethod
    def add_parts(parts: list[Footprint]) -> Footprint:
        """Add up several layers' shares; of live bytes the result has the largest."""
        sums = [sum(column) for column in zip(*parts, strict=True)]
        return Footprint(*sums)._replace(live_bytes=max(part.live_bytes for part in parts))


class Footprints(NamedTuple):
    """The memory and training costs of a network, as a whole and per layer."""

    nodes: tuple[Footprint, ...]
    """By node index."""
    memory: Memory
    embedded: Embedded
    batch: int
    dtype: str
    optimizer: str

    @property
    def backward(self) -> int:
        """Connections of the backward pass, for one example."""
        return sum(node.backward_connections for node in self.nodes)


def compute_footprints(
    network: Network, *, batch: int = 1, dtype: str = "fp32", optimizer: str = "sgd"
) -> Footprints:
    """Compute every layer's share of memory and of the backward pass.

    The arguments and errors are those of `measure_memory`.
    """
    found = measure_memory(network, batch=batch, dtype=dtype, optimizer=optimizer)
    size = DTYPES[dtype]
    live = trace_timeline(network, batch=batch, dtype=dtype)
    saved = found.saved.layers if found.saved else (0,) * len(network.nodes)
    back = backward_connections(network)
    nodes = tuple(
        Footprint(
            size * _count_own_parameters(node),
            size * batch * node.output.units,
            live[node.index].live,
            saved[node.index],
            back[node.index].weights,
            back[node.index].input,
        )
        for node in network.nodes
    )
    return Footprints(nodes, found, measure_embedded(network), batch, dtype, optimizer)


def _count_own_parameters(node: Input | Node) -> int:
    if node.layer is None or node.shares is not None:
        return 0
    return node.layer.parameters(node.inputs[0])
