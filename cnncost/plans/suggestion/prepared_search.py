"""The search over a spec's plans, prepared: the spec read, its decisions and variants listed."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from math import inf
from time import monotonic

from cnncost.costs import count_network
from cnncost.language import Spec
from cnncost.place import Place
from cnncost.plans.decisions.cost_tables import SearchSpace
from cnncost.plans.decisions.search_space import (
    build_search_space,
    foresee_decisions,
    list_spatial_trials,
)
from cnncost.plans.decisions.spatial_trials import SpatialTrial
from cnncost.plans.decisions.width_trials import find_parts_left
from cnncost.plans.edits.budget import Budget, budgets_of_spec, parse_budgets
from cnncost.plans.edits.clock import TimeOverError
from cnncost.plans.edits.edit import AllowedEdits, Decision, Edit, largest_gain
from cnncost.plans.edits.editable_spec import EditableSpec, read_editable_spec
from cnncost.plans.edits.meter import Measures
from cnncost.plans.edits.text_changes import SpecText, apply_changes
from cnncost.plans.search.compound_variants import SpatialVariants, VariantMaker
from cnncost.plans.search.plan import ConnectionsPlan, Plan
from cnncost.plans.search.plan_search import (
    COMPARED_SECONDS,
    COMPARED_WITHIN,
    BestPlanSearch,
    PlanSearch,
)
from cnncost.plans.search.simple_plans import (
    PlanDive,
    Recount,
    add_spatial_edits,
    scale_uniformly,
)
from cnncost.plans.suggestion.request import SuggestionRequest, refuse_huge, refuse_unknown
from cnncost.quantity import TIME, format_count

VARIABLES, SPATIAL, SINGLES = 0.35, 0.5, 0.6
"""Up to which part of its time a suggestion makes its decisions, its spatial changes, and tries its
single edits; the rest is the search's."""


class PreparedSearch:
    """The search over the plans of one spec, ready for one request."""

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
        trials, all_read = clock.gather(
            list_spatial_trials(self.editable, request.allowed), self.deadline_at(SPATIAL)
        )
        widths = {change.place for edit in _list_widths(decisions) for change in edit.changes}
        self.spatial = [
            one
            for one in trials
            if self._is_paid(one)
            and not _changes_only(one.edit, widths)  # one number, one decision
        ]
        variants = _list_variants(
            self.editable, request.allowed, decisions, self.spatial, self.deadline_at(SINGLES)
        )
        if not self.whole:
            self.left_out.append(f"all but {format_count(len(decisions), 'place')} to edit")
        if not all_read:
            self.left_out.append(f"all but {format_count(len(self.spatial), 'spatial change')}")
        self.search = PlanSearch(variants, decisions, request.seconds, complete=not self.left_out)
        self.known: Plan | None = None
        """A plan to begin with, where it holds the budgets."""

    def renew(self, budgets: Sequence[str], seconds: float) -> None:
        """Begin anew with other amounts of the same budgets, and this much time: what was counted
        for them stays."""
        self.request = replace(self.request, budgets=tuple(budgets), seconds=seconds)
        self.started, self.search.seconds = monotonic(), seconds
        self.editable.clock.close(inf)

    def deadline_at(self, share: float) -> float:
        """When a part of the suggestion's time is over."""
        return self.started + share * self.request.seconds

    def budgets(self) -> tuple[Budget, ...]:
        """The budgets asked for, else the spec's own."""
        if self.request.budgets:
            return parse_budgets(self.request.budgets, self.before)
        return budgets_of_spec(self.editable.spec.budget)

    def _is_paid(self, trial: SpatialTrial) -> bool:
        """Whether a spatial edit that grows the network takes some of what the budgets limit: of
        what nothing limits no budget has any left over."""
        limited = [budget.metric for budget in self.budgets()]
        limited += [self.request.frontier] * bool(self.request.frontier)
        return not trial.edit.grows or any(
            trial.after.get(metric, 0) > self.before[metric] for metric in limited
        )

    def best_savings(self) -> dict[str, list[int]]:
        """For each metric of the tables: what the best option of each decision saves."""
        return {
            name: [
                self.before[name] - min(costs[at] for costs in found)
                for _, found in self.alone
                if found
            ]
            for at, name in enumerate(self.editable.meter.tabled)
        }

    def scale_plan_uniformly(self, budgets: Sequence[Budget]) -> tuple[Plan | None, bool]:
        """Uniform scaling, and whether there was the time to try it on all widths."""
        if not self.whole:
            return None, False
        try:
            return (
                scale_uniformly(self.editable, self.search.decisions, budgets, self.request.allowed)
                if budgets
                else None
            ), True
        except TimeOverError:
            return None, False

    def dive(self, metric: str, recount: Recount, seconds: float) -> None:
        """Look for a plan whose recount holds, to begin with: nothing is proved of it."""
        self.editable.clock.close(inf)
        deadline = monotonic() + seconds
        search = PlanDive(self.search.variants, self.budgets(), metric, recount, deadline)
        self.known = search.find_plan()

    def find_coarser(self, budgets: Sequence[Budget]) -> Plan | None:
        """Find some plan with spatial edits, where widths alone are not enough: those of variants
        that hold the budgets, or nearly. It is what a search begins with, so a share of the time is
        enough."""
        if self.request.allowed.grow:
            return None
        search = BestPlanSearch(
            self.search.variants, budgets, None, self.request.seconds / 4, within=COMPARED_WITHIN
        )
        try:
            with self.editable.clock.until(search.deadline):
                for lazy in reversed(add_spatial_edits(search.variants, budgets)):
                    search.visit_variant(lazy)
        except TimeOverError:
            return search.best
        return search.best


