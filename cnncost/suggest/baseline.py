"""What a plan is held against: every width scaled alike, from the same menu."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from cnncost.suggest.budget import Budget
from cnncost.suggest.draft import METRICS
from cnncost.suggest.edits.width import PARTS
from cnncost.suggest.plan import Plan
from cnncost.suggest.search import Scene, holds, written
from cnncost.suggest.solver import Outcome
from cnncost.suggest.variable import Variable


def uniform(scene: Scene, budgets: Sequence[Budget]) -> Plan | None:
    """The least uniform scaling of all widths that holds the budgets; None if none does."""
    tables = scene.space.tables
    limits = {METRICS.index(budget.metric): budget.most for budget in budgets}
    for part in PARTS:
        chosen = tuple(_nearest(variable, part) for variable in scene.space.variables)
        costs = tables.costs(chosen)
        if costs is None or any(costs[m] > most for m, most in limits.items()):
            continue
        picked = zip(scene.space.variables, chosen, strict=True)
        score = sum(variable.choices[k].score for variable, k in picked)
        plan = written(scene, Outcome(chosen, score, proved=False))
        if plan is not None and holds(plan.after, budgets):
            return plan
    return None


def _nearest(variable: Variable, part: Fraction) -> int:
    """The choice of a width closest to this part of it; 0 for what is no width."""
    if not variable.group:
        return 0
    distances = [abs(choice.part - part) for choice in variable.choices]
    return distances.index(min(distances))
