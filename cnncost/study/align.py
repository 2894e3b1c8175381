"""Align two lists of layers by the names that their specs give, and by likeness in between."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cnncost.shape import Shape

GAP = 50
"""The cost of a layer without a partner. Two layers are paired only if that costs less than twice
this."""

NEVER = 10 * GAP
"""The cost of a pair that must not be."""

RENAMED = 10
"""The cost of different names: it decides between partners that are alike."""

CELLS = 300_000
"""The largest table of pairs that is filled whole; of a larger one only a band on its diagonal."""

NARROWEST = 16
"""The least half width of the band: how many layers one list may run ahead of the other."""


class AlignedItem(NamedTuple):
    """A layer as the alignment sees it."""

    name: str
    given: bool
    """Whether the spec gives the name. Automatic numbers shift when a layer is inserted."""
    kind: MatchKind
    region: int = -1
    """The same for all layers of parallel branches; -1 where a layer is in none."""


class MatchKind(NamedTuple):
    """All of a layer but its name: layers of equal kinds are alike."""

    word: str
    counted: bool
    output: Shape
    parameters: int
    connections: int


Pair = tuple[int | None, int | None]
"""A layer of the first list and one of the second, by index; None where it has no partner."""


def align_layers(first: Sequence[AlignedItem], second: Sequence[AlignedItem]) -> list[Pair]:
    """Pair the layers of two lists, keeping the order of both.

    Layers whose given names are equal belong together. The layers between them are aligned
    at the least cost (Needleman & Wunsch 1970): unlike pairs cost more, and so do layers
    without a partner.

    >>> def conv(filters):
    ...     kind = MatchKind("conv", True, Shape(filters, (4, 4)), 27 * filters, 432 * filters)
    ...     return AlignedItem("conv", given=False, kind=kind)
    >>> align_layers([conv(8), conv(32)], [conv(8), conv(16), conv(32)])
    [(0, 0), (None, 1), (1, 2)]
    """
    places = {item.name: j for j, item in enumerate(second) if item.given}
    named = [
        (i, places[item.name])
        for i, item in enumerate(first)
        if item.given and item.name in places
    ]  # fmt: skip
    pairs: list[Pair] = []
    i = j = 0
    for anchor in [*_longest_increasing(named), (len(first), len(second))]:
        pairs += _shift_pairs(_align_between(first[i : anchor[0]], second[j : anchor[1]]), i, j)
        if anchor[0] < len(first):
            pairs.append(anchor)
        i, j = anchor[0] + 1, anchor[1] + 1
    return pairs


def pairing_cost(a: MatchKind, b: MatchKind) -> int:
    """Return the cost of pairing two layers: 0 if their kinds are equal, `NEVER` if they cannot be
    partners."""
    if a == b:
        return 0
    if a.word != b.word and a.counted != b.counted:
        return NEVER
    cost = 60 * (a.word != b.word)
    cost += 30 * (a.output.channels != b.output.channels)
    cost += 20 * (a.output.extents != b.output.extents)
    most = max(a.parameters, b.parameters)
    return cost + (40 - 40 * min(a.parameters, b.parameters) // most if most else 0)


def _shift_pairs(pairs: Sequence[Pair], i: int, j: int) -> list[Pair]:
    return [(None if a is None else a + i, None if b is None else b + j) for a, b in pairs]


def _longest_increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Find the most pairs whose second indices increase too (Fredman 1975).

    Pairs that cross, because names have changed places, cannot all be kept.
    """
    ends: list[int] = []
    """For each length, the index of the last pair of the best selection of that length."""
    before: list[int | None] = []
    for k, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j, key=lambda end: pairs[end][1])
        before.append(ends[length - 1] if length else None)
        ends[length : length + 1] = [k]
    chosen: list[tuple[int, int]] = []
    at = ends[-1] if ends else None
    while at is not None:
        chosen.append(pairs[at])
        at = before[at]
    return chosen[::-1]


