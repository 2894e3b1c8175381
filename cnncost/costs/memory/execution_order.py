"""The execution order of the smallest inference peak, by exact search over sets of executed nodes.

Three rules keep the search small; none of them loses the smallest peak:
1. no order has a smaller peak than the step that needs most bytes by itself. Two orders are
   known before the search: the program's, and one branch after the other. If one of them needs
   no more than that step, it is the answer. Otherwise the search drops every set that it
   reaches only with their peak or a higher one;
2. a node runs at once if it fits within the peak so far and leaves no more bytes alive than
   before: whatever another order runs before it has as much room behind it;
3. among branches that are alike (equal sizes, between the same nodes) the first one starts first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from cnncost.costs.memory.inference import Lives
from cnncost.network import Input, Network, Node

CAP = 20_000
"""How many states the search visits before it gives up."""
WORK = 5_000_000
"""The most visited states times nodes: each state looks at each node once."""
WAITING = 150_000
"""The most states that are put into the queue: each takes memory."""


class ExecutionOrder(NamedTuple):
    """An order and its peak."""

    bytes: int
    nodes: tuple[int, ...]
    proved: bool
    """Whether no order has a smaller peak. If false, the search was cut off."""


def smallest_peak(network: Network, alive: Lives, cap: int = CAP) -> ExecutionOrder:
    """Find the topological order of the smallest peak, when outputs are freed after their last use.

    Views and in-place layers run in their given order after what they overwrite, as their
    storage's only reader does. This is a best-first search over executed sets: the first
    complete set that leaves the queue has the smallest peak (minimax path, Dijkstra's
    argument). If the search is cut off, the answer is the best order known.

    The example has two branches that have 100 numbers each before they narrow to one. In the
    program's order both are wide at once (`c` runs before `b`). One after the other they need
    at most 1 (the input) + 1 (`b`) + 100 (`c`) + 1 (`d`) numbers.

    >>> from cnncost.costs.memory.inference import find_lives
    >>> from cnncost.language import read_spec
    >>> a, b = "{name: a, dense: 100}", "{name: b, from: a, dense: 1}"
    >>> c, d = "{name: c, from: input, dense: 100}", "{name: d, from: c, dense: 1}"
    >>> lines = f"[{a}, {c}, {b}, {d}, {{add: [b, d]}}]"
    >>> network = read_spec(f"{{input: [1], layers: {lines}}}", "two branches").network
    >>> alive = find_lives(network, batch=1, size=1)
    >>> max(alive.sum_live_bytes()), smallest_peak(network, alive).bytes
    (202, 103)
    >>> [network.nodes[i].name for i in smallest_peak(network, alive).nodes]
    ['input', 'a', 'b', 'c', 'd', 'add1']
    """
    known = _known_order(network, alive)
    least = _least_peak(network, alive)
    if known.bytes == least:
        return known._replace(proved=True)
    if min(cap, WORK // len(network.nodes)) < len(network.layers):
        return known  # too few states to reach the end
    return _Search(network, alive, known).search_order(cap, least)


def _known_order(network: Network, alive: Lives) -> ExecutionOrder:
    """Return the program's order, or one branch after the other if that has a smaller peak."""
    program = ExecutionOrder(
        max(alive.sum_live_bytes()), tuple(range(len(network.nodes))), proved=False
    )
    branches = _branch_by_branch(network)
    peak = _find_order_peak(network, alive, branches)
    return ExecutionOrder(peak, branches, proved=False) if peak < program.bytes else program


def _branch_by_branch(network: Network) -> tuple[int, ...]:
    """Return the order that computes a node's inputs one after the other, each with all that it
    needs, and then runs the node."""
    order = dict.fromkeys(node.index for node in network.inputs)
    for output in network.outputs:
        waiting = [output]
        while waiting:
            missing = [i for i in network.nodes[waiting[-1]].reads if i not in order]
            if missing:
                waiting.append(missing[0])
            else:
                order[waiting.pop()] = None
    return tuple(order)


def _find_order_peak(network: Network, alive: Lives, order: tuple[int, ...]) -> int:
    """Find the most bytes alive in an order, when outputs are freed after their last use."""
    base, sizes = alive.base, alive.sizes
    left = [0] * len(base)
    """How many uses of each storage are still to come; inputs and outputs keep one for ever."""
    for i in (*network.outputs, *(node.index for node in network.inputs)):
        left[base[i]] += 1
    for node in network.nodes:
        for b in _used_storages(node, base):
            left[b] += 1
    live = most = sum(sizes[node.index] for node in network.inputs)
    for i in order[len(network.inputs) :]:
        live += sizes[i] if base[i] == i else 0
        most = max(most, live + alive.scratch[i])
        for b in _used_storages(network.nodes[i], base):
            left[b] -= 1
            live -= 0 if left[b] else sizes[b]
    return most


def _used_storages(node: Input | Node, base: Sequence[int]) -> tuple[int, ...]:
    """List the storages that a step uses, each once."""
    return tuple(dict.fromkeys(base[i] for i in (*node.reads, node.index)))


def _least_peak(network: Network, alive: Lives) -> int:
    """Find the bytes of the step that needs most by itself: its inputs, its output, its
    temporaries and the network's inputs."""
    held = {node.index for node in network.inputs}
    always = sum(alive.sizes[i] for i in held)
    found = [always]
    for node in network.layers:
        sizes = [alive.sizes[b] for b in _used_storages(node, alive.base) if b not in held]
        found.append(always + sum(sizes) + alive.scratch[node.index])
    return max(found)


