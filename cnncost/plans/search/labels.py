"""Labels of a search: those that another of the same state beats, and below which scores to look
one after another, few labels first.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncost.arrays import Bools, Ints

RIVALS = 48
"""How many labels of a state every other one is compared with."""

COMPARED = 1 << 14
"""Pairs of labels compared in one go: many small arrays cost more than a few large ones."""


def undominated_labels(labels: Ints, states: Ints) -> Ints:
    """Return the places of the labels (one or more) that no label of their state dominates.

    A label dominates another if none of its amounts is larger; the third one here is dominated.

    >>> import numpy as np
    >>> labels = np.array([[3, 40], [4, 30], [4, 45]])
    >>> undominated_labels(labels, np.zeros(3, dtype=int)).tolist()
    [0, 1]

    Every label is compared with the first ones of its state only, by what they have taken:
    one too many kept costs time, never a plan.
    """
    import numpy as np

    order = np.lexsort((*labels.T[::-1], states))
    for _ in range(2):
        group = states[order]
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        sizes = np.diff(np.r_[starts, len(group)])
        first: Ints = np.repeat(starts, sizes)
        place = np.arange(len(order)) - first
        sorted_ = labels[order]
        alive: Bools = np.ones(len(order), dtype=bool)
        most = min(int(sizes.max()) - 1, RIVALS)
        at_once = max(1, COMPARED // len(order))
        for start in range(0, most, at_once):
            rivals = np.arange(start, min(start + at_once, most))
            later = np.flatnonzero(alive & (place > start))
            earlier = rivals < place[later, None]
            against = np.minimum(first[later, None] + rivals, later[:, None])
            worse = np.broadcast_to(earlier, against.shape)
            for amounts in sorted_.T:  # one by one: to reduce a short last axis is slow
                worse = worse & (amounts[against] <= amounts[later, None])
            alive[later[worse.any(axis=1)]] = False
        order = order[alive]
        if most < RIVALS:
            break  # every pair has been compared
    return order


FEW_LABELS, GROWTH = 20_000, 3.0
"""Labels that cost no time to speak of; and how many times more the next rung may take."""


class ScoreLadder:
    """The scores to look below, one after another: few labels first.

    Each rung is as high as is expected to make `GROWTH` times as many labels as the one before, or
    few labels; the last two rungs tell how they grow. The first is a 32nd of the whole range:

    >>> ScoreLadder(10, 330).next_target()  # 10 scores from 10 on
    19
    """

    def __init__(self, least: int, most: int) -> None:
        self.bound = least
        self.most = most
        self.rung = max(1, (most - least) // 32)
        self.labels = 1

    def next_target(self) -> int | None:
        """The next score to look below; None once nothing is left below the highest."""
        return None if self.bound > self.most else min(self.bound + self.rung - 1, self.most)

    def raise_bound(self, target: int, labels: int) -> None:
        """Note that no options score up to a target, and how many labels it took to show that."""
        rung = target + 1 - self.bound
        self.bound = target + 1
        grown = log(max(labels / self.labels, 1.01))
        wished = log(max(GROWTH * FEW_LABELS / max(1, labels), GROWTH))
        self.rung = max(1, int(rung * min(4.0, wished / grown)))
        self.labels = max(1, labels)

    def lower_rung(self) -> bool:
        """Try a lower rung after too many labels; say whether there is one."""
        self.rung //= 4
        return self.rung > 0
