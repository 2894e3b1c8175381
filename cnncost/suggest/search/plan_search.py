"""One run over the scenes, the cheapest spatial change first, for the best plan of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import NamedTuple

from cnncost.quantity import counted
from cnncost.suggest.decisions.budget_limits import limited
from cnncost.suggest.decisions.cost_tables import Tables
from cnncost.suggest.edits import multiplier
from cnncost.suggest.search import label_setting as labels
from cnncost.suggest.search.greedy import greedy
from cnncost.suggest.search.integer_programme import nearest, solve
from cnncost.suggest.search.plan import Limits, Offer, Offers, Outcome, Plan, Scene
from cnncost.suggest.search.pruning import without_dominated, without_kinds
from cnncost.suggest.text.budget import Budget, holds
from cnncost.suggest.text.clock import Clock, TimeOverError
from cnncost.suggest.text.damage import UNIT
from cnncost.suggest.text.edit import Variable

Progress = Callable[[str], None]

MOST_LABELLED = 4
"""Limits that label setting takes; bytes alive at each step are many more."""

REACH_SECONDS = 2.0
"""How long one scene is searched for how far it reaches."""

WITHOUT_SECONDS = 5.0
"""How long a plan for comparison is looked for."""


class Found(NamedTuple):
    """What a search ended with."""

    plan: Plan | None
    proved: bool
    """Whether the plan is the best of the space, or certainly none holds the budgets."""
    seconds: float = 0.0


class Run:
    """One search for the best plan, scene after scene, the cheapest spatial change first."""

    def __init__(
        self,
        offers: Offers,
        budgets: Sequence[Budget],
        banned: frozenset[str],
        progress: Progress | None,
        seconds: float,
    ) -> None:
        self.offers = offers
        self.budgets = budgets
        self.banned = banned
        self.progress = progress
        self.seconds = seconds
        self.deadline = monotonic() + min(seconds, offers.clock.left)
        self.best: Plan | None = None
        self.bounds: list[int] = []
        """For each scene that was not finished: what no plan of it scores below."""
        self.prices: tuple[float, ...] = ()
        """The budgets' prices in the scene before: they hardly differ from one to the next."""

    def visit(self, offer: Offer) -> None:
        """Search one scene for a better plan than the best so far."""
        ceiling = None if self.best is None else self.best.score - 1 - offer.score
        if ceiling is not None and ceiling < 0:
            return
        if self.progress is not None:
            self.progress(offer.choice.phrase if offer.choice else "the layers as they stand")
        try:
            with self.offers.clock.until(self.deadline):
                self._search(offer, ceiling)
        except TimeOverError:
            self.bounds.append(offer.score)

    def _search(self, offer: Offer, ceiling: int | None) -> None:
        self.offers.clock.check()
        scene = self.offers.scene(offer, ceiling)
        space, most = limited(scene.space, self.budgets)
        scene = replace(scene, space=space)
        limits = Limits(
            most,
            scene.space.convolutions,
            cutoff=ceiling,
            seconds=self.deadline - monotonic(),
        )
        plan, outcome = _best_of(self, scene, limits)
        if not outcome.proved:
            self.bounds.append(scene.score + outcome.bound)
        if plan is not None:
            self.best = plan

    def greedy(self, scene: Scene, most: Mapping[int, int]) -> bool:
        """Take greedy's plan of a scene where it is better than the best so far."""
        chosen = greedy(scene.space, most)
        if chosen is None:
            return False
        picked = zip(scene.space.variables, chosen, strict=True)
        score = sum(variable.choices[k].score for variable, k in picked)
        if self.best is not None and scene.score + score >= self.best.score:
            return False
        plan = scene.written(Outcome(chosen, score, proved=False))
        if plan is None or not holds(plan.after, self.budgets):
            return False
        self.best = plan
        return True

    def found(self, *, complete: bool = True) -> Found:
        """What the search ends with; of a space that is not complete nothing is proved."""
        if not complete:
            self.bounds.append(0)
        spent = self.seconds - (self.deadline - monotonic())
        if self.best is None:
            return Found(None, not self.bounds, spent)
        bound = min([*self.bounds, self.best.score])
        proved = bound == self.best.score
        return Found(replace(self.best, proved=proved, bound=bound), proved, spent)


