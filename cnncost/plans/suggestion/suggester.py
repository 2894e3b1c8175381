"""The suggester: makes the suggestion for one spec, with its plan and those of fewer edits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from cnncost.plans.decisions.search_space import foresee_width, unlikely_edits
from cnncost.plans.decisions.width_trials import foresee_network
from cnncost.plans.edits.budget import Budget, budgets_hold
from cnncost.plans.edits.clock import TimeOverError
from cnncost.plans.edits.convolution_replacements import STRUCTURAL
from cnncost.plans.edits.edit import UNIT, Decision
from cnncost.plans.edits.meter import Measures
from cnncost.plans.search.plan import FewEdits, Plan, SearchResult
from cnncost.plans.search.plan_search import PlanSearch, Progress
from cnncost.plans.search.unmet_budgets import UnmetBudgets, find_unmet
from cnncost.plans.suggestion.answer import (
    PrecisionPlan,
    Suggestion,
    describe_space,
    list_precisions,
    price_precision,
    shares_by_family,
    widening_options,
)
from cnncost.plans.suggestion.plan_file import PlanWriter
from cnncost.plans.suggestion.prepared_search import (
    SINGLES,
    PreparedSearch,
    find_by_connections,
)
from cnncost.plans.suggestion.request import refuse_growth
from cnncost.plans.suggestion.single_edits import (
    ForeseenEdit,
    SingleEdits,
    find_single,
    list_joint_edits,
)

FEW = (1, 2, 3)
"""Of how many edits good plans are shown, and preferred where they are as good."""

AS_GOOD = 0.05
"""Up to so much more a plan of fewer edits costs that is preferred."""

CLOSING = 1.0
"""Seconds behind the time limit in which what was found is recounted for showing."""


class Suggester(PreparedSearch):
    """Makes the suggestions for one spec and one request."""

    def suggest(self, progress: Progress | None = None) -> Suggestion:
        """Find everything that there is to say: single edits, the plan, and what to hold it
        against."""
        with self.editable.clock.until(self.deadline_at(1)):
            found = self._suggest(progress)
        self.editable.clock.close(self.deadline_at(1) + CLOSING)
        return found

    def _suggest(self, progress: Progress | None) -> Suggestion:
        budgets = self.budgets()
        refuse_growth(self.request, budgets)
        tried_ones, untried = self._foresee_edits()
        grow = self.request.allowed.grow
        singles = SingleEdits(self.editable, tried_ones, self.before, budgets, untried, grow=grow)
        alike, scaled = self.scale_plan_uniformly(budgets)
        whole = self.search.complete and not untried
        single = find_single(self.editable, tried_ones, budgets, complete=whole)
        found = self._find_best(budgets, (alike, single), progress) if budgets else None
        plan, few = None if found is None else found.plan, None
        others: tuple[Plan, ...] = ()
        if plan is not None and self.request.most_edits is None:
            chosen = choose_fewest(self.search, budgets, plan, single, self.best_savings())
            plan, others, few = chosen.plan, chosen.others, chosen.few
        if plan is not None and alike is not None and self._may_have(alike):
            bound = plan.bound if found is None or found.plan is None else found.plan.bound
            plan, others = prefer_sure(plan, others, alike, bound)
            alike = plan if plan.text == alike.text else alike
        plain, replaced = None, plan is not None and any(map(plan.uses, STRUCTURAL))
        if plan is not None and replaced and self.editable.clock.left > 0:
            plain = self.search.find_without(STRUCTURAL, plan, budgets, alike)
        # How near plans of any number of edits come says nothing of those of a few.
        limited, timer = self.request.most_edits is not None, self.editable.meter.timer
        lost = found is not None and plan is None and found.proved and not limited
        return Suggestion(
            self.editable.spec,
            self.before,
            budgets,
            singles,
            plan,
            found.proved if found else True,
            found.seconds if found else 0.0,
            describe_space(self.search.variants, self.search.decisions),
            alike,
            plain,
            tuple(others),
            self._find_unmet(budgets) if lost else None,
            shares_by_family(self.editable),
            tuple(self._plan_precisions(budgets)),
            self.editable.meter.scale,
            widening_options(self.request.allowed),
            self.unknown,
            scaled,
            tuple(self.left_out),
            self.request.most_edits,
            few,
            timer.estimate(self.editable.network) if timer else None,
            timer.least_connections if timer else 0,
            find_by_connections(self.search, budgets, self.before, self.request.most_edits)
            if plan
            else None,
            grow,
        )

    def _find_best(
        self, budgets: Sequence[Budget], simple: Sequence[Plan | None], progress: Progress | None
    ) -> SearchResult:
        """Find the best plan of as many edits as there may be, from the best that is known."""
        given = self.known if self.known and budgets_hold(self.known.after, budgets) else None
        listed = [plan for plan in (*simple, given) if plan is not None and self._may_have(plan)]
        known = min(listed, key=lambda plan: plan.price, default=None)
        known = known or self.find_coarser(budgets)
        known = known if known and self._may_have(known) else None
        most = self.request.most_edits
        return self.search.find_best(budgets, known, progress=progress, edits=most)

    def _may_have(self, plan: Plan) -> bool:
        most = self.request.most_edits
        return most is None or len(plan.edits) <= most

    def _find_unmet(self, budgets: Sequence[Budget]) -> UnmetBudgets | None:
        """Find how near plans come to the budgets; None where there was no time for it."""
        try:
            return find_unmet(self.search.variants, budgets)
        except TimeOverError:
            return None

    def _foresee_edits(self) -> tuple[list[ForeseenEdit], int]:
        """List every edit alone with what it saves, and say how many there was no time for.

        Where only counts and time are looked at, these are foreseen; else the networks that they
        make are measured.
        """
        try:
            listed = unlikely_edits(self.editable, [one for one, _ in self.alone])
        except TimeOverError:
            self.left_out.append("which single edits no engineer would write")
            listed = []
        unlikely = set(map(id, listed))
        likely = [
            (
                decision,
                ForeseenEdit(
                    edit,
                    dict(zip(self.editable.meter.tabled, costs, strict=True)),
                    decision=decision,
                ),
            )
            for decision, found in self.alone
            for edit, costs in zip(decision.options[1:], found, strict=True)
            if id(edit) not in unlikely
        ]
        counts, untried = [one for _, one in likely], 0
        if self.editable.meter.bytes:
            measuring = (self._measure_bytes(decision, one) for decision, one in likely)
            measured, _ = self.editable.clock.gather(measuring, self.deadline_at(SINGLES))
            counts, untried = [one for one in measured if one], len(likely) - len(measured)
        others = [ForeseenEdit(trial.edit, trial.after) for trial in self.spatial]
        others += list_joint_edits(self.editable, [one for one, _ in self.alone])
        return [*counts, *others], untried

    def _measure_bytes(self, decision: Decision, one: ForeseenEdit) -> ForeseenEdit | None:
        """Measure the bytes of one edit alone, beside its counts."""
        network = foresee_network(self.editable, decision, one.edit)
        if network is None:
            return None
        return one._replace(after={**one.after, **self.editable.meter.measure_bytes(network)})

    def _plan_precisions(self, budgets: Sequence[Budget]) -> Iterator[PrecisionPlan]:
        """The best plans at smaller element types, for the same amounts of bytes."""
        if not self.request.allowed.precision:
            return
        asked = tuple(f"{budget.user_word}={budget.asked}" for budget in budgets)
        allowed = replace(self.request.allowed, precision=False)
        asking = replace(self.request, budgets=asked, allowed=allowed)
        metrics = [budget.metric for budget in budgets]
        for dtype, spec, meter in list_precisions(self.spec, asking.meter, metrics):
            left = self.editable.clock.left
            if left <= 0:
                self.left_out.append(f"plans in {dtype}")
                continue
            prepared = PreparedSearch(spec, replace(asking, meter=meter, seconds=left))
            limits, price = prepared.budgets(), price_precision(dtype, prepared.editable.network)
            met = budgets_hold(prepared.before, limits)
            with prepared.editable.clock.until(prepared.deadline_at(1)):
                plan = None if met else prepared.search.find_best(limits).plan
            yield PrecisionPlan(dtype, price, prepared.before, plan, met)

    @property
    def writer(self) -> PlanWriter:
        """What writes plans as files."""
        own = not self.request.budgets
        return PlanWriter(self.editable, self.spec.text, () if own else self.budgets())


def prefer_sure(
    plan: Plan, others: tuple[Plan, ...], alike: Plan, bound: int
) -> tuple[Plan, tuple[Plan, ...]]:
    """Choose the plan, and list those beside it: the first that makes surely fewer errors than
    uniform scaling; uniform scaling where no plan does. No plan's price is below the bound.

    Trained at 25 budgets of five networks, plans of which the estimate is sure made fewer errors
    than uniform scaling, on average .08 less; the others as many (docs/damage.md).
    """
    listed = [plan, *sorted(others, key=lambda one: one.score)]
    chosen = next((one for one in listed if one.is_surely_below(alike)), None)
    if chosen is plan:
        return plan, others
    if chosen is None:
        bound = min(bound, alike.price)
        return replace(alike, proved=plan.proved, bound=bound), _list_beside(alike, listed)
    chosen = replace(chosen, proved=plan.proved, bound=min(bound, chosen.price))
    return chosen, _list_beside(chosen, listed)


def _list_beside(plan: Plan, others: Sequence[Plan]) -> tuple[Plan, ...]:
    """Those that have fewer edits than a plan, or a lower price."""
    count = len(plan.edits)
    better = [one for one in others if len(one.edits) < count or one.price < plan.price]
    return tuple(sorted(better, key=lambda one: len(one.edits)))


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
        if plan and plan.edits and (not found or plan.price < found[-1].price):
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
    few = None
    if len(chosen.edits) > max(FEW):
        last = found[-1] if found else None
        nearest = None if last else _measure_largest(chosen, budgets)
        few = FewEdits(max(FEW), last, proved, nearest)
    return FewestChoice(chosen, _list_beside(chosen, [*found, best]), few)


def _measure_largest(plan: Plan, budgets: Sequence[Budget]) -> Measures | None:
    """Measure the network after the few edits of a plan that save most of the budgets' metrics;
    None where they make no network by themselves."""
    editable, before = plan.editable, plan.editable.measure(plan.editable.network)
    saved: list[tuple[float, int]] = []
    for at, edit in enumerate(plan.own_edits):
        network = foresee_width(editable, edit) if editable.clock.left > 0 else None
        if network is None:
            return None
        after = editable.measure(network)
        parts = [(before[b.metric] - after[b.metric]) / max(1, before[b.metric]) for b in budgets]
        saved.append((-sum(parts), at))
    room = max(FEW) - len(plan.leading)
    kept = sorted(at for _, at in sorted(saved)[:room])
    spec = editable.read_edited([c for at in kept for c in plan.own_edits[at].changes])
    return None if spec is None else editable.measure(spec.network)
