"""Storages: in which storage each output lies; views and in-place layers use their input's.

PyTorch's strides are not modelled. The layer's type alone decides whether an output is a view or
fills a storage of its own in the order of its axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.costs.memory.traits import Keep, Makes, find_traits
from cnncost.costs.memory.unmoved_numbers import has_factor
from cnncost.network import Input, Network, Node


class Storages(NamedTuple):
    """The storage of each node's output, by the node's index."""

    base: tuple[int, ...]
    """The node that made the storage; its index stands for the storage."""
    written: tuple[bool, ...]
    """Whether the node writes over its input."""


def assign_storages(network: Network, *, training: bool) -> Storages:
    """Assign a storage to the output of every node of a pass."""
    written = tuple(in_place(network))
    base: list[int] = []
    for node in network.nodes:
        over = written[node.index] or _is_view(node, training=training)
        base.append(base[node.reads[0]] if over else node.index)
    return Storages(tuple(base), written)


def _is_view(node: Input | Node, *, training: bool) -> bool:
    if node.layer is None:
        return False
    makes = find_traits(node).makes
    return makes is Makes.VIEW or (makes is Makes.VIEW_IN_INFERENCE and not training)


def in_place(network: Network) -> list[bool]:
    """Find the nodes that write over their input, by index.

    A node does if its layer may, if no other node reads that storage, if the storage is no
    input of the network, and if the layer that made it neither keeps it nor turns another
    tensor.
    """
    alone: list[bool] = []
    """Whether only one row of nodes reads each output's storage, and none of them keeps it."""
    written: list[bool] = []
    for node in network.nodes:
        may = bool(getattr(node.layer, "inplace", False)) and len(set(node.reads)) <= 2
        may = may and node.reads.count(node.reads[0]) == 1
        written.append(may and alone[node.reads[0]])
        alone.append(
            len(network.readers[node.index]) == 1 and _leaves_storage_free(node, alone, written[-1])
        )
    return written


def _leaves_storage_free(node: Input | Node, alone: Sequence[bool], written: bool) -> bool:
    if node.layer is None or find_traits(node).turned:
        return False
    if written and find_traits(node).by_output:
        return False
    if find_traits(node).makes is not Makes.NEW or may_be_view(node):
        return alone[node.reads[0]]
    return find_traits(node).keeps is not Keep.OUTPUT


def may_be_view(node: Node) -> bool:
    """Whether an output that counts as a copy is a view of its input in some cases.

    PyTorch has a kernel for pixel shuffles, and for their inverses, with two axes and one factor
    for both. It makes the others by moving axes, which needs no copy if these have few places.
    """
    if not has_factor(node):
        return False
    factor = node.layer.factor
    return len(factor) != 2 or factor[0] != factor[1]
