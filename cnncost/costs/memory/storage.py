"""Storages: which node's output lies where, views and in-place layers over their base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.costs.memory.layout import Lie, layouts, may_view
from cnncost.costs.memory.traits import Keep, Makes, traits
from cnncost.network import Network, Node


class Storages(NamedTuple):
    """Where every node's output lies, by node index."""

    base: tuple[int, ...]
    """The node that its storage is named after."""
    written: tuple[bool, ...]
    """Whether it writes over its input."""
    lies: tuple[Lie, ...]


def storages(network: Network, batch: int, *, training: bool) -> Storages:
    """The storages of a pass."""
    written = tuple(in_place(network))
    lies = layouts(network, batch, written, training=training)
    base: list[int] = []
    for node in network.nodes:
        over = lies[node.index].view or written[node.index]
        base.append(base[node.reads[0]] if over else node.index)
    return Storages(tuple(base), written, lies)


def in_place(network: Network) -> list[bool]:
    """For each node whether it writes over its input: it may, nobody else reads that storage,
    it is no input of the network, and what made it neither keeps it nor turns another tensor."""
    readers = [0] * len(network.nodes)
    for node in network.nodes:
        for i in node.reads:
            readers[i] += 1
    alone: list[bool] = []
    """Whether each output's storage is read by one chain only, and kept by none of it."""
    written: list[bool] = []
    for node in network.nodes:
        may = bool(node.layer is not None and getattr(node.layer, "inplace", False))
        written.append(may and alone[node.reads[0]])
        alone.append(readers[node.index] == 1 and _unkept(node, alone))
    return written


def _unkept(node: Node, alone: Sequence[bool]) -> bool:
    if node.layer is None or traits(node).turned:
        return False
    if traits(node).makes is not Makes.NEW or may_view(node):
        return alone[node.reads[0]]
    return traits(node).keeps is not Keep.OUTPUT
