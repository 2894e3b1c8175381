"""Storages: which node's output lies where, views and in-place layers over their base.

PyTorch's strides are not modelled: every output is taken to fill its storage in the order of
its axes, or to be a view, by its layer's type alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.costs.memory.traits import Keep, Makes, find_traits
from cnncost.costs.memory.unmoved_numbers import has_factor
from cnncost.network import Input, Network, Node


class Storages(NamedTuple):
    """Where every node's output lies, by node index."""

    base: tuple[int, ...]
    """The node that its storage is named after."""
    written: tuple[bool, ...]
    """Whether it writes over its input."""


def assign_storages(network: Network, *, training: bool) -> Storages:
    """The storages of a pass."""
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
    """For each node whether it writes over its input: it may, nobody else reads that storage,
    it is no input of the network, and what made it neither keeps it nor turns another tensor."""
    alone: list[bool] = []
    """Whether each output's storage is read by one chain only, and kept by none of it."""
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
    """Whether an output that counts as its own is a view of its input in some cases.

    Pixel shuffles and their inverses have a kernel for maps of two axes and one factor for both.
    PyTorch makes the others by moving axes, and where these have few places it needs no copy.
    """
    if not has_factor(node):
        return False
    factor = node.layer.factor
    return len(factor) != 2 or factor[0] != factor[1]
