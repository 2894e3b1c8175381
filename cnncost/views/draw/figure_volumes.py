"""Choose what a figure shows of a network: a row of volumes, and the skips that pass some of them.

The row is the longest path from input to output. Each of its layers with weights is drawn as the
activation that it makes. If there are too many, all layers of a block become one volume, and then
all copies of a repeated block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from cnncost.network import Input, Network, Node
from cnncost.shape import Shape


class Volume(NamedTuple):
    """One activation, and the layer or block that made it."""

    name: str
    shape: Shape
    kind: str
    """The layer's type, `input`, or `block` for several layers together."""
    layers: int
    """How many layers with weights it stands for."""


class Skip(NamedTuple):
    """A connection from one volume to another that passes others by; positions in the row."""

    start: int
    end: int
    works: bool
    """Whether it has layers with weights, as a projection does."""


class VolumeRow(NamedTuple):
    """The contents of a figure."""

    volumes: tuple[Volume, ...]
    skips: tuple[Skip, ...]


def volume_row(network: Network, most: int) -> VolumeRow:
    """Choose the volumes of a network, at most about `most`; group by blocks as far as needed."""
    path = _longest_path(network)
    for label in (_own_name, _by_block(3), _by_block(2), _by_block(1), _by_repeated):
        drawn = _build_row(network, path, label)
        if len(drawn.volumes) <= most:
            break
    return drawn


def _longest_path(network: Network) -> list[Input | Node]:
    """Find the path to the last output with the most layers with weights; of equal paths, the one
    through the first read."""
    lengths: list[int] = []
    before: list[int] = []
    for node in network.nodes:
        reads = node.reads
        best = max(reads, key=lambda i: (lengths[i], -reads.index(i))) if reads else -1
        own = int(node.layer is not None and node.layer.counted)
        lengths.append(own + (lengths[best] if reads else 0))
        before.append(best)
    path: list[Input | Node] = []
    index = network.outputs[-1]
    while index >= 0:
        path.append(network.nodes[index])
        index = before[index]
    return path[::-1]


Label = Callable[[Input | Node], str]
"""Names the volume that a layer belongs to."""


def _own_name(node: Input | Node) -> str:
    return node.name


def _by_block(depth: int) -> Label:
    """Label layers by the first `depth` levels of their names; a copy's number belongs to its
    level."""

    def block_label(node: Input | Node) -> str:
        parts = node.name.split(".")
        kept: list[str] = []
        levels = 0
        for part in parts:
            levels += not part.isdigit()
            if levels > depth:
                break
            kept.append(part)
        return ".".join(kept)

    return block_label


def _by_repeated(node: Input | Node) -> str:
    return node.name.split(".")[0]


def _build_row(network: Network, path: Sequence[Input | Node], label: Label) -> VolumeRow:
    volumes = [Volume(path[0].name, path[0].output, "input", 0)]
    place = {path[0].index: 0}
    """The position of the volume that holds each node of the path."""
    for name, group in groupby(path[1:], key=label):
        members = list(group)
        weighted = [node for node in members if node.layer is not None and node.layer.counted]
        if weighted:
            volumes.append(_make_volume(name, members, weighted))
        place.update((node.index, len(volumes) - 1) for node in members)
    skips = _find_skips(network, path, place)
    return VolumeRow(tuple(volumes), tuple(skip for skip in skips if _is_seen(skip, volumes)))


def _is_seen(skip: Skip, volumes: Sequence[Volume]) -> bool:
    """Whether a skip is drawn: it passes a volume, or has weights beside one that is no block."""
    inside = volumes[skip.end].kind == "block"
    return skip.end - skip.start > 1 or (skip.works and not inside)


def _make_volume(name: str, members: Sequence[Input | Node], weighted: Sequence[Node]) -> Volume:
    if len(weighted) == 1:
        (node,) = weighted
        return Volume(name, node.output, node.layer.word, 1)
    return Volume(name, members[-1].output, "block", len(weighted))


def _find_skips(
    network: Network, path: Sequence[Input | Node], place: dict[int, int]
) -> list[Skip]:
    """Find a skip for each read of a join on the path, except the path's own read."""
    skips: dict[tuple[int, int], bool] = {}
    last = max(place.values())
    for before, node in pairwise(path):
        others = [i for i in node.reads if i != before.index]
        for other in others if len(node.reads) > 1 else []:
            start, works = _branch_origin(network, other, place)
            # What a concat joins is read by the next volume; a sum belongs to the one it is of.
            concat = node.layer is not None and node.layer.word == "concat"
            end = place[node.index]
            if concat and end == place[before.index]:
                end += 1
            end = min(end, last)
            if end > start:
                skips[start, end] = skips.get((start, end), False) or works
    return [Skip(start, end, works) for (start, end), works in skips.items()]


def _branch_origin(network: Network, index: int, place: dict[int, int]) -> tuple[int, bool]:
    """Find the volume on the path that a branch leaves, and whether the branch has weights."""
    works = False
    while index not in place:
        node = network.nodes[index]
        works = works or (node.layer is not None and node.layer.counted)
        if not node.reads:
            return 0, works
        index = node.reads[0]
    return place[index], works
