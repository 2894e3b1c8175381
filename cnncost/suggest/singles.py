"""Single edits: each alone, recounted, those that help the budgets most for their score first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnncost.suggest.budget import Budget
from cnncost.suggest.damage import UNIT
from cnncost.suggest.draft import Draft, Measures
from cnncost.suggest.plan import Single, single
from cnncost.suggest.variable import Choice

FLOOR = 0.002 * UNIT
"""Added to a score before dividing by it, so that free edits that hardly save don't lead."""


def ranked(
    draft: Draft, choices: Iterable[Choice], before: Measures, budgets: Sequence[Budget]
) -> tuple[Single, ...]:
    """The edits that save some metric, by what they save for their score.

    With budgets, saved is the part of the excess that is gone; without, the part of the
    metric, both averaged over the metrics.
    """
    found = [single(draft, choice) for choice in choices]
    saving = [s for s in found if s is not None and _saves(s, before)]
    return tuple(sorted(saving, key=lambda s: -_worth(s, before, budgets)))


def _saves(one: Single, before: Measures) -> bool:
    return any(one.after[metric] < value for metric, value in before.items())


def _worth(one: Single, before: Measures, budgets: Sequence[Budget]) -> float:
    over = {b.metric: b.most for b in budgets if before[b.metric] > b.most}
    saved = 0.0
    for metric in over or ("weights", "connections"):
        most = over.get(metric, 0)
        excess = before[metric] - most
        gone = before[metric] - max(one.after[metric], most)
        saved += gone / excess if excess else 0.0
    return saved / (one.choice.score + FLOOR)
