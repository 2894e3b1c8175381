"""The order of the smallest inference peak, by exact search over executed sets.

What keeps the search small, none of which loses the smallest peak:
1. no order has a smaller peak than the step that needs most by itself. Two orders are known
   before: the program's, and branch after branch. Where one needs no more than that step, it is
   the smallest; and a set that is reached only at their peak or above is left out;
2. a node that can run within the peak so far, and leaves no more bytes alive than before, runs
   at once: whatever runs before it elsewhere finds as much room behind it;
3. of branches that are alike (the same sizes, between the same nodes) the first one starts first.
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
"""States that are looked at before the search gives up."""
WORK = 5_000_000
"""States times nodes, at most: every state looks at each node once."""
WAITING = 150_000
"""States that are put in the queue, at most: each is held in memory."""


class ExecutionOrder(NamedTuple):
    """An order and its peak."""

    bytes: int
    nodes: tuple[int, ...]
    proved: bool
    """Whether no order has a smaller peak; else the search was cut off."""


def smallest_peak(network: Network, alive: Lives, cap: int = CAP) -> ExecutionOrder:
    """The topological order of the smallest peak by last use.

    Views and in-place layers run in their given order after what they overwrite, as their
    storage's only reader does. A best-first search over executed sets: the first complete
    set that is taken off the queue has the smallest peak (minimax path, Dijkstra's argument).
    Where the search is cut off the answer is the best order known.

    Two branches, of 100 numbers each before they narrow to one. As the program has it both are
    wide at once (`c` runs before `b`); one after the other they need 1 (the input) + 1 (`b`) +
    100 (`c`) + 1 (`d`) numbers at most.

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
    """The program's order, or branch after branch where that has a smaller peak."""
    program = ExecutionOrder(
        max(alive.sum_live_bytes()), tuple(range(len(network.nodes))), proved=False
    )
    branches = _branch_by_branch(network)
    peak = _find_order_peak(network, alive, branches)
    return ExecutionOrder(peak, branches, proved=False) if peak < program.bytes else program


def _branch_by_branch(network: Network) -> tuple[int, ...]:
    """The order in which every node runs right after all that it needs, one input of it after
    the other."""
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
    """The most bytes alive in an order, by last use."""
    base, sizes = alive.base, alive.sizes
    left = [0] * len(base)
    """For each storage how many uses are still to come; what stays has one for ever."""
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
    """The storages that a step uses, each once."""
    return tuple(dict.fromkeys(base[i] for i in (*node.reads, node.index)))


def _least_peak(network: Network, alive: Lives) -> int:
    """What the step that needs most needs by itself: its inputs, its output, its temporaries and
    the network's inputs."""
    held = {node.index for node in network.inputs}
    always = sum(alive.sizes[i] for i in held)
    found = [always]
    for node in network.layers:
        sizes = [alive.sizes[b] for b in _used_storages(node, alive.base) if b not in held]
        found.append(always + sum(sizes) + alive.scratch[node.index])
    return max(found)


def reorder_network(network: Network, order: tuple[int, ...]) -> Network:
    """The same network with its nodes in another topological order."""
    at = {old: new for new, old in enumerate(order)}
    nodes = tuple(_renumber_node(network.nodes[old], at) for old in order)
    outputs = tuple(sorted(at[i] for i in network.outputs))
    return replace(network, nodes=nodes, outputs=outputs)


def _renumber_node(node: Input | Node, at: dict[int, int]) -> Input | Node:
    """The node with the new index of everything that it names by index."""
    index = at[node.index]
    if node.layer is None:
        return replace(node, index=index)
    shares = None if node.shares is None else at[node.shares]
    return replace(node, index=index, reads=tuple(at[i] for i in node.reads), shares=shares)


class _Search:
    """Executed sets as bit masks, each reached by its smallest peak first."""

    def __init__(self, network: Network, alive: Lives, known: ExecutionOrder) -> None:
        self.nodes, self.alive, self.known = network.nodes, alive, known
        self.full = (1 << len(self.nodes)) - 1
        self.needs = [sum(1 << i for i in set(node.reads)) for node in self.nodes]
        self.readers = [0] * len(self.nodes)
        """By storage: everything that reads it, as a mask."""
        for node in self.nodes:
            for i in node.reads:
                self.readers[alive.base[i]] |= 1 << node.index
        self.stays = {alive.base[i] for i in network.outputs}
        self.stays |= {node.index for node in network.inputs}
        self.best: dict[int, int] = {}
        """The smallest peak at which each set is reached so far."""
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
        """What can run: its index, the set after it, live bytes during it and after it."""
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
    """The branches of a network: nodes one behind the other, each the only reader of the last."""

    def __init__(self, network: Network, alive: Lives, stays: set[int]) -> None:
        self.nodes, self.alive, self.stays = network.nodes, alive, stays
        self.readers = [list(dict.fromkeys(readers)) for readers in network.readers]
        """For each node the nodes that read it, each once."""

    def group_alike(self) -> Iterator[list[int]]:
        """The first nodes of branches that may change places without a change of any peak."""
        found: dict[tuple[object, ...], list[int]] = {}
        for node in self.nodes:
            if node.layer is not None and not self._continues_branch(node.index):
                found.setdefault(self._branch_key(node.index), []).append(node.index)
        return (heads for heads in found.values() if len(heads) > 1)

    def _branch_key(self, head: int) -> tuple[object, ...]:
        """What a branch is to the memory: what it reads, its steps, and what reads its end."""
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
