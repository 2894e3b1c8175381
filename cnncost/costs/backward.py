"""Connections of the backward pass: each weight's use, once a gradient that is needed."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.costs.gradients import gradients
from cnncost.network import Network


class Backward(NamedTuple):
    """One layer's connections in the backward pass, for one example."""

    weights: int
    """For the gradient of its weights; none where they are frozen."""
    input: int
    """For the gradient of its input; none where it is fed by data alone."""


def backward_connections(network: Network) -> tuple[Backward, ...]:
    """For each node, by index: each gradient costs a layer its forward connections once more.

    A layer that has no weights has no connections in either direction.
    """
    flow = gradients(network)
    found = []
    for node in network.nodes:
        forward = node.layer.connections(node.inputs[0], node.output) if node.layer else 0
        below = any(flow.outputs[i] for i in node.reads)
        trained = flow.parameters[node.index]
        found.append(Backward(forward if trained else 0, forward if below else 0))
    return tuple(found)
