"""The scores that a search by labels looks below, one after another."""

from __future__ import annotations

from math import log

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
