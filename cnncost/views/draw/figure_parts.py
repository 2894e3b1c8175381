"""Choose what a figure shows of a network: its parts, and which reads which.

A part is a layer with what follows it quietly (its norm and activation), a join, or a block with
all its copies. Blocks are closed, unless they are to be opened.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from cnncost.layers import FAMILIES, JOINS
from cnncost.network import Input, Network, Node
from cnncost.shape import Shape

QUIET = frozenset((
    *FAMILIES["activation"], *FAMILIES["normalisation"], *FAMILIES["regularisation"],
    "identity", "flatten", "scale",
))  # fmt: skip
"""Layers that belong to the part which they read."""

STAGE = re.compile(r"(.*\d)(?:[a-z]|_\d+)")
"""The name of one block of a stage, such as conv2a and layer1_0."""


class FigurePart(NamedTuple):
    """One thing that a figure shows."""

    name: str
    nodes: tuple[Input | Node, ...]
    copies: int = 1
    """How many copies of a block it stands for."""
    outside: bool = False
    """Whether it stands for what comes from outside into an opened block."""

    @property
    def head(self) -> Input | Node:
        """The node that says what the part is: its first with weights, else its first."""
        return next((node for node in self.nodes if _is_counted(node)), self.nodes[0])

    @property
    def weighted(self) -> int:
        return sum(map(_is_counted, self.nodes))

    @property
    def shape(self) -> Shape:
        return self.nodes[-1].output

    @property
    def word(self) -> str:
        """A layer's type, `input`, or `block` for several layers with weights."""
        if self.is_block:
            return "block"
        layer = self.head.layer
        return "input" if layer is None else layer.word

    @property
    def is_block(self) -> bool:
        loud = [node for node in self.nodes if node.layer and node.layer.word not in QUIET]
        return self.copies > 1 or len(loud) > 1

    @property
    def is_join(self) -> bool:
        return self.word in JOINS


class PartGraph(NamedTuple):
    """The parts in an order in which each comes after those it reads."""

    parts: tuple[FigurePart, ...]
    edges: tuple[tuple[int, int], ...]
    """Each read as (from, to), by position."""

    def list_reads(self) -> list[list[int]]:
        reads: list[list[int]] = [[] for _ in self.parts]
        for start, end in self.edges:
            reads[end].append(start)
        return reads

    def list_readers(self) -> list[list[int]]:
        readers: list[list[int]] = [[] for _ in self.parts]
        for start, end in self.edges:
            readers[start].append(end)
        return readers


def find_parts(network: Network, depth: int = 1, opened: Collection[str] = ()) -> PartGraph:
    """Find the parts of a network, its blocks closed below `depth` levels of names.

    Args:
        opened: names of blocks, or of stages of them, that are opened by one level more.
    """
    return _merge_stages(_name_single_parts(group_nodes(network.nodes, depth, opened)))


def list_block_names(network: Network) -> list[str]:
    """List the names that can be opened, those of stages too."""
    parts = find_parts(network).parts + find_parts(network, 2).parts
    names = dict.fromkeys(part.name for part in parts if part.is_block)
    return list(names)


def group_nodes(
    nodes: Sequence[Input | Node], depth: int, opened: Collection[str] = ()
) -> PartGraph:
    """Group nodes by their names; a block around whose inside others go is opened as well."""
    opened = set(opened)
    while True:
        graph, looping = _sort_parts(_label_nodes(nodes, depth, opened), nodes)
        if graph is not None:
            return graph
        opened |= looping


def block_key(name: str, depth: int, opened: Collection[str] = ()) -> str:
    """Return the name of the part that shows a layer.

    >>> block_key("conv2b.1.reduce.conv1", 1), block_key("conv2b.1.reduce.conv1", 2)
    ('conv2b', 'conv2b.1')
    >>> block_key("conv2b.1.reduce.conv1", 1, ["conv2b"])
    'conv2b.1.reduce'
    """
    first, *rest = name.split(".")
    key, level = first, 1
    for part in rest:
        block, _, last = key.rpartition(".")
        wanted = _is_opened(key, opened) or (last.isdigit() and _is_opened(block, opened))
        if level >= depth and not wanted:
            break
        key = f"{key}.{part}"
        level += 1
    return key


def _is_opened(key: str, opened: Collection[str]) -> bool:
    """Whether a block, or the stage that it is of, is to be opened."""
    stage = STAGE.fullmatch(key)
    return key in opened or (stage is not None and stage[1] in opened)


def _label_nodes(
    nodes: Sequence[Input | Node], depth: int, opened: Collection[str]
) -> dict[int, str]:
    """Label each node with the name of its part. A quiet layer is a part of its own where others
    read what it reads, such as the skip around a norm: they get the value without it."""
    labels: dict[int, str] = {}
    readers = Counter(read for node in nodes for read in node.reads)
    for node in nodes:
        key = block_key(node.name, depth, opened)
        if node.layer is not None and key == node.name and node.layer.word in QUIET:
            (read, *more) = node.reads
            alone = not more and readers[read] == 1
            if read in labels and alone and not _is_input(nodes, read):
                key = labels[read]
        labels[node.index] = key
    return labels


def _is_input(nodes: Sequence[Input | Node], index: int) -> bool:
    return nodes[index - nodes[0].index].layer is None