def _list_variants(
    editable: EditableSpec,
    allowed: AllowedEdits,
    decisions: Sequence[Decision],
    trials: Sequence[SpatialTrial],
    deadline: float,
) -> SpatialVariants:
    """List the spec as it is, whose decisions these are, and under its spatial edits.

    Behind the deadline no more edits are compared.
    """

    def build_space(
        edited: EditableSpec, edits: Sequence[Edit], ceiling: int | None
    ) -> SearchSpace:
        own = reduce(AllowedEdits.together_with, edits, allowed)
        if own.narrowest > allowed.narrowest:
            own = replace(own, left=find_parts_left(editable, decisions, edited, allowed))
        known = () if edits else decisions
        return build_search_space(edited, own, ceiling=ceiling, likely=True, decisions=known)

    widths = _list_widths(decisions)
    places = dict.fromkeys(change.place for edit in widths for change in edit.changes)
    most = largest_gain(editable.network, editable.first_potential) if allowed.grow else 0
    maker = VariantMaker(build_space, allowed.kept, list(places), most)
    return SpatialVariants(editable, trials, maker, deadline)


def _list_widths(decisions: Sequence[Decision]) -> list[Edit]:
    return [edit for one in decisions if one.group for edit in one.options]


def _changes_only(edit: Edit, places: Set[Place]) -> bool:
    """Whether all that an edit changes in the text are numbers at some places."""
    own = {change.place for change in edit.changes}
    return bool(own) and own <= places


def find_by_connections(
    search: PlanSearch, budgets: Sequence[Budget], before: Measures, edits: int | None = None
) -> ConnectionsPlan | None:
    """Find the best plan for the share of the connections that a budget of time, the only one,
    asks for of the time; of at most so many edits, if that is limited.

    None where there are other budgets, and where no plan is proved the best in a few seconds.
    """
    if [budget.metric for budget in budgets] != [TIME] or search.variants.clock.left <= 0:
        return None
    share = Fraction(budgets[0].most, before[TIME])
    # The most connections of any share that comes to this budget: half of a time is rounded down.
    most = -(-(budgets[0].most + 1) * before["connections"] // before[TIME]) - 1
    if share >= 1 or most <= 0:
        return None
    try:
        with search.variants.clock.until(monotonic() + COMPARED_SECONDS):
            found = search.find_best([Budget("connections", most, str(most))], edits=edits)
    except TimeOverError:
        return None
    return ConnectionsPlan(share, found.plan) if found.plan is not None and found.proved else None
