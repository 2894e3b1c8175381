"""Makes the suggestion for one spec: its single edits, and the searches over its plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic

from cnncost.costs import count_network
from cnncost.language import Spec
from cnncost.quantity import SCALED
from cnncost.quantity import format_count as counted_of
from cnncost.suggest.decisions.search_space import (
    foresee_decisions,
    list_spatial_trials,
    unlikely_edits,
)
from cnncost.suggest.edits.budget import (
    METRICS,
    Budget,
    budgets_hold,
    budgets_of_spec,
    parse_budgets,
)
from cnncost.suggest.edits.clock import TimeOverError
from cnncost.suggest.edits.convolution_replacements import STRUCTURAL
from cnncost.suggest.edits.editable_spec import read_editable_spec
from cnncost.suggest.edits.spec_text import SpecText, apply_changes
from cnncost.suggest.search.plan import Plan, measure_single_edit
from cnncost.suggest.search.plan_search import PlanSearch, Progress, SearchResult
from cnncost.suggest.search.uniform_scaling import scale_uniformly
from cnncost.suggest.search.unmet_budgets import UnmetBudgets, find_unmet
from cnncost.suggest.suggestion.answer import (
    PrecisionPlan,
    Suggestion,
    describe_space,
    precision_score,
    shares_by_family,
    smaller_dtypes,
    widening_options,
)
from cnncost.suggest.suggestion.few_edits import choose_fewest
from cnncost.suggest.suggestion.plan_file import PlanWriter
from cnncost.suggest.suggestion.prepared_search import list_variants
from cnncost.suggest.suggestion.request import SuggestionRequest, refuse_huge, refuse_unknown
from cnncost.suggest.suggestion.single_edits import (
    ForeseenEdit,
    SingleEdits,
    find_single,
    list_joint_edits,
)

VARIABLES, SPATIAL, SINGLES = 0.35, 0.5, 0.6
"""Up to which part of its time a suggestion makes its decisions, its spatial changes, and tries its
single edits; the rest is the search's."""

CLOSING = 1.0
"""Seconds behind the time limit in which what was found is recounted for showing."""


