"""The search over all plans: one variant after another, an exact solver within each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic

from cnncost.plans.decisions.budget_limits import join_limits, limit_tables, next_limits
from cnncost.plans.edits.budget import Budget, budgets_hold
from cnncost.plans.edits.clock import TimeOverError
from cnncost.plans.edits.edit import UNIT, Decision
from cnncost.plans.search.compound_variants import LazyVariant, SpatialVariants
from cnncost.plans.search.plan import (
    Plan,
    SearchLimits,
    SearchOutcome,
    SearchResult,
    SpatialVariant,
)
from cnncost.plans.search.space_solver import (
    choose_greedily,
    drop_dominated_options,
    drop_kinds,
    solve_space,
)

Progress = Callable[[str], None]

WITHIN = 100
"""Up to so much above its bound, in score units (0.001), a plan counts as proved."""

COMPARED_WITHIN, COMPARED_SECONDS = 10**9, 5.0
"""The same for plans that are only compared with, which need no proof; how long each may take."""

FoundPlan = tuple[Plan | None, SearchOutcome]
"""The plan that was found in one variant, if any, and how the solver ended there."""


class BestPlanSearch:
    """One search for the best plan, variant after variant, the cheapest spatial change first."""

    def __init__(
        self,
        variants: SpatialVariants,
        budgets: Sequence[Budget],
        known: Plan | None,
        seconds: float,
        *,
        progress: Progress | None = None,
        banned: frozenset[str] = frozenset(),
        edits: int | None = None,
        within: int = WITHIN,
    ) -> None:
        self.variants = variants
        self.within = within
        self.budgets = budgets
        self.banned = banned
        self.edits = edits
        """How many edits a plan may have; None where that is not limited."""
        self.progress = progress
        self.seconds = seconds
        self.deadline = monotonic() + min(seconds, variants.clock.left)
        self.best = known
        self.bounds: list[int] = []
        """For each variant that was not finished: what no plan of it scores below."""
        self.prices: tuple[float, ...] = ()
        """The budgets' prices in the variant before: they hardly differ from one to the next."""

    def visit_variant(self, lazy: LazyVariant) -> None:
        """Search one variant for a plan of a lower score than the best so far."""
        ceiling = None if self.best is None else self.best.price - 1 - lazy.score
        if self.is_above(lazy.score):
            return
        if self.progress is not None:
            self.progress(lazy.phrase)
        try:
            with self.variants.clock.until(self.deadline):
                self._search_variant(lazy, ceiling)
        except TimeOverError:
            self.bounds.append(self.variants.least_price(lazy.score))

    def is_above(self, score: int) -> bool:
        """Whether no plan of a variant that scores so much is better than the best so far."""
        return self.best is not None and self.variants.least_price(score) >= self.best.price

    def visit_all(self, savings: Mapping[str, Sequence[int]] | None = None) -> None:
        """Search all variants, the cheapest first, while there is time.

        `savings` are, for each metric, what the best edit of each decision saves. With them,
        variants are passed over that the edits which a plan may still have cannot bring within the
        budgets.
        """
        clock, reached = self.variants.clock, 0
        try:
            with clock.until(self.deadline):
                for lazy in self.variants.by_score(self.is_above, self.edits):
                    reached = lazy.score
                    whole = savings is None or not lazy.edits
                    if whole or lazy.may_reach(self.budgets, savings or {}, self.edits or 0):
                        self.visit_variant(lazy)
                    else:
                        self.bounds.append(self.variants.least_price(lazy.score))
                    clock.check()
        except TimeOverError:
            self.bounds.append(self.variants.least_price(reached))

    def _search_variant(self, lazy: LazyVariant, ceiling: int | None) -> None:
        self.variants.clock.check()
        if lazy.edits and self._is_enough(lazy):
            return
        variant = self.variants.variant(lazy, ceiling)
        space, most = limit_tables(variant.space, self.budgets)
        variant = replace(variant, space=space)
        limits = SearchLimits(
            most,
            variant.space.convolutions,
            None if self.edits is None else self.edits - len(variant.leading),
            cutoff=None if self.best is None else self.best.price - 1 - variant.score,
            seconds=self.deadline - monotonic(),
            within=self.within,
        )
        plan, outcome = self._find_likely(variant, limits)
        if not outcome.proved:
            self.bounds.append(variant.score + outcome.bound)
        if plan is not None:
            self.best = plan

    def _is_enough(self, lazy: LazyVariant) -> bool:
        """Whether a variant needs no search: with its edits no others save or gain, or may be."""
        if budgets_hold(lazy.after, self.budgets):
            plan = self.variants.write_plain(lazy)
            if plan is not None and budgets_hold(plan.after, self.budgets):
                if self.best is None or plan.price < self.best.price:
                    self.best = plan
                return not self.variants.maker.gain or self.edits == len(lazy.edits)
        return self.edits == len(lazy.edits)

    # One variant

    def _find_likely(self, variant: SpatialVariant, limits: SearchLimits) -> FoundPlan:
        """Find the best plan of a variant that breaks none of its rules and late limits.

        Those that the best plan breaks join the tables: it is the best of more plans than that.
        """
        deadline = monotonic() + limits.seconds
        while True:
            plan, outcome = self._find_recounted(variant, limits)
            if plan is None:
                return plan, outcome
            broken = variant.space.broken_rules(plan.own_edits)
            held = budgets_hold(plan.after, self.budgets)
            late = [] if held else next_limits(variant.space, plan.own_edits)
            if not (broken or late):
                return plan, outcome
            space, more = join_limits(variant.space.with_rules(broken), late)
            most, left = {**limits.budgets, **more}, deadline - monotonic()
            limits = replace(limits, budgets=most, seconds=left)
            if limits.seconds <= 0:
                return None, SearchOutcome(None, bound=outcome.bound, proved=False)
            self.variants.clock.check()
            variant = replace(variant, space=space)

    def _find_recounted(self, variant: SpatialVariant, limits: SearchLimits) -> FoundPlan:
        """Find the best plan of a variant: any while limits are late; else a plan that its recount
        refutes is forbidden, and the search goes on: so the bound stays."""
        allowed = drop_kinds(variant.space.tables, self.banned)
        pruned = drop_dominated_options(allowed, tuple(limits.budgets))
        variant = replace(variant, space=replace(variant.space, tables=pruned))
        deadline = monotonic() + limits.seconds
        while True:
            outcome = self._solve(variant, limits)
            if outcome.chosen is None:
                return None, outcome
            plan = variant.write_plan(outcome)
            if plan is not None and (variant.space.late or budgets_hold(plan.after, self.budgets)):
                return plan, outcome
            refuted, left = (*limits.forbidden, outcome.chosen), deadline - monotonic()
            limits = replace(limits, forbidden=refuted, seconds=left)
            if limits.seconds <= 0:
                return None, SearchOutcome(None, bound=outcome.bound, proved=False)
            self.variants.clock.check()

    def _solve(self, variant: SpatialVariant, limits: SearchLimits) -> SearchOutcome:
        """Find the best options of a variant; the next one's prices start from those of this."""

        def tell(best: float, bound: float) -> None:
            high, low = (variant.score + score for score in (best, max(bound, 0)))
            if self.progress is not None:
                self.progress(f"score {high / UNIT:.3f}, at least {low / UNIT:.3f}")

        find_cutoff = partial(self._try_greedy, variant, limits.budgets)
        outcome = solve_space(variant.space.tables, limits, tell, self.prices, find_cutoff)
        self.prices = outcome.prices or self.prices
        return outcome

    def _try_greedy(self, variant: SpatialVariant, most: Mapping[int, int]) -> int | None:
        """Take the greedy plan of a variant if it scores lower than the best; return what a better
        plan's own options may score then."""
        chosen = choose_greedily(variant.space, most)
        if chosen is None:
            return None
        if self.edits is not None and sum(map(bool, chosen)) + len(variant.leading) > self.edits:
            return None
        picked = zip(variant.space.decisions, chosen, strict=True)
        score = sum(decision.options[k].score for decision, k in picked)
        if self.best is not None and variant.score + score >= self.best.price:
            return None
        plan = variant.write_plan(SearchOutcome(chosen, score, proved=False))
        if plan is None or not budgets_hold(plan.after, self.budgets):
            return None
        if variant.space.broken_rules(plan.own_edits):
            return None
        self.best = plan
        return plan.price - 1 - variant.score

    def result(self, *, complete: bool = True) -> SearchResult:
        """Return the best plan; nothing is proved where decisions or variants were left out."""
        if not complete:
            self.bounds.append(self.variants.least_price(0))
        spent = self.seconds - (self.deadline - monotonic())
        if self.best is None:
            return SearchResult(None, not self.bounds, spent)
        bound = min([*self.bounds, self.best.price])
        proved = bound >= self.best.price - min(self.within, WITHIN)
        return SearchResult(replace(self.best, proved=proved, bound=bound), proved, spent)


