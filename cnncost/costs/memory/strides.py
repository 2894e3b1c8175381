"""Which maps lie with their channels last or in gaps, and the copies that layers make of those."""

from __future__ import annotations

from typing import cast

from cnncost.costs.memory.traits import Lies, Makes, traits
from cnncost.network import Network, Node


def channels_last(network: Network) -> list[bool]:
    """For each node whether its output's channels lie next to each other in memory."""
    found: list[bool] = []
    for node in network.nodes:
        how = Lies.FIRST if node.layer is None else traits(node).lies
        found.append(how is Lies.LAST or _as_read(network, node, how, found))
    return found


def _as_read(network: Network, node: Node, how: Lies, found: list[bool]) -> bool:
    """Whether a map's channels lie last because those that it is made of do."""
    if how is Lies.AGREED:  # measured: of maps along one axis, never
        return len(node.output.extents) > 1 and all(found[i] for i in node.reads)
    # The first map decides; in one of a single position both orders are the same.
    maps = [i for i in node.reads if network.nodes[i].output.positions > 1]
    return how is Lies.AS_READ and bool(maps) and found[maps[0]]


def turned_copy(node: Node, last: list[bool], batch: int, size: int) -> int:
    """Bytes of the copy with its channels last that a layer works on and keeps in its input's
    place; none where they lie so already, as those of one position do."""
    if node.layer is None or not traits(node).turns or last[node.reads[0]]:
        return 0
    x = node.inputs[0]
    return size * batch * x.units if x.positions > 1 else 0


def loose(network: Network, batch: int) -> list[bool]:
    """For each node whether its output is seen with gaps or turned, in another tensor's storage:
    in a training step, where dropout has an output of its own."""
    last = channels_last(network)
    found: list[bool] = []
    for node in network.nodes:
        views = node.layer is not None and traits(node).makes is Makes.VIEW
        if views and traits(node).straightens and last[node.reads[0]]:
            views = node.inputs[0].positions == 1  # else a copy
        found.append(views and (found[node.reads[0]] or _loosens(node, batch, last=last)))
    return found


def _loosens(node: Node, batch: int, *, last: list[bool]) -> bool:
    """Whether a view leaves numbers out between others, or changes the order of axes."""
    assert node.layer is not None
    x, turned = node.inputs[0], last[node.reads[0]]
    if node.layer.word == "permute":
        axes = cast("tuple[int, ...]", vars(node.layer)["axes"])
        order = [*range(2, len(x.dims) + 1), 1] if turned else [*range(1, len(x.dims) + 1)]
        return not _same([a for a in axes if x.dims[a - 1] > 1], order)
    if x == node.output:
        return False
    if turned and x.positions > 1:
        return node.layer.word in ("slice", "crop")
    # What is cut from the outermost axis of more than one place lies in one piece.
    if node.layer.word not in ("slice", "crop"):
        return False
    both = zip(x.dims, node.output.dims, strict=True)
    innermost = max(axis for axis, (n, left) in enumerate(both) if n != left)
    return any(n > 1 for n in (batch, *node.output.dims[:innermost]))


def _same(axes: list[int], order: list[int]) -> bool:
    return axes == [axis for axis in order if axis in axes]


def gapless_copy(node: Node, loose: list[bool], last: list[bool], scale: tuple[int, int]) -> int:
    """Bytes of the copy without gaps that a norm works on and keeps in its input's place."""
    if node.layer is None or not traits(node).gapless:
        return 0
    x, read = node.inputs[0], node.reads[0]
    turned = last[read] and x.positions > 1 and x.channels > 1
    taken = traits(node).takes_last and len(x.extents) > 1
    batch, size = scale
    return size * batch * x.units if loose[read] or (turned and not taken) else 0