def _sort_parts(
    labels: dict[int, str], nodes: Sequence[Input | Node]
) -> tuple[PartGraph | None, set[str]]:
    """Sort the parts; or return the names of blocks that read what reads them."""
    members: dict[str, list[Input | Node]] = {}
    for node in nodes:
        members.setdefault(labels[node.index], []).append(node)
    reads: dict[str, dict[str, None]] = {name: {} for name in members}
    for node in nodes:
        for read in node.reads:
            if read in labels and labels[read] != labels[node.index]:
                reads[labels[node.index]][labels[read]] = None
    order = _order_names(reads)
    if len(order) < len(members):
        looping = members.keys() - set(order)
        return None, {name for name in looping if len(members[name]) > 1}
    place = {name: i for i, name in enumerate(order)}
    parts = tuple(FigurePart(n, tuple(members[n]), _count_copies(n, members[n])) for n in order)
    edges = tuple((place[read], place[name]) for name in order for read in reads[name])
    return PartGraph(parts, edges), set()


def _order_names(reads: dict[str, dict[str, None]]) -> list[str]:
    """Order names so that each comes after those it reads, else as they stand (Kahn 1962); those
    in a circle, and behind it, are left out."""
    names = list(reads)
    place = {name: i for i, name in enumerate(names)}
    waiting = {name: len(read) for name, read in reads.items()}
    readers: dict[str, list[str]] = {name: [] for name in names}
    for name, read in reads.items():
        for other in read:
            readers[other].append(name)
    ready = [place[name] for name in names if not waiting[name]]
    order = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for reader in readers[name]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, place[reader])
    return order


def _count_copies(name: str, members: Sequence[Input | Node]) -> int:
    """Count the copies that a block's name stands for: `dense1.1` to `dense1.6` are six."""
    numbers: dict[str, int] = {}
    for node in members:
        inner = node.name.removeprefix(f"{name}.").split(".")[0]
        if node.name.startswith(f"{name}.") and inner.isdigit():
            numbers[inner] = numbers.get(inner, 0) + _is_counted(node)
        elif _is_counted(node):
            return 1
    return max(1, len(numbers)) if len(set(numbers.values())) == 1 else 1


def _is_counted(node: Input | Node) -> bool:
    return node.layer is not None and node.layer.counted


def _name_single_parts(graph: PartGraph) -> PartGraph:
    """Name the only part of an opened block by the block."""
    homes = Counter(part.name.rpartition(".")[0] for part in graph.parts)
    parts = [
        part._replace(name=home)
        if (home := part.name.rpartition(".")[0]) and homes[home] == 1
        and not part.name.rpartition(".")[2].isdigit()
        else part
        for part in graph.parts
    ]  # fmt: skip
    return PartGraph(tuple(parts), graph.edges)


# Stages


def _merge_stages(graph: PartGraph) -> PartGraph:
    """Merge a stage's first block, which may have a projection, with the equal ones behind it."""
    reads, readers = graph.list_reads(), graph.list_readers()
    owner = list(range(len(graph.parts)))
    merged = list(graph.parts)
    for start, end in graph.edges:
        first = owner[start]
        one, other = merged[first], merged[end]
        alone = reads[end] == [start] and set(readers[start]) == {end}
        if alone and _is_same_stage(one, other):
            owner[end] = first
            copies = one.copies + other.copies
            merged[first] = FigurePart(_stage_name(one.name), one.nodes + other.nodes, copies)
    kept = [i for i in range(len(merged)) if owner[i] == i]
    merged = _name_part_stages(graph, merged, owner)
    numbers = {i: number for number, i in enumerate(kept)}
    place = {i: numbers[owner[i]] for i in range(len(merged))}
    pairs = dict.fromkeys((place[a], place[b]) for a, b in graph.edges if place[a] != place[b])
    return PartGraph(tuple(merged[i] for i in kept), tuple(pairs))


def _name_part_stages(
    graph: PartGraph, merged: list[FigurePart], owner: list[int]
) -> list[FigurePart]:
    """Name what is merged by its first and last block, where others are of the stage too."""
    stages = Counter(_stage_name(merged[i].name) for i in range(len(merged)) if owner[i] == i)
    named = list(merged)
    owned: dict[int, list[str]] = {}
    for part, first in zip(graph.parts, owner, strict=True):
        owned.setdefault(first, []).append(part.name)
    for first, members in owned.items():
        if len(members) > 1 and stages[merged[first].name] > 1:
            named[first] = merged[first]._replace(name=f"{members[0]}\u2013{members[-1]}")
    return named


def _stage_name(name: str) -> str:
    stage = STAGE.fullmatch(name)
    return name if stage is None else stage[1]


def _is_same_stage(one: FigurePart, other: FigurePart) -> bool:
    """Whether both are blocks of one stage: equal convolutions, but for the first's projection."""
    if _stage_name(one.name) != _stage_name(other.name) or one.shape != other.shape:
        return False
    if not (one.is_block and other.is_block):
        return False
    mine, theirs = _count_windows(one), _count_windows(other)
    return all(mine[key] >= count for key, count in theirs.items())


def _count_windows(part: FigurePart) -> Counter[tuple[object, ...]]:
    """Count the layers with weights by what they are, in one copy of a block."""
    counts = Counter(
        (node.layer.word, getattr(node.layer, "kernel", ()), node.output.channels)
        for node in part.nodes
        if node.layer is not None and node.layer.counted
    )
    return Counter({key: -(-count // part.copies) for key, count in counts.items()})