class Suggester:
    """Makes the suggestions for one spec and one request."""

    def __init__(self, spec: Spec, request: SuggestionRequest) -> None:
        self.request, self.spec = request, spec
        self.started = monotonic()
        self.left_out: list[str] = []
        """What there was no time to put into the search, in words."""
        spec_text = SpecText(spec.text.name, spec.text.text)
        changes = spec_text.write_settings(request.params or {}, request.inputs or {})
        spec_text = SpecText(spec_text.name, apply_changes(spec_text.text, changes))
        meter = request.meter_for(spec)
        self.editable = read_editable_spec(
            spec_text, request.max_layers, request.allowed.kept, meter
        )
        refuse_unknown(self.editable, request.allowed.kept)
        meter.refuse_unknown(self.editable.network)
        self.before = self.editable.measure(self.editable.network)
        self.unknown = count_network(self.editable.network).unknown_layers
        """The layers whose costs nobody knows: what is measured is a lower bound then."""
        refuse_huge(self.editable.network.name, self.before)
        clock = self.editable.clock
        self.alone, self.whole = clock.gather(
            foresee_decisions(self.editable, request.allowed), self.deadline_at(VARIABLES)
        )
        """Every option of every decision alone, and whether these are all there are."""
        decisions = [decision for decision, _ in self.alone]
        self.spatial, all_read = clock.gather(
            list_spatial_trials(self.editable, request.allowed), self.deadline_at(SPATIAL)
        )
        variants = list_variants(
            self.editable, request.allowed, decisions, self.spatial, self.deadline_at(SINGLES)
        )
        if not self.whole:
            self.left_out.append(f"all but {counted_of(len(decisions), 'place')} to edit")
        if not all_read:
            self.left_out.append(f"all but {counted_of(len(self.spatial), 'spatial change')}")
        self.search = PlanSearch(variants, decisions, request.seconds, complete=not self.left_out)

    def deadline_at(self, share: float) -> float:
        """When a part of the suggestion's time is over."""
        return self.started + share * self.request.seconds

    def budgets(self) -> tuple[Budget, ...]:
        """The budgets asked for, else the spec's own."""
        if self.request.budgets:
            return parse_budgets(self.request.budgets, self.before)
        return budgets_of_spec(self.editable.spec.budget)

    def suggest(self, progress: Progress | None = None) -> Suggestion:
        """Everything that there is to say."""
        with self.editable.clock.until(self.deadline_at(1)):
            found = self._suggest(progress)
        self.editable.clock.close(self.deadline_at(1) + CLOSING)
        return found

    def _suggest(self, progress: Progress | None) -> Suggestion:
        budgets = self.budgets()
        tried_ones, untried = self._foresee_edits()
        singles = SingleEdits(self.editable, tried_ones, self.before, budgets, untried)
        alike, scaled = self.scale_plan_uniformly(budgets)
        found = self._find_best(budgets, alike, progress) if budgets else None
        plan = None if found is None else found.plan
        others: tuple[Plan, ...] = ()
        few = None
        if plan is not None and self.request.most_edits is None:
            whole = self.search.complete and not untried
            single = find_single(self.editable, tried_ones, budgets, complete=whole)
            chosen = choose_fewest(self.search, budgets, plan, single, self._best_savings())
            plan, others, few = chosen.plan, chosen.others, chosen.few
        if plan is not None and alike is not None and self._is_preferred(alike, plan):
            others = (plan, *others)
            plan = replace(alike, proved=plan.proved, bound=min(plan.bound, alike.price))
            alike = plan
        plain = None
        replaced = plan is not None and any(map(plan.uses, STRUCTURAL))
        if plan is not None and replaced and self.editable.clock.left > 0:
            plain = self.search.find_without(STRUCTURAL, plan, budgets, alike)
        # How near plans of any number of edits come says nothing of those of a few.
        limited = self.request.most_edits is not None
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
        )

    def _find_best(
        self, budgets: Sequence[Budget], alike: Plan | None, progress: Progress | None
    ) -> SearchResult:
        """Find the best plan of as many edits as there may be."""
        most = self.request.most_edits
        known = alike if alike and (most is None or len(alike.edits) <= most) else None
        return self.search.find_best(budgets, known, progress=progress, edits=most)

    def _is_preferred(self, alike: Plan, plan: Plan) -> bool:
        """Whether uniform scaling is the plan: its file scores no higher, though it gains in one
        part what it costs in another."""
        most = self.request.most_edits
        return alike.score <= plan.score and (most is None or len(alike.edits) <= most)

    def _best_savings(self) -> dict[str, list[int]]:
        """For each count: what the best option of each decision saves."""
        return {
            name: [
                self.before[name] - min(costs[at] for costs in found)
                for _, found in self.alone
                if found
            ]
            for at, name in enumerate(METRICS)
        }

    def scale_plan_uniformly(self, budgets: Sequence[Budget]) -> tuple[Plan | None, bool]:
        """Uniform scaling, and whether there was the time to try it on all widths."""
        if not self.whole:
            return None, False
        try:
            return (
                scale_uniformly(
                    self.editable, self.search.decisions, budgets, self.request.allowed.multiple
                )
                if budgets
                else None
            ), True
        except TimeOverError:
            return None, False

    def _find_unmet(self, budgets: Sequence[Budget]) -> UnmetBudgets | None:
        """Find how near plans come to the budgets; None where there was no time for it."""
        try:
            return find_unmet(self.search, budgets)
        except TimeOverError:
            return None

    def _foresee_edits(self) -> tuple[list[ForeseenEdit], int]:
        """Every edit alone, and how many there was no time for: as the counter foresees it where
        only counts are looked at, else as its text measures."""
        try:
            listed = unlikely_edits(self.editable, [one for one, _ in self.alone])
        except TimeOverError:
            self.left_out.append("which single edits no engineer would write")
            listed = []
        unlikely = set(map(id, listed))
        counts = [
            ForeseenEdit(edit, dict(zip(METRICS, costs, strict=True)))
            for decision, found in self.alone
            for edit, costs in zip(decision.options[1:], found, strict=True)
            if id(edit) not in unlikely
        ]
        measure, clock = partial(measure_single_edit, self.editable), self.editable.clock
        read, until = [one.edit for one in counts] * bool(self.editable.meter.bytes), SINGLES
        measured, _ = clock.gather(map(measure, read), self.deadline_at(until))
        untried = len(read) - len(measured)
        others = [ForeseenEdit(trial.edit, trial.after) for trial in self.spatial]
        others += list_joint_edits(self.editable, [one for one, _ in self.alone])
        if not self.editable.meter.bytes:
            return [*counts, *others], untried
        return [*(ForeseenEdit(one.edit, one.after) for one in measured if one), *others], untried

    def _plan_precisions(self, budgets: Sequence[Budget]) -> Iterator[PrecisionPlan]:
        """The best plans at smaller element types, for the same amounts of bytes."""
        request, meter = self.request, self.editable.meter
        if not request.allowed.precision or not any(b.metric in SCALED for b in budgets):
            return
        asked = tuple(f"{budget.user_word}={budget.asked}" for budget in budgets)
        allowed = replace(request.allowed, precision=False)
        for dtype in smaller_dtypes(meter.dtype):
            if dtype == "int8" and "training_memory" in meter.bytes:
                continue  # int8 does not train
            left = self.editable.clock.left
            if left <= 0:
                self.left_out.append(f"plans in {dtype}")
                continue
            own = replace(request.meter, dtype=dtype)
            asking = replace(request, budgets=asked, allowed=allowed, meter=own, seconds=left)
            suggester = Suggester(self.spec, asking)
            limits, known = suggester.budgets(), precision_score(dtype, suggester.editable.network)
            met = budgets_hold(suggester.before, limits)
            with suggester.editable.clock.until(suggester.deadline_at(1)):
                plan = None if met else suggester.search.find_best(limits).plan
            yield PrecisionPlan(dtype, known, suggester.before, plan, met)

    @property
    def writer(self) -> PlanWriter:
        """What writes plans as files."""
        own = not self.request.budgets
        return PlanWriter(self.editable, self.spec.text, () if own else self.budgets())
