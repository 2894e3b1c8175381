"""Channel groups: which widths of a network must stay equal."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from cnncost.network import Input, Network, Node

WIDTH_FIELDS = {
    "conv": "filters",
    "conv_transpose": "filters",
    "dense": "units",
    "linear": "features",
}
"""The types that open a group of channels, and the field that is its width."""

_REARRANGING = ("permute", "slice", "pixel_shuffle", "space_to_depth")
"""Types whose channels are others than their input's, though nothing is learned and they may be
as many. A reshape that leaves their number leaves the channels: it keeps the order."""


@dataclass
class ChannelGroup:
    """Channels that must be equally many everywhere."""

    writers: list[int] = field(default_factory=list)
    """The nodes whose width it is, by index."""
    depthwise: list[int] = field(default_factory=list)
    """The convolutions that keep it with a group for each channel, by index: their filters and
    groups are as many."""
    width: int = 0
    frozen: bool = False
    blocks: int = 1
    """How many blocks of the network write it."""
    role: str = ""
    """What it is to the network: stem, dense, or nothing special."""


class ChannelGroups:
    """The groups of one network."""

    def __init__(self, network: Network, kept: Sequence[int] = ()) -> None:
        self.network = network
        self._parent: list[int] = []
        self._widths: list[int] = []
        """The channels of each part."""
        self._frozen: set[int] = set()
        self._of: list[tuple[int, ...]] = []
        """For each node the groups that its channels consist of, in order."""
        self._opened: dict[int, int] = {}
        self._depthwise: dict[int, int] = {}
        """For each convolution with a group for each channel: the one part that it reads."""
        self._made_of: dict[int, tuple[int, ...]] = {}
        """For each part whose channels are made of others': the parts that it follows from."""
        for node in network.nodes:
            self._of.append(self._groups_of_output(node))
        for index in network.outputs:
            self._freeze(index)
        for index in kept:
            self._freeze(index)
        self.groups = self._collect_groups()
        _set_roles(self)

    def groups_at(self, index: int) -> tuple[int, ...]:
        """The groups that a node's channels consist of."""
        return tuple(self._root(part) for part in self._of[index])

    def group_written_by(self, index: int) -> ChannelGroup | None:
        """The group whose width this node sets; None if it sets none."""
        return self.groups[self._root(self._opened[index])] if index in self._opened else None

    def _new_part(self, width: int) -> int:
        self._parent.append(len(self._parent))
        self._widths.append(width)
        return len(self._parent) - 1

    def _root(self, part: int) -> int:
        while self._parent[part] != part:
            self._parent[part] = self._parent[self._parent[part]]
            part = self._parent[part]
        return part

    def _unite(self, a: Sequence[int], b: Sequence[int]) -> None:
        """Make two lists of parts equal; where they are cut differently, nothing may change."""
        if [self._widths[part] for part in a] != [self._widths[part] for part in b]:
            self._frozen.update((*a, *b))
            return
        for one, other in zip(a, b, strict=True):
            first, second = sorted((self._root(one), self._root(other)))
            self._parent[second] = first

    def _freeze(self, index: int) -> None:
        """Keep a node's channels as they are, and so all that they are made of."""
        self._frozen.update(self._of[index])

    def _groups_of_output(self, node: Input | Node) -> tuple[int, ...]:
        if node.layer is None:
            return self._frozen_part(node)
        layer = node.layer
        reads = [self._of[index] for index in node.reads]
        if layer.word in ("add", "mul"):
            for other in reads[1:]:
                self._unite(reads[0], other)
            return reads[0]
        if layer.word == "concat":
            return tuple(part for parts in reads for part in parts)
        if layer.word in ("opaque", "matmul"):
            for index in node.reads:
                self._freeze(index)
            return self._frozen_part(node)
        if layer.word in WIDTH_FIELDS and not is_depthwise(node):
            return self._open_group(node)
        if layer.word in _REARRANGING or node.output.channels != node.inputs[0].channels:
            part = self._new_part(node.output.channels)
            self._made_of[part] = tuple(own for parts in reads for own in parts)
            return (part,)
        if layer.word == "conv" and is_depthwise(node) and len(reads[0]) == 1:
            self._depthwise[node.index] = reads[0][0]
        return reads[0]

    def _frozen_part(self, node: Input | Node) -> tuple[int, ...]:
        part = self._new_part(node.output.channels)
        self._frozen.add(part)
        return (part,)

    def _open_group(self, node: Node) -> tuple[int, ...]:
        part = self._new_part(node.output.channels)
        self._opened[node.index] = part
        if node.shares is not None:
            self._unite((part,), self._of[node.shares])
            mine = self._of[node.reads[0]]
            self._unite(mine, self._of[self.network.nodes[node.shares].reads[0]])
        return (part,)

    def _collect_groups(self) -> dict[int, ChannelGroup]:
        groups: dict[int, ChannelGroup] = {}
        for index, part in self._opened.items():
            group = groups.setdefault(self._root(part), ChannelGroup())
            group.writers.append(index)
            group.width = self.network.nodes[index].output.channels
        for index, part in self._depthwise.items():
            if self._root(part) in groups:
                groups[self._root(part)].depthwise.append(index)
        frozen = self._frozen_roots()
        for root, group in groups.items():
            group.frozen = root in frozen
        return groups

    def _frozen_roots(self) -> set[int]:
        """The roots of what is frozen, and of all that it is made of."""
        made_of: dict[int, list[int]] = {}
        for part, sources in self._made_of.items():
            made_of.setdefault(self._root(part), []).extend(sources)
        due, found = list(self._frozen), set[int]()
        while due:
            root = self._root(due.pop())
            if root not in found:
                found.add(root)
                due += made_of.get(root, [])
        return found


