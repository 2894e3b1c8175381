"""Place parts in ranks and lanes, so that each line has a way that crosses no part.

Ranks follow the flow. The longest path has lane 0; each branch has a lane of its own beside it, as
far as it and its lines reach. A line that passes ranks without a part runs in a track.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from cnncost.views.draw.figure_parts import PartGraph


class Way(NamedTuple):
    """The way of one line: from its part into the lane or track, along it, and to its end."""

    start: int
    end: int
    lane: int
    track: int = -1
    """The track that it runs in beside the parts; -1 if it stays in the lane."""


@dataclass(frozen=True)
class PartPlaces:
    """Where each part stands, and the ways of all lines."""

    ranks: tuple[int, ...]
    lanes: tuple[int, ...]
    ways: tuple[Way, ...]

    @cached_property
    def length(self) -> int:
        return 1 + max(self.ranks)

    @cached_property
    def breadth(self) -> int:
        return 1 + max(self.lanes)

    @cached_property
    def tracks(self) -> int:
        return 1 + max((way.track for way in self.ways), default=-1)


def place_parts(graph: PartGraph) -> PartPlaces:
    """Place all parts of a graph."""
    ranks = _find_ranks(graph)
    main = _find_longest_path(graph)
    lanes = _find_lanes(graph, ranks, main)
    return PartPlaces(tuple(ranks), tuple(lanes), tuple(_find_ways(graph, ranks, lanes)))


def _find_ranks(graph: PartGraph) -> list[int]:
    """Find how many parts each has before it on the longest way; an input stands just before its
    first reader."""
    ranks: list[int] = []
    readers = graph.list_readers()
    for reads in graph.list_reads():
        ranks.append(1 + max((ranks[i] for i in reads), default=-1))
    for i, reads in enumerate(graph.list_reads()):
        if not reads and readers[i]:
            ranks[i] = min(ranks[r] for r in readers[i]) - 1
    return ranks


def _find_longest_path(graph: PartGraph) -> set[int]:
    """Find the path with the most layers with weights; of equal ones, the first."""
    lengths: list[tuple[int, int]] = []
    before: list[int] = []
    for i, reads in enumerate(graph.list_reads()):
        best = max(reads, key=lambda r: lengths[r], default=-1)
        most, steps = lengths[best] if reads else (0, 0)
        lengths.append((most + graph.parts[i].weighted, steps + 1))
        before.append(best)
    at = max(range(len(lengths)), key=lambda i: lengths[i])
    path = set()
    while at >= 0:
        path.add(at)
        at = before[at]
    return path


def _find_lanes(graph: PartGraph, ranks: list[int], main: set[int]) -> list[int]:
    """Give each chain beside the longest path the lowest lane that is free as far as it reaches."""
    reads, readers = graph.list_reads(), graph.list_readers()
    lanes = [0] * len(graph.parts)
    taken: list[list[tuple[int, int]]] = []
    for i in range(len(graph.parts)):
        if i in main or _continues_chain(i, reads, readers, main):
            continue
        chain = [i]
        while len(readers[chain[-1]]) == 1:
            (following,) = readers[chain[-1]]
            if following in main or len(reads[following]) > 1:
                break
            chain.append(following)
        low = min((ranks[r] + 1 for r in reads[i]), default=ranks[i])
        high = max([ranks[chain[-1]], *(ranks[r] - 1 for r in readers[chain[-1]])])
        lane = _claim(taken, low, high)
        for member in chain:
            lanes[member] = lane + 1
    return lanes


def _continues_chain(
    i: int, reads: list[list[int]], readers: list[list[int]], main: set[int]
) -> bool:
    if len(reads[i]) != 1:
        return False
    (read,) = reads[i]
    return read not in main and len(readers[read]) == 1


def _claim(taken: list[list[tuple[int, int]]], low: int, high: int) -> int:
    """Take the lowest row that is free from `low` to `high`, both included."""
    for row, spans in enumerate(taken):
        if all(high < start or low > end for start, end in spans):
            spans.append((low, high))
            return row
    taken.append([(low, high)])
    return len(taken) - 1


def _find_ways(graph: PartGraph, ranks: list[int], lanes: list[int]) -> list[Way]:
    """Lead each line along its start's lane, or its end's if its start is on the longest path; a
    line of the longest path that passes others takes a track. Short ones are the innermost."""
    tracks: list[list[tuple[int, int]]] = []
    ways = []
    for start, end in sorted(graph.edges, key=lambda e: (ranks[e[1]] - ranks[e[0]], e)):
        lane = lanes[start] or lanes[end]
        track = -1
        if lane == 0 and ranks[end] - ranks[start] > 1:
            track = _claim(tracks, ranks[start] + 1, ranks[end] - 1)
        ways.append(Way(start, end, lane, track))
    return ways
