"""The order of the smallest inference peak, by exact search over executed sets."""

from __future__ import annotations

from dataclasses import replace
from heapq import heappop, heappush
from typing import NamedTuple

from cnncost.costs.memory.inference import Lives
from cnncost.network import Network

CAP = 20_000
"""States that are looked at before the search gives up."""
WORK = 5_000_000
"""States times nodes, at most: every state looks at each node once."""


class Order(NamedTuple):
    """An order and its peak."""

    bytes: int
    nodes: tuple[int, ...]
    proved: bool
    """Whether no order has a smaller peak; else the search was cut off."""


def smallest_peak(network: Network, alive: Lives, cap: int = CAP) -> Order:
    """The topological order of the smallest peak by last use.

    Views and in-place layers run in their given order after what they overwrite, as their
    storage's only reader does. A best-first search over executed sets: the first complete
    set that is taken off the queue has the smallest peak (minimax path, Dijkstra's argument).
    """
    return _Search(network, alive).run(cap)


def reordered(network: Network, order: tuple[int, ...]) -> Network:
    """The same network with its nodes in another topological order."""
    at = {old: new for new, old in enumerate(order)}
    nodes = tuple(
        replace(
            network.nodes[old],
            index=new,
            reads=tuple(at[i] for i in network.nodes[old].reads),
            shares=None if (owner := network.nodes[old].shares) is None else at[owner],
        )
        for new, old in enumerate(order)
    )
    outputs = tuple(sorted(at[i] for i in network.outputs))
    return replace(network, nodes=nodes, outputs=outputs)


class _Search:
    """Executed sets as bit masks, each reached by its smallest peak first."""

    def __init__(self, network: Network, alive: Lives) -> None:
        self.nodes, self.alive = network.nodes, alive
        self.full = (1 << len(self.nodes)) - 1
        self.needs = [sum(1 << i for i in set(node.reads)) for node in self.nodes]
        self.readers = [0] * len(self.nodes)
        """By storage: everything that reads it, as a mask."""
        for node in self.nodes:
            for i in node.reads:
                self.readers[alive.base[i]] |= 1 << node.index
        self.stays = {alive.base[i] for i in network.outputs}
        self.best: dict[int, int] = {}
        """The smallest peak at which each set is reached so far."""
        self.stays |= {node.index for node in network.inputs}

    def run(self, cap: int) -> Order:
        start = sum(1 << node.index for node in self.nodes if node.layer is None)
        first = [node.index for node in self.nodes if node.layer is None]
        live = sum(self.alive.sizes[i] for i in first)
        queue = [(live, 0, start, live)]
        came: dict[int, tuple[int, int]] = {}
        seen: set[int] = set()
        most_seen = min(cap, WORK // len(self.nodes))
        while queue and len(seen) < most_seen:
            most, _, done, live = heappop(queue)
            if done == self.full:
                return Order(most, (*first, *self._path(came, start)), proved=True)
            if done in seen:
                continue
            seen.add(done)
            for i, after, peak, left in self._next(done, live):
                worst = max(most, peak)
                if after in seen or self.best.get(after, worst + 1) <= worst:
                    continue
                came[after] = (done, i)
                self.best[after] = worst
                heappush(queue, (worst, -after.bit_count(), after, left))
        timeline = self.alive.timeline()
        return Order(max(timeline), tuple(range(len(self.nodes))), proved=False)

    def _next(self, done: int, live: int) -> list[tuple[int, int, int, int]]:
        """What can run: its index, the set after it, live bytes during it and after it."""
        found = []
        for i, needs in enumerate(self.needs):
            if done >> i & 1 or needs & ~done:
                continue
            after = done | 1 << i
            new = self.alive.sizes[i] if self.alive.base[i] == i else 0
            during = live + new + self.alive.scratch[i]
            found.append((i, after, during, live + new - self._freed(i, after)))
        return found

    def _freed(self, i: int, after: int) -> int:
        bases = dict.fromkeys(self.alive.base[read] for read in (*self.nodes[i].reads, i))
        return sum(
            self.alive.sizes[b]
            for b in bases
            if b not in self.stays and not self.readers[b] & ~after
        )

    def _path(self, came: dict[int, tuple[int, int]], start: int) -> list[int]:
        path, done = [], self.full
        while done != start:
            done, i = came[done]
            path.append(i)
        return path[::-1]
