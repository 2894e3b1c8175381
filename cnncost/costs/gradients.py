"""Where gradients are needed: which activations and which parameters have one."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.network import Input, Network, Node


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