def reorder_network(network: Network, order: tuple[int, ...]) -> Network:
    """Return the same network with its nodes in another topological order."""
    at = {old: new for new, old in enumerate(order)}
    nodes = tuple(_renumber_node(network.nodes[old], at) for old in order)
    outputs = tuple(sorted(at[i] for i in network.outputs))
    return replace(network, nodes=nodes, outputs=outputs)


def _renumber_node(node: Input | Node, at: dict[int, int]) -> Input | Node:
    """Return the node with its own index, and those that it refers to, replaced by the new ones."""
    index = at[node.index]
    if node.layer is None:
        return replace(node, index=index)
    shares = None if node.shares is None else at[node.shares]
    return replace(node, index=index, reads=tuple(at[i] for i in node.reads), shares=shares)


class _Search:
    """The search. A set of executed nodes is a bit mask; sets are visited by smallest peak."""

    def __init__(self, network: Network, alive: Lives, known: ExecutionOrder) -> None:
        self.nodes, self.alive, self.known = network.nodes, alive, known
        self.full = (1 << len(self.nodes)) - 1
        self.needs = [sum(1 << i for i in set(node.reads)) for node in self.nodes]
        self.readers = [0] * len(self.nodes)
        """For each storage the mask of the nodes that read it."""
        for node in self.nodes:
            for i in node.reads:
                self.readers[alive.base[i]] |= 1 << node.index
        self.stays = {alive.base[i] for i in network.outputs}
        self.stays |= {node.index for node in network.inputs}
        self.best: dict[int, int] = {}
        """For each set the smallest peak at which it has been reached so far."""
        for twins in _Branches(network, alive, self.stays).group_alike():
            for first, second in pairwise(twins):
                self.needs[second] |= 1 << first

    def search_order(self, cap: int, least: int) -> ExecutionOrder:
        first = [node.index for node in self.nodes if node.layer is None]
        start = sum(1 << i for i in first)
        live = sum(self.alive.sizes[i] for i in first)
        queue = [(max(live, least), 0, start, live)]
        came: dict[int, tuple[int, int]] = {}
        seen: set[int] = set()
        most_seen = min(cap, WORK // len(self.nodes))
        while queue:
            if len(seen) >= most_seen or len(self.best) >= WAITING:
                return self.known
            most, _, done, live = heappop(queue)
            if done == self.full:
                return ExecutionOrder(most, (*first, *self._trace_path(came, start)), proved=True)
            if done in seen:
                continue
            seen.add(done)
            for i, after, peak, left in self._list_next_steps(done, live, most):
                worst = max(most, peak)
                if after in seen or self.best.get(after, self.known.bytes) <= worst:
                    continue
                came[after] = (done, i)
                self.best[after] = worst
                heappush(queue, (worst, -after.bit_count(), after, left))
        return self.known._replace(proved=True)  # every other order has its peak, or more

    def _list_next_steps(self, done: int, live: int, most: int) -> list[tuple[int, int, int, int]]:
        """List the nodes that can run next: index, set afterwards, live bytes during and after."""
        found = []
        for i, needs in enumerate(self.needs):
            if done >> i & 1 or needs & ~done:
                continue
            after = done | 1 << i
            new = self.alive.sizes[i] if self.alive.base[i] == i else 0
            during = live + new + self.alive.scratch[i]
            left = live + new - self._freed_bytes(i, after)
            if during <= most and left <= live:
                return [(i, after, during, left)]
            found.append((i, after, during, left))
        return found

    def _freed_bytes(self, i: int, after: int) -> int:
        return sum(
            self.alive.sizes[b]
            for b in _used_storages(self.nodes[i], self.alive.base)
            if b not in self.stays and not self.readers[b] & ~after
        )

    def _trace_path(self, came: dict[int, tuple[int, int]], start: int) -> list[int]:
        path, done = [], self.full
        while done != start:
            done, i = came[done]
            path.append(i)
        return path[::-1]


class _Branches:
    """The branches of a network: rows of nodes, each the only reader of the one before it."""

    def __init__(self, network: Network, alive: Lives, stays: set[int]) -> None:
        self.nodes, self.alive, self.stays = network.nodes, alive, stays
        self.readers = [list(dict.fromkeys(readers)) for readers in network.readers]
        """For each node the indices of the nodes that read it, each once."""

    def group_alike(self) -> Iterator[list[int]]:
        """Group branches that can be swapped without changing any peak; each by its first node."""
        found: dict[tuple[object, ...], list[int]] = {}
        for node in self.nodes:
            if node.layer is not None and not self._continues_branch(node.index):
                found.setdefault(self._branch_key(node.index), []).append(node.index)
        return (heads for heads in found.values() if len(heads) > 1)

    def _branch_key(self, head: int) -> tuple[object, ...]:
        """Describe a branch as memory sees it: its inputs, its steps, the readers of its end."""
        branch = self._follow_branch(head)
        place = {i: position - len(branch) for position, i in enumerate(branch)}
        steps = [
            (
                self.alive.sizes[i],
                self.alive.scratch[i],
                place.get(base := self.alive.base[i], base),
                base in self.stays,
            )
            for i in branch
        ]
        reads, readers = self.nodes[head].reads, self.readers[branch[-1]]
        return frozenset(reads), tuple(steps), tuple(readers)

    def _follow_branch(self, head: int) -> list[int]:
        branch = [head]
        while len(behind := self.readers[branch[-1]]) == 1 and self._continues_branch(behind[0]):
            branch += behind
        return branch

    def _continues_branch(self, index: int) -> bool:
        """Whether a node is the only reader of the one layer that it reads."""
        reads = dict.fromkeys(self.nodes[index].reads)
        (source, *others) = reads
        return (
            not others and self.nodes[source].layer is not None and self.readers[source] == [index]
        )