def is_depthwise(node: Node) -> bool:
    """Whether a convolution has a group for each channel."""
    x, y = node.inputs[0], node.output
    groups = getattr(node.layer, "groups", 1)
    return bool(groups == x.channels and y.channels == x.channels and groups > 1)


def _set_roles(groups: ChannelGroups) -> None:
    """Tell of each group what it is to the network, and how many blocks write it."""
    adds = _writers_before_adds(groups)
    for root, group in groups.groups.items():
        group.role = _role(groups.network, group)
        alone = [index for index in group.writers if index not in adds.get(root, {})]
        group.blocks = max(1, len(alone) + len(set(adds.get(root, {}).values())))


def _role(network: Network, group: ChannelGroup) -> str:
    nodes = [network.nodes[index] for index in group.writers]
    if all(node.layer is not None and node.layer.word == "dense" for node in nodes):
        return "dense"
    return "stem" if any(_reads_input(network, node) for node in nodes) else ""


def _reads_input(network: Network, node: Input | Node) -> bool:
    source = network.nodes[node.reads[0]]
    while source.layer is not None and not source.layer.learns and len(source.reads) == 1:
        source = network.nodes[source.reads[0]]
    return source.layer is None


def _writers_before_adds(groups: ChannelGroups) -> dict[int, dict[int, int]]:
    """For each group the writers that an add follows, and which add."""
    network = groups.network
    followed: dict[int, dict[int, int]] = {}
    for node in network.nodes:
        if node.layer is None or node.layer.word != "add":
            continue
        outer = set(groups.groups_at(node.index))
        for index in (index for branch in _branches(network, node) for index in branch):
            if groups.group_written_by(index) is not None:
                (root,) = groups.groups_at(index)
                if root in outer:
                    followed.setdefault(root, {})[index] = node.index
    return followed


def _branches(network: Network, join: Node) -> list[list[int]]:
    """For each operand of a join the nodes that only it passes, down to the fork."""
    masks: dict[int, int] = {}
    heap: list[int] = []
    full = (1 << len(join.reads)) - 1
    for position, index in enumerate(join.reads):
        if index not in masks:
            heapq.heappush(heap, -index)
        masks[index] = masks.get(index, 0) | 1 << position
    branches: list[list[int]] = [[] for _ in join.reads]
    # From the join upwards, latest first: every reader of a node comes before it.
    while heap:
        index = -heapq.heappop(heap)
        mask = masks[index]
        if mask == full:
            break
        for position in range(len(join.reads)):
            if mask >> position & 1:
                branches[position].append(index)
        for read in network.nodes[index].reads:
            if read not in masks:
                heapq.heappush(heap, -read)
            masks[read] = masks.get(read, 0) | mask
    return [sorted(branch) for branch in branches]
