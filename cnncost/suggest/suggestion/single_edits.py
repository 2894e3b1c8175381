"""Single edits: each alone, those that help the budgets most for their score first.

They are ranked by what the counter foresees of them; what is shown is written, read and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from cnncost.suggest.search.plan import SingleEdit, measure_single_edit
from cnncost.suggest.text.budget import Budget
from cnncost.suggest.text.edit import Edit
from cnncost.suggest.text.editable_spec import EditableSpec
from cnncost.suggest.text.meter import Measures
from cnncost.suggest.text.scores import UNIT

FLOOR = 0.002 * UNIT
"""Added to a score before dividing by it, so that free edits that hardly save don't lead."""


class ForeseenEdit(NamedTuple):
    """One edit, and the network as it would be counted."""

    edit: Edit
    after: Measures
    apart: bool = False
    """Whether it is shown beside other edits of its place."""


class SingleEdits:
    """Edits that save some metric, the best for their score first."""

    def __init__(
        self,
        editable: EditableSpec,
        foreseen: Sequence[ForeseenEdit],
        before: Measures,
        budgets: Sequence[Budget],
        untried: int = 0,
    ) -> None:
        self.editable = editable
        self.tried, self.untried = len(foreseen), untried
        """How many edits were tried, and how many there was no time for."""
        self.before, self.budgets = before, budgets
        saving = [one for one in foreseen if self._saves_any(one.after)]
        self.ranked = tuple(
            sorted(saving, key=lambda one: -_saving_per_score(one, before, budgets))
        )

    def __len__(self) -> int:
        return len(self.ranked)

    def saving_per_score(self, one: SingleEdit) -> float:
        """What an edit saves of what is too much, on average, for a score of 1."""
        return _saving_per_score(one, self.before, self.budgets)

    def __iter__(self) -> Iterator[SingleEdit]:
        """The edits, each recounted when it is reached; the first one, and more while there is
        time."""
        return self._recount([one.edit for one in self.ranked])

    def _recount(self, edits: Sequence[Edit]) -> Iterator[SingleEdit]:
        for position, edit in enumerate(edits):
            if position and self.editable.clock.left <= 0:
                return
            one = measure_single_edit(self.editable, edit)
            if one is not None and self._saves_any(one.after):
                yield one

    def take_first(self, count: int) -> tuple[SingleEdit, ...]:
        """The best few, recounted: of each place and kind the best edit, then the others."""
        places: dict[tuple[str, str], Edit] = {}
        for edit, _, apart in self.ranked:
            place = edit.phrase if apart else edit.phrase.partition(":")[0]
            places.setdefault((edit.kind, place), edit)
        first = list(places.values())
        known = set(map(id, first))
        rest = [edit for edit, *_ in self.ranked if id(edit) not in known]
        return tuple(islice(self._recount([*first, *rest]), count))

    def _saves_any(self, after: Measures) -> bool:
        return any(after[metric] < value for metric, value in self.before.items())


def _saving_per_score(
    one: ForeseenEdit | SingleEdit, before: Measures, budgets: Sequence[Budget]
) -> float:
    """What an edit saves for its score: with budgets the part of the excess that is gone,
    without the part of the metric, both averaged over the metrics."""
    over = {b.metric: b.most for b in budgets if before[b.metric] > b.most}
    saved = 0.0
    for metric in over or ("weights", "connections"):
        most = over.get(metric, 0)
        excess = before[metric] - most
        gone = before[metric] - max(one.after[metric], most)
        saved += gone / excess if excess else 0.0
    return UNIT * saved / len(over or ("weights", "connections")) / (one.edit.score + FLOOR)
