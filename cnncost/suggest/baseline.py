"""What a plan is held against: every width scaled alike, from the same menu."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from cnncost.suggest.budget import Budget, holds
from cnncost.suggest.draft import Draft
from cnncost.suggest.edits.width import PARTS
from cnncost.suggest.plan import Plan
from cnncost.suggest.variable import Variable


def uniform(draft: Draft, variables: Sequence[Variable], budgets: Sequence[Budget]) -> Plan | None:
    """The least uniform scaling of all widths that holds the budgets; None if none does."""
    for part in draft.clock.watched(PARTS):
        picked = [variable.choices[_nearest(variable, part)] for variable in variables]
        choices = [choice for choice in picked if choice.kind]
        spec = draft.edited([change for choice in choices for change in choice.changes])
        if spec is None:
            continue
        after = draft.measured(spec.network)
        if holds(after, budgets):
            score = sum(choice.score for choice in choices)
            return Plan(draft, tuple(choices), score, spec.text.text, after)
    return None


def _nearest(variable: Variable, part: Fraction) -> int:
    """The choice of a width closest to this part of it; 0 for what is no width."""
    if not variable.group:
        return 0
    distances = [abs(choice.part - part) for choice in variable.choices]
    return distances.index(min(distances))
