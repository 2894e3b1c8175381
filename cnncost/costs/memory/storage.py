"""Storages: which node's output lies where, views and in-place layers over their base."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.costs.memory.strides import channels_last
from cnncost.costs.memory.traits import Keep, Makes, traits
from cnncost.network import Network, Node


def views(network: Network, *, training: bool) -> list[bool]:
    """For each node whether its output is a view of its first input."""
    shared = {Makes.VIEW} if training else {Makes.VIEW, Makes.VIEW_IN_INFERENCE}
    last = channels_last(network)
    return [_views(node, shared, last) for node in network.nodes]


def _views(node: Node, shared: set[Makes], last: Sequence[bool]) -> bool:
    if node.layer is None or traits(node).makes not in shared:
        return False
    turned = last[node.reads[0]] and node.inputs[0].positions > 1
    return not (turned and traits(node).straightens)


def in_place(network: Network) -> list[bool]:
    """For each node whether it writes over its input: it may, nobody else reads that storage,
    it is no input of the network, and what made it neither keeps it nor turns another tensor."""
    readers = [0] * len(network.nodes)
    for node in network.nodes:
        for i in node.reads:
            readers[i] += 1
    viewed = views(network, training=False)
    alone: list[bool] = []
    """Whether each output's storage is read by one chain only, and kept by none of it."""
    written: list[bool] = []
    for node in network.nodes:
        may = bool(node.layer is not None and getattr(node.layer, "inplace", False))
        written.append(may and alone[node.reads[0]])
        alone.append(readers[node.index] == 1 and _unkept(node, viewed[node.index], alone))
    return written


def _unkept(node: Node, view: bool, alone: Sequence[bool]) -> bool:
    if node.layer is None or traits(node).turned:
        return False
    if view:
        return alone[node.reads[0]]
    return traits(node).keeps is not Keep.OUTPUT


def storages(network: Network, *, training: bool) -> list[int]:
    """For each node the node that its output's storage is named after."""
    viewed, written = views(network, training=training), in_place(network)
    base: list[int] = []
    for node in network.nodes:
        over = viewed[node.index] or written[node.index]
        base.append(base[node.reads[0]] if over else node.index)
    return base
