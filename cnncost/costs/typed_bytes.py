"""Bytes in the types that a network's own file says its numbers have."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from cnncost.costs.memory.embedded import count_parameter_bytes, measure_embedded
from cnncost.network import Network, Node
from cnncost.number_types import NumberTypes, count_tensor_bytes


class TypedBytes(NamedTuple):
    """Bytes of a network as its file has it; lower bounds if costs of layers are unknown."""

    parameters: int
    sram: int
    """The most bytes of inputs and outputs that are alive at one layer."""


class OddWeights(NamedTuple):
    """The weights of a layer that have another type than most of the network's."""

    layer: str
    word: str
    bytes: int


def list_odd_weights(network: Network) -> list[OddWeights]:
    """List the layers whose weights have another type than most, as the network's file says."""
    odd = network.odd_weights
    return [
        OddWeights(node.name, odd[node.name], _count_weight_bytes(node, odd[node.name]))
        for node in network.layers
        if node.name in odd and node.shares is None
    ]


def _count_weight_bytes(node: Node, word: str) -> int:
    x, layer = node.inputs[0], node.layer
    return count_tensor_bytes(word, layer.weights(x) + layer.extras(x))


def count_typed_bytes(network: Network, types: NumberTypes) -> TypedBytes:
    """Count a network's bytes where its numbers have these types.

    Learned numbers that are neither weights nor biases are of the weights' type.
    """
    own = [node for node in network.layers if node.shares is None]
    held = sum(count_parameter_bytes(node, types) for node in own) + types.other_bytes
    alive = measure_embedded(replace(network, types=types)).sram
    return TypedBytes(held, alive)
