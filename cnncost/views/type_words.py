"""Say in words which types a network's numbers have, and which of its layers have others."""

from __future__ import annotations

from cnncost.costs.memory.embedded import find_types
from cnncost.costs.typed_bytes import list_odd_weights
from cnncost.network import Network
from cnncost.number_types import INT8

MOST = 5
"""The most layers that are named."""


def odd_weights_text(network: Network) -> str:
    """Name the layers whose weights have another type than most, as a sentence with a space before
    it; empty where there are none."""
    found = list_odd_weights(network)
    if not found:
        return ""
    names = [f"{one.layer} {one.word} ({one.bytes:,} bytes)" for one in found[:MOST]]
    more = f" and {len(found) - MOST:,} more" if len(found) > MOST else ""
    return f" Weights of other types: {', '.join(names)}{more}."


def flash_text(network: Network) -> str:
    """Say in which types flash has a network's numbers, and what these mean for its time."""
    types = find_types(network)
    kinds = "weights and biases in int8" if types == INT8 else types.describe().partition(", ")[2]
    slow = " No engine was measured with weights of fewer than 8 bits: times are those of int8."
    said = f"Flash: {kinds}, besides the program.{odd_weights_text(network)}"
    return said + (slow if types.weight_bits < 8 else "")
