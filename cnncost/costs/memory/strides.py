"""Which maps lie with their channels last, and the copy that a layer makes of another one."""

from __future__ import annotations

from cnncost.costs.memory.traits import Lies, traits
from cnncost.network import Network, Node


def channels_last(network: Network) -> list[bool]:
    """For each node whether its output's channels lie next to each other in memory."""
    found: list[bool] = []
    for node in network.nodes:
        how = Lies.FIRST if node.layer is None else traits(node).lies
        # The first map decides; in one of a single position both orders are the same.
        maps = [i for i in node.reads if network.nodes[i].output.positions > 1]
        found.append(how is Lies.LAST or (how is Lies.AS_READ and bool(maps) and found[maps[0]]))
    return found


def turned_copy(node: Node, last: list[bool], batch: int, size: int) -> int:
    """Bytes of the copy with its channels last that a layer works on and keeps in its input's
    place; none where they lie so already, as those of one position do."""
    if node.layer is None or not traits(node).turns or last[node.reads[0]]:
        return 0
    x = node.inputs[0]
    return size * batch * x.units if x.positions > 1 else 0
