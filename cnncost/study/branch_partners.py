"""Pair the layers of parallel branches that stand in another order in another network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncost.study.align import GAP, AlignedItem, Pair, pairing_cost


def pair_branches(
    pairs: Sequence[Pair], first: Sequence[AlignedItem], second: Sequence[AlignedItem]
) -> list[Pair]:
    """Exchange partners within branches, of pairs that an alignment in order has made.

    In regions of branches of which some layers are partners, equal layers become partners, however
    their branches stand; of the others each keeps its own where it is left, or gets a like one.

    >>> from cnncost.shape import Shape
    >>> from cnncost.study.align import MatchKind, align_layers
    >>> def conv(filters):
    ...     kind = MatchKind("conv", True, Shape(filters, (4, 4)), 27 * filters, 432 * filters)
    ...     return AlignedItem("conv", given=False, kind=kind, region=0)
    >>> here, there = [conv(8), conv(16)], [conv(16), conv(8)]
    >>> pair_branches(align_layers(here, there), here, there)
    [(0, 1), (1, 0)]
    """
    branches = _PartnerSearch(pairs, first, second)
    branches.pair_within(0)
    branches.keep_partners()
    branches.pair_within(2 * GAP - 1)
    return _exchange_partners(pairs, branches.free, branches.found)


class _PartnerSearch:
    """The layers of branches without an equal partner, while they get others."""

    def __init__(
        self, pairs: Sequence[Pair], first: Sequence[AlignedItem], second: Sequence[AlignedItem]
    ) -> None:
        self.first, self.second = first, second
        self.free: dict[int, int | None] = {}
        """Those of the first list, with the partners that they had."""
        self.found: dict[int, int] = {}
        """Their partners."""
        self._left: dict[int, dict[int, None]] = {}
        """Those of the second list that are still free, by their region."""
        self._beside: dict[int, dict[int, None]] = {}
        """For each region of the first list those of the second that it has partners in."""
        for i, j in pairs:
            a = -1 if i is None else first[i].region
            b = -1 if j is None else second[j].region
            if a >= 0 and b >= 0:
                self._beside.setdefault(a, {})[b] = None
            if i is not None and j is not None and not _cost_of(first[i], second[j]):
                continue
            if i is not None and a >= 0:
                self.free[i] = j
            if j is not None and b >= 0:
                self._left.setdefault(b, {})[j] = None

    def pair_within(self, most: int) -> None:
        """Pair each free layer with the first one beside it that costs at most so much."""
        for i in self.free:
            regions = self._beside.get(self.first[i].region, {}) if i not in self.found else {}
            beside = (j for region in regions for j in self._left.get(region, ()))
            costs = ((j, _cost_of(self.first[i], self.second[j])) for j in beside)
            if (j := next((j for j, cost in costs if cost <= most), None)) is not None:
                self._pair(i, j)

    def keep_partners(self) -> None:
        """Give each layer that has none its own partner back, if that is free."""
        for i, j in self.free.items():
            if j is not None and i not in self.found:
                region = self.second[j].region
                if region < 0 or j in self._left.get(region, ()):
                    self._pair(i, j)

    def _pair(self, i: int, j: int) -> None:
        self.found[i] = j
        self._left.get(self.second[j].region, {}).pop(j, None)


def _exchange_partners(
    pairs: Sequence[Pair], free: Mapping[int, int | None], found: Mapping[int, int]
) -> list[Pair]:
    """Give layers the partners that were found, in the order of the first list; layers of the
    second that have none stay where they were."""
    taken = set(found.values())
    exchanged: list[Pair] = []
    for i, j in pairs:
        if i is not None:
            exchanged.append((i, found.get(i)) if i in free else (i, None if j in taken else j))
        if j is not None and j not in taken and (i is None or i in free):
            exchanged.append((None, j))
    return exchanged


def _cost_of(a: AlignedItem, b: AlignedItem) -> int:
    same = a.given and b.given and a.name == b.name
    return 0 if same else pairing_cost(a.kind, b.kind)
