"""The timeline of an inference pass: live bytes while each layer runs."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.costs.memory.inference import find_lives
from cnncost.costs.memory.memory_report import DTYPES
from cnncost.network import Network


class TimelineStep(NamedTuple):
    """One step of a pass."""

    name: str
    type: str
    """The layer's type; `input` for an input."""
    live: int
    """Bytes alive while the step runs: inputs, outputs and temporaries."""


def trace_timeline(
    network: Network, *, batch: int = 1, dtype: str = "fp32"
) -> tuple[TimelineStep, ...]:
    """List the steps of an inference pass in the program's order; outputs are freed after their
    last use."""
    live = find_lives(network, batch=batch, size=DTYPES[dtype]).sum_live_bytes()
    return tuple(
        TimelineStep(node.name, node.layer.word if node.layer else "input", bytes_)
        for node, bytes_ in zip(network.nodes, live, strict=True)
    )
