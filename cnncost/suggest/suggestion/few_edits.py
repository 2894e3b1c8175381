"""Plans of few edits: preferred where they are as good, and what they miss where they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from cnncost.suggest.edits.budget import Budget, Measures
from cnncost.suggest.edits.edit import UNIT
from cnncost.suggest.search.plan import FewEdits, Plan
from cnncost.suggest.search.plan_search import PlanSearch

FEW = (1, 2, 3)
"""Of how many edits good plans are shown, and preferred where they are as good."""

AS_GOOD = 0.02
"""Up to so much more a plan of fewer edits costs that is preferred."""


class FewestChoice(NamedTuple):
    """The plan that is preferred, and those beside it."""

    plan: Plan
    others: tuple[Plan, ...]
    """Good plans of one, two and three edits, and the best of all."""
    few: FewEdits | None


def choose_fewest(
    search: PlanSearch,
    budgets: Sequence[Budget],
    best: Plan,
    single: Plan | None,
    savings: Mapping[str, Sequence[int]],
) -> FewestChoice:
    """Choose the plan of the fewest edits among those that are nearly as good as the best.

    `single` is the best plan of one edit; `savings` are, for each count, what the best option of
    each decision saves.
    """
    found = [single] if single is not None and len(best.edits) > 1 else []
    proved = False
    for count in FEW[1:]:
        if count >= len(best.edits) or search.variants.clock.left <= 0:
            break
        known = found[-1] if found else None
        result = search.find_few(budgets, count, savings, known)
        proved = result.proved and result.plan is None
        plan = result.plan
        if plan is not None and (not found or plan.price < found[-1].price):
            found.append(plan)
    # A plan whose file scores no higher is as good too, whatever its edits cost one by one.
    good = (
        plan
        for plan in found
        if plan.price - best.price < AS_GOOD * UNIT or plan.score <= best.score
    )
    chosen = next(good, best)
    if not chosen.proved:  # what no plan scores below holds for those of few edits too
        chosen = replace(chosen, bound=min(best.bound, chosen.price))
    listed = [plan for plan in (*found, best) if plan.edits != chosen.edits]
    few = None
    if len(chosen.edits) > max(FEW):
        last = found[-1] if found else None
        nearest = None if last else _measure_largest(chosen, budgets)
        few = FewEdits(max(FEW), last, proved, nearest)
    return FewestChoice(chosen, tuple(listed), few)


def _measure_largest(plan: Plan, budgets: Sequence[Budget]) -> Measures | None:
    """Measure the network after the few edits of a plan that save most of the budgets' metrics;
    None where they make no network by themselves."""
    editable, before = plan.editable, plan.editable.measure(plan.editable.network)
    saved: list[tuple[float, int]] = []
    for at, edit in enumerate(plan.own_edits):
        spec = editable.read_edited(edit.changes)
        if spec is None or editable.clock.left <= 0:
            continue
        after = editable.measure(spec.network)
        parts = [(before[b.metric] - after[b.metric]) / max(1, before[b.metric]) for b in budgets]
        saved.append((-sum(parts), at))
    room = max(FEW) - len(plan.leading)
    if len(saved) < len(plan.own_edits):
        return None
    kept = sorted(at for _, at in sorted(saved)[:room])
    spec = editable.read_edited([c for at in kept for c in plan.own_edits[at].changes])
    return None if spec is None else editable.measure(spec.network)