def _align_between(first: Sequence[AlignedItem], second: Sequence[AlignedItem]) -> list[Pair]:
    """Align two lists that share no names: pair equal heads and tails first, then the middle."""
    head = _count_common(first, second, lambda a, b: (a.name, a.kind) == (b.name, b.kind))
    rest = first[head:], second[head:]
    # Numbers in names are shifted behind an insertion: here the kinds are enough.
    tail = _count_common(rest[0][::-1], rest[1][::-1], lambda a, b: a.kind == b.kind)
    n, m = len(rest[0]) - tail, len(rest[1]) - tail
    return [
        *((k, k) for k in range(head)),
        *_shift_pairs(_cheapest_alignment(rest[0][:n], rest[1][:m]), head, head),
        *((head + n + k, head + m + k) for k in range(tail)),
    ]


def _count_common(
    first: Sequence[AlignedItem],
    second: Sequence[AlignedItem],
    equal: Callable[[AlignedItem, AlignedItem], bool],
) -> int:
    """Count the equal items at the heads of two lists."""
    count = 0
    for a, b in zip(first, second, strict=False):
        if not equal(a, b):
            break
        count += 1
    return count


def _cheapest_alignment(first: Sequence[AlignedItem], second: Sequence[AlignedItem]) -> list[Pair]:
    """Find the alignment of least cost by dynamic programming over all pairs of beginnings."""
    if not first or not second:
        return [*((i, None) for i in range(len(first))), *((None, j) for j in range(len(second)))]
    bands = _band_of_rows(len(first), len(second))
    moves: list[tuple[int, bytearray]] = []
    likeness = _Likeness()
    low, costs = 0, [GAP * j for j in range(bands[0][1] + 1)]
    """The costs of the table's row above, from column `low` on."""
    for i, (start, end) in enumerate(bands[1:], start=1):
        row, above, above_low = [], costs, low
        taken = bytearray()
        left = _BEYOND
        for j in range(start, end + 1):
            up, diagonal = _cost_at(above, j - above_low), _cost_at(above, j - 1 - above_low)
            best, move = up + GAP, _FIRST
            if left + GAP < best:
                best, move = left + GAP, _SECOND
            if j and diagonal <= best:  # else no pair, whatever it costs, would be cheaper
                paired = diagonal + likeness.find_cost(first[i - 1], second[j - 1])
                if paired <= best:
                    best, move = paired, _BOTH
            row.append(best)
            taken.append(move)
            left = best
        moves.append((start, taken))
        low, costs = start, row
    return _walk_back(moves, len(first), len(second))


_FIRST, _SECOND, _BOTH = range(3)
"""How a cell of the table is reached: by a layer of the first list, of the second, or a pair."""

_BEYOND = 2**62
"""The cost of a cell outside of the band."""


def _cost_at(costs: Sequence[int], k: int) -> int:
    return costs[k] if 0 <= k < len(costs) else _BEYOND


def _band_of_rows(n: int, m: int) -> list[tuple[int, int]]:
    """List the first and last column of each row of the table: all, or those near the diagonal."""
    if n * m <= CELLS:
        return [(0, m)] * (n + 1)
    # The diagonal climbs m / n columns a row; the band must hold its steps.
    width = max(NARROWEST, m // n + 1, CELLS // (2 * n))
    return [(max(0, i * m // n - width), min(m, i * m // n + width)) for i in range(n + 1)]


class _Likeness:
    """The costs of pairs; each is computed once per pair of kinds."""

    def __init__(self) -> None:
        self.known: dict[tuple[MatchKind, MatchKind], int] = {}

    def find_cost(self, a: AlignedItem, b: AlignedItem) -> int:
        key = (a.kind, b.kind)
        if key not in self.known:
            self.known[key] = pairing_cost(*key)
        return self.known[key] + RENAMED * (a.name != b.name)


def _walk_back(moves: Sequence[tuple[int, bytearray]], i: int, j: int) -> list[Pair]:
    """Collect the pairs on the way back from the table's last cell; a removed layer comes before an
    added one."""
    pairs: list[Pair] = []
    while i or j:
        if i:
            start, taken = moves[i - 1]
            move = taken[j - start]
        else:
            move = _SECOND
        i, j = i - (move != _SECOND), j - (move != _FIRST)
        pairs.append((None if move == _SECOND else i, None if move == _FIRST else j))
    return pairs[::-1]
