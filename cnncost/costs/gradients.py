"""Which gradients training needs, and the connections of the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.layers import FAMILIES
from cnncost.network import Input, Network, Node
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.layers.attention import Attention
    from cnncost.layers.recurrent import Recurrent


class Gradients(NamedTuple):
    """Which gradients a training step computes: one entry per node, by index."""

    parameters: tuple[bool, ...]
    """Whether the node's parameters are trained."""
    outputs: tuple[bool, ...]
    """Whether the node's output has a gradient: the node, or one that it depends on, is trained."""

    def is_wanted(self, node: Node, position: int) -> bool:
        """Whether the node passes a gradient on to its input at this position."""
        return self.outputs[node.reads[position]]


def find_gradients(network: Network) -> Gradients:
    """Find the nodes that need gradients: inputs, and outputs of frozen layers alone, need none."""
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


# Connections of the backward pass


class Backward(NamedTuple):
    """One layer's connections in the backward pass, for one example."""

    weights: int
    """Connections of the gradient of its weights; 0 if they are frozen."""
    input: int
    """Connections of the gradients of activations: of each input that needs a gradient, and of
    what the layer computes in between."""


def backward_connections(network: Network) -> tuple[Backward, ...]:
    """Count the connections of each node's backward pass, by index.

    Each gradient costs a layer its forward connections once more. A layer without weights has
    no connections in either direction.
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
    """Connections of the gradients of a layer's weights, input and intermediate results."""

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


def _split_attention(layer: Attention, x: Shape) -> Shares:
    """Split attention's connections: weights stand before and behind its two products of
    activations, and each product has two gradients."""
    projections = layer.weights(x) * x.positions
    products = layer.connections(x, x) - projections
    # Three projections read the input, the fourth what the products give.
    behind = layer.dim * x.channels * x.positions
    return Shares(projections, projections - behind, behind + 2 * products)


def _split_recurrent(layer: Recurrent, x: Shape) -> Shares:
    """Split a recurrent layer's connections: its first layer reads the input, what is behind it
    reads states. The zeros before the first step need no gradient (measured, in PyTorch)."""
    every = layer.weights(x) * x.positions
    entry = layer.directions * layer.gates * layer.hidden * x.channels * x.positions
    first = layer.directions * layer.layers * layer.handed_on * layer.hidden * layer.state
    return Shares(every, entry, every - entry - first)


SPLITS: dict[str, Callable[[Any, Shape], Shares]] = {  # Any: each function names its layer type
    "attention": _split_attention,
    **dict.fromkeys(FAMILIES["recurrent"], _split_recurrent),
}
"""For the types whose forward connections are not all uses of weights on the input."""
