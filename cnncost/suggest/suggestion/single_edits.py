"""Single edits: each alone, those that help the budgets most for their score first.

They are ranked by what the counter foresees of them; what is shown is written, read and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from cnncost.suggest.search.plan import Single, single
from cnncost.suggest.text.budget import Budget
from cnncost.suggest.text.damage import UNIT
from cnncost.suggest.text.edit import Choice
from cnncost.suggest.text.editable_spec import Draft
from cnncost.suggest.text.meter import Measures

FLOOR = 0.002 * UNIT
"""Added to a score before dividing by it, so that free edits that hardly save don't lead."""


class Foreseen(NamedTuple):
    """One edit, and the network as it would be counted."""

    choice: Choice
    after: Measures


class Singles:
    """Edits that save some metric, the best for their score first."""

    def __init__(
        self,
        draft: Draft,
        foreseen: Sequence[Foreseen],
        before: Measures,
        budgets: Sequence[Budget],
        untried: int = 0,
    ) -> None:
        self.draft = draft
        self.tried, self.untried = len(foreseen), untried
        """How many edits were tried, and how many there was no time for."""
        self.before = before
        saving = [one for one in foreseen if self._saves(one.after)]
        self.ranked = tuple(sorted(saving, key=lambda one: -_worth(one, before, budgets)))

    def __len__(self) -> int:
        return len(self.ranked)

    def __iter__(self) -> Iterator[Single]:
        """The edits, each recounted when it is reached; the first one, and more while there is
        time."""
        for position, (choice, _) in enumerate(self.ranked):
            if position and self.draft.clock.left <= 0:
                return
            one = single(self.draft, choice)
            if one is not None and self._saves(one.after):
                yield one

    def first(self, count: int | None) -> tuple[Single, ...]:
        """The best few, recounted; all without a count."""
        return tuple(islice(self, count))

    def _saves(self, after: Measures) -> bool:
        return any(after[metric] < value for metric, value in self.before.items())


def _worth(one: Foreseen, before: Measures, budgets: Sequence[Budget]) -> float:
    """What an edit saves for its score: with budgets the part of the excess that is gone,
    without the part of the metric, both averaged over the metrics."""
    over = {b.metric: b.most for b in budgets if before[b.metric] > b.most}
    saved = 0.0
    for metric in over or ("weights", "connections"):
        most = over.get(metric, 0)
        excess = before[metric] - most
        gone = before[metric] - max(one.after[metric], most)
        saved += gone / excess if excess else 0.0
    return saved / (one.choice.score + FLOOR)
