"""Connections of the backward pass: each weight's use, once a gradient that is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cnncost.costs.gradients import find_gradients
from cnncost.layers import Layer
from cnncost.network import Input, Network, Node
from cnncost.shape import Shape


class Backward(NamedTuple):
    """One layer's connections in the backward pass, for one example."""

    weights: int
    """For the gradient of its weights; none where they are frozen."""
    input: int
    """For the gradients of activations: of each input, none where that is data alone, and of
    what it works out on the way."""


def backward_connections(network: Network) -> tuple[Backward, ...]:
    """For each node, by index: each gradient costs a layer its forward connections once more.

    A layer that has no weights has no connections in either direction.
    """
    flow = find_gradients(network)
    found = []
    for node in network.nodes:
        weights, entry, inside = _split_connections(node)
        below = sum(flow.outputs[i] for i in node.reads)  # a gradient for each that needs one
        reached = flow.outputs[node.index]
        trained = flow.parameters[node.index]
        found.append(Backward(weights if trained else 0, entry * below + inside * reached))
    return tuple(found)


class Shares(NamedTuple):
    """Connections of the gradients of weights, of the input, and of what lies between."""

    weights: int
    input: int
    inside: int = 0


def _split_connections(node: Input | Node) -> Shares:
    layer = node.layer
    if layer is None or not layer.counted:
        return Shares(0, 0)
    split = SPLITS.get(layer.word)
    if split is not None:
        return split(layer, node.inputs[0])
    forward = layer.connections(node.inputs[0], node.output)
    if not layer.learns:
        return Shares(0, forward)  # a product of two activations
    return Shares(forward, forward)


def _split_attention(layer: Layer, x: Shape) -> Shares:
    """Its weights lie on both sides of its two products, each of which has two gradients."""
    projections = layer.weights(x) * x.positions
    products = layer.connections(x, x) - projections
    # Three projections read the input, the fourth what the products give.
    return Shares(projections, projections * 3 // 4, projections // 4 + 2 * products)


SPLITS: dict[str, Callable[[Layer, Shape], Shares]] = {"attention": _split_attention}
"""Of the types whose forward connections are not all uses of weights on the input."""