def _best_of(run: Run, scene: Scene, limits: Limits) -> tuple[Plan | None, Outcome]:
    """The best plan of a scene, held against the recount of its text.

    A plan that its recount refutes is forbidden, and the search goes on: so the bound stays.
    """

    def tell(best: float, bound: float) -> None:
        if run.progress is not None:
            run.progress(f"score {best / UNIT:.3f}, at least {max(bound, 0) / UNIT:.3f}")

    allowed = without_kinds(scene.space.tables, run.banned)
    pruned = without_dominated(allowed, tuple(limits.budgets))
    scene = replace(scene, space=replace(scene.space, tables=pruned))
    deadline = monotonic() + limits.seconds
    outcome = _solved(run, scene, limits, tell)
    while True:
        if outcome.chosen is None:
            return None, outcome
        plan = scene.written(outcome)
        if plan is not None and holds(plan.after, run.budgets):
            return plan, outcome
        limits = replace(
            limits,
            forbidden=(*limits.forbidden, outcome.chosen),
            seconds=deadline - monotonic(),
        )
        if limits.seconds <= 0:
            return None, Outcome(None, bound=outcome.bound, proved=False)
        run.offers.clock.check()
        outcome = _solved(run, scene, limits, tell)


def _solved(
    run: Run, scene: Scene, limits: Limits, tell: Callable[[float, float], None]
) -> Outcome:
    """The best choices: by label setting where few layers are open at once, else by HiGHS."""
    started = monotonic()
    tables = scene.space.tables
    few = len(limits.budgets) <= MOST_LABELLED
    outcome = labels.solve(tables, limits, tell, run.prices) if few else None
    if outcome is not None:
        run.prices = outcome.prices
        return outcome
    if limits.cutoff is None and _out_of_reach(tables, limits):
        return Outcome(None)
    if not limits.forbidden and run.greedy(scene, limits.budgets):  # a plan cuts the programme down
        assert run.best is not None
        limits = replace(limits, cutoff=run.best.score - 1 - scene.score)
    left = limits.seconds - (monotonic() - started)
    return solve(tables, replace(limits, seconds=max(left, 0.1)), tell)


def _out_of_reach(tables: Tables, limits: Limits) -> bool:
    """Whether no plan holds the budgets, whatever it scores: quickly proved."""
    if any(tables.floor(metric) > most for metric, most in limits.budgets.items()):
        return True
    tables = without_dominated(tables, tuple(limits.budgets), scored=False)
    _, factor = nearest(tables, limits.budgets, limits.convolutions, REACH_SECONDS)
    return factor > 1 + 1e-6


class Search:
    """The plans that a spec has, under the spatial changes that it is offered."""

    def __init__(
        self,
        offers: Sequence[Offer],
        variables: Sequence[Variable],
        seconds: float,
        clock: Clock,
        *,
        complete: bool = True,
    ) -> None:
        self.offers = Offers(offers, clock)
        self.variables = variables
        self.seconds = seconds
        self.complete = complete
        """Whether the variables and offers are all there are; if not, nothing is proved."""

    def space(self) -> str:
        """What plans are chosen among, in words."""
        changed = [variable for variable in self.variables if len(variable.choices) > 1]
        widths = sum(variable.group for variable in changed)
        others = sum(len(v.choices) - 1 for v in changed if not v.group)
        spatial = len(self.offers.all) - 1
        kinds = [offer.choice.kind for offer in self.offers.all if offer.choice is not None]
        alone = " (a multiplier without widths)" if multiplier.KIND in kinds else ""
        moves = "no spatial change"
        if spatial:
            of = f"of {spatial} spatial changes" if spatial > 1 else "spatial change"
            moves = f"at most one {of}{alone}"
        return (
            f"{counted(widths, 'width')}, {counted(others, 'structural choice')} (replacing at "
            f"most half of the convolutions) and {moves}"
        )

    def best(
        self,
        budgets: Sequence[Budget],
        known: Plan | None = None,
        *,
        progress: Progress | None = None,
    ) -> Found:
        """The plan of the least score that holds the budgets; `known` is one that does."""
        run = Run(self.offers, budgets, frozenset(), progress, self.seconds)
        run.best = known
        for offer in sorted(self.offers.all, key=lambda offer: offer.score):
            run.visit(offer)
        return run.found(complete=self.complete)

    def without(
        self, kind: str, plan: Plan, budgets: Sequence[Budget], known: Plan | None = None
    ) -> Plan | None:
        """The best plan without a kind, with the spatial change of another plan or none.

        `known` is one that holds the budgets without it.
        """
        leading = plan.choices
        seconds = min(self.seconds, WITHOUT_SECONDS)
        run = Run(self.offers, budgets, frozenset({kind}), None, seconds)
        run.best = known
        for offer in self.offers.all:
            if offer.choice is None or offer.choice in leading:
                run.visit(offer)
        return run.found().plan
