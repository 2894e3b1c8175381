"""Which gradients training needs, and the connections of the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cnncost.layers import Layer
from cnncost.network import Input, Network, Node
from cnncost.shape import Shape


class Gradients(NamedTuple):
    """For each node, by index."""

    parameters: tuple[bool, ...]
    """Whether its parameters are trained."""
    outputs: tuple[bool, ...]
    """Whether its output has a gradient: something at or below it is trained."""

    def is_wanted(self, node: Node, position: int) -> bool:
        """Whether the node passes a gradient to what it reads at this position."""
        return self.outputs[node.reads[position]]


def find_gradients(network: Network) -> Gradients:
    """Which nodes need gradients: data has none, nor has what only frozen layers made of it."""
    trained: list[bool] = []
    outputs: list[bool] = []
    for node in network.nodes:
        trained.append(_is_trained(network, node))
        outputs.append(trained[-1] or any(outputs[i] for i in node.reads))
    return Gradients(tuple(trained), tuple(outputs))


def _is_trained(network: Network, node: Input | Node) -> bool:
    if node.layer is None or not node.layer.learns:
        return False
    owner = node if node.shares is None else network.nodes[node.shares]
    return not owner.frozen and node.layer.parameters(node.inputs[0]) > 0


# Connections of the backward pass: each weight's use, once a gradient that is needed


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