class PlanSearch:
    """Searches the plans of a spec, over all its variants."""

    def __init__(
        self,
        variants: SpatialVariants,
        decisions: Sequence[Decision],
        seconds: float,
        *,
        complete: bool = True,
    ) -> None:
        self.variants = variants
        self.decisions = decisions
        self.seconds = seconds
        self.complete = complete
        """Whether the decisions and variants are all there are; if not, nothing is proved."""

    def find_best(
        self,
        budgets: Sequence[Budget],
        known: Plan | None = None,
        *,
        progress: Progress | None = None,
        edits: int | None = None,
    ) -> SearchResult:
        """Find the plan of least price that holds the budgets; `known` is one that does.

        With `edits` only plans of at most so many edits are looked for.
        """
        search = BestPlanSearch(
            self.variants, budgets, known, self.seconds, progress=progress, edits=edits
        )
        search.visit_all()
        return search.result(complete=self.complete)

    def find_few(
        self,
        budgets: Sequence[Budget],
        edits: int,
        savings: Mapping[str, Sequence[int]],
        known: Plan | None = None,
    ) -> SearchResult:
        """Find a good plan of at most so many edits, to compare with; `known` holds the budgets.

        `savings` are, for each metric that is known, what the best edit of each decision saves.
        """
        seconds = min(self.seconds, COMPARED_SECONDS)
        search = BestPlanSearch(
            self.variants, budgets, known, seconds, edits=edits, within=COMPARED_WITHIN
        )
        search.visit_all(savings)
        return search.result(complete=self.complete)

    def find_without(
        self,
        kinds: Collection[str],
        plan: Plan,
        budgets: Sequence[Budget],
        known: Plan | None = None,
    ) -> Plan | None:
        """Find a good plan without kinds of edit, in another plan's variant or the spec as is.

        `known` is one that holds the budgets without them.
        """
        seconds = min(self.seconds, COMPARED_SECONDS)
        search = BestPlanSearch(
            self.variants, budgets, known, seconds, banned=frozenset(kinds), within=COMPARED_WITHIN
        )
        for lazy in self.variants.within(plan.leading):
            search.visit_variant(lazy)
        return search.best
