"""Bytes in the types that a network's own file says its numbers have."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from cnncost.costs.memory.embedded import count_parameter_bytes, measure_embedded
from cnncost.network import Network
from cnncost.number_types import NumberTypes


class TypedBytes(NamedTuple):
    """Bytes of a network as its file has it; lower bounds if costs of layers are unknown."""

    parameters: int
    sram: int
    """The most bytes of inputs and outputs that are alive at one layer."""


def count_typed_bytes(network: Network, types: NumberTypes) -> TypedBytes:
    """Count a network's bytes where its numbers have these types.

    Learned numbers that are neither weights nor biases are of the weights' type.
    """
    own = [node for node in network.layers if node.shares is None]
    held = sum(count_parameter_bytes(node, types) for node in own) + types.other_bytes
    alive = measure_embedded(replace(network, types=types)).sram
    return TypedBytes(held, alive)
