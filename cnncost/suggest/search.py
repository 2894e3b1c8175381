"""The search over all plans: spatial changes outside, everything else by the solver within."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import NamedTuple

from cnncost.quantity import counted
from cnncost.suggest import labels
from cnncost.suggest.budget import Budget
from cnncost.suggest.clock import Clock, TimeOverError
from cnncost.suggest.damage import UNIT
from cnncost.suggest.draft import Measures
from cnncost.suggest.edits import multiplier
from cnncost.suggest.greedy import greedy
from cnncost.suggest.limits import limited
from cnncost.suggest.plan import Plan, Step
from cnncost.suggest.prune import without_dominated, without_kinds
from cnncost.suggest.solver import Limits, Outcome, nearest, solve
from cnncost.suggest.space import Space
from cnncost.suggest.tables import Costs, Tables
from cnncost.suggest.variable import Choice, Variable

Progress = Callable[[str], None]

MOST_LABELLED = 4
"""Limits that label setting takes; bytes alive at each step are many more."""

REACH_SECONDS = 2.0
"""How long one scene is searched for how far it reaches."""

WITHOUT_SECONDS = 5.0
"""How long a plan for comparison is looked for."""


@dataclass(frozen=True)
class Scene:
    """A draft with at most one spatial change made, and the plans there are for it."""

    space: Space
    leading: tuple[Step, ...] = ()
    """The spatial change."""

    @property
    def score(self) -> int:
        return sum(step.choice.score for step in self.leading)


class Found(NamedTuple):
    """What a search ended with."""

    plan: Plan | None
    proved: bool
    """Whether the plan is the best of the space, or certainly none holds the budgets."""
    seconds: float = 0.0


class Offer(NamedTuple):
    """A scene that can be had."""

    choice: Choice | None
    """The spatial change; None for the spec as it is."""
    make: Callable[[int | None], Scene]
    """The scene with the choices that score at most so much."""

    @property
    def score(self) -> int:
        return 0 if self.choice is None else self.choice.score


class Search:
    """One search: scenes are made when they are reached, and skipped where they cannot win."""

    def __init__(
        self,
        offers: Sequence[Offer],
        variables: Sequence[Variable],
        seconds: float,
        clock: Clock,
    ) -> None:
        self.clock = clock
        self.offers = offers
        self.variables = variables
        self.seconds = seconds
        self._made: dict[int, tuple[int | None, Scene]] = {}

    def space(self) -> str:
        """What plans are chosen among, in words."""
        changed = [variable for variable in self.variables if len(variable.choices) > 1]
        widths = sum(variable.group for variable in changed)
        others = sum(len(v.choices) - 1 for v in changed if not v.group)
        spatial = len(self.offers) - 1
        kinds = [offer.choice.kind for offer in self.offers if offer.choice is not None]
        alone = " (a multiplier without widths)" if multiplier.KIND in kinds else ""
        moves = "no spatial change"
        if spatial:
            of = f"of {spatial} spatial changes" if spatial > 1 else "spatial change"
            moves = f"at most one {of}{alone}"
        return (
            f"{counted(widths, 'width')}, {counted(others, 'structural choice')} (replacing at "
            f"most half of the convolutions) and {moves}"
        )

    def least(self, budget: Budget) -> int:
        """The smallest value of a budget's metric that the plans of the space reach."""
        plan = self.nearest([budget])
        return 0 if plan is None else plan.after[budget.metric]

    def nearest(self, budgets: Sequence[Budget]) -> Plan | None:
        """The plan whose worst excess, as a share of its budget, is least."""
        scenes = {index: self._limited(index, budgets) for index in self._all()}
        floors = {
            index: max(scene.space.tables.floor(metric) / most for metric, most in limits.items())
            for index, (scene, limits) in scenes.items()
        }
        found: dict[int, tuple[float, Callable[[], Plan | None]]] = {}
        # The scenes that may come nearest first; one that cannot come nearer is not searched.
        for index in sorted(floors, key=lambda index: floors[index]):
            if not found or floors[index] < min(excess for excess, _ in found.values()):
                scene, limits = scenes[index]
                costs, plan = self._nearest(scene, limits)
                excess = max(costs[metric] / most for metric, most in limits.items())
                found[index] = (excess, plan)
        best = min(found, key=lambda index: found[index][0])
        return found[best][1]()

    def _limited(self, index: int, budgets: Sequence[Budget]) -> tuple[Scene, dict[int, int]]:
        """A scene with everything that its budgets limit, whether they are within reach or not."""
        scene = self._scene(index)
        space, limits = limited(scene.space, budgets, every=True)
        return replace(scene, space=space), limits

    def _all(self) -> range:
        return range(len(self.offers))

    def _nearest(
        self, scene: Scene, limits: Mapping[int, int]
    ) -> tuple[Costs, Callable[[], Plan | None]]:
        """What the nearest plan of one scene costs, and the plan."""
        if len(limits) == 1:
            # Against one budget the nearest plan is the smallest: a share of today's is easier.
            limits = dict.fromkeys(limits, 0)
        tables = without_dominated(scene.space.tables, tuple(limits), scored=False)
        outcome, _ = nearest(tables, limits, scene.space.convolutions, REACH_SECONDS)
        if outcome.chosen is None:  # not in time: the spec as it is
            outcome = Outcome((0,) * len(tables.variables))
        assert outcome.chosen is not None
        small = replace(scene, space=replace(scene.space, tables=tables))
        costs = tables.costs(outcome.chosen)
        assert costs is not None  # the solver picks possible combinations
        return costs, partial(written, small, outcome)

    def _scene(self, index: int) -> Scene:
        """A scene with all its choices."""
        return self.scene_of(self.offers[index], None)

    def scene_of(self, offer: Offer, ceiling: int | None) -> Scene:
        """A scene with the choices that score at most so much, and maybe with more."""
        index = next(i for i, one in enumerate(self.offers) if one is offer)
        if index in self._made:
            known, scene = self._made[index]
            if known is None or (ceiling is not None and ceiling <= known):
                return scene
        self._made[index] = ceiling, offer.make(ceiling)
        return self._made[index][1]

    def best(
        self,
        budgets: Sequence[Budget],
        known: Plan | None = None,
        *,
        progress: Progress | None = None,
    ) -> Found:
        """The plan of the least score that holds the budgets; `known` is one that does."""
        run = _Run(self, budgets, frozenset(), progress, self.seconds)
        run.best = known
        for offer in sorted(self.offers, key=lambda offer: offer.score):
            run.visit(offer)
        return run.found()

    def without(
        self, kind: str, plan: Plan, budgets: Sequence[Budget], known: Plan | None = None
    ) -> Plan | None:
        """The best plan without a kind, with the spatial change of another plan or none.

        `known` is one that holds the budgets without it.
        """
        leading = plan.choices
        seconds = min(self.seconds, WITHOUT_SECONDS)
        run = _Run(self, budgets, frozenset({kind}), None, seconds)
        run.best = known
        for offer in self.offers:
            if offer.choice is None or offer.choice in leading:
                run.visit(offer)
        return run.found().plan


class _Run:
    """One search for the best plan, scene after scene, the cheapest spatial change first."""

    def __init__(
        self,
        search: Search,
        budgets: Sequence[Budget],
        banned: frozenset[str],
        progress: Progress | None,
        seconds: float,
    ) -> None:
        self.search = search
        self.budgets = budgets
        self.banned = banned
        self.progress = progress
        self.seconds = seconds
        self.deadline = monotonic() + seconds
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
            with self.search.clock.until(self.deadline):
                self._search(offer, ceiling)
        except TimeOverError:
            self.bounds.append(offer.score)

    def _search(self, offer: Offer, ceiling: int | None) -> None:
        self.search.clock.check()
        scene = self.search.scene_of(offer, ceiling)
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
        plan = written(scene, Outcome(chosen, score, proved=False))
        if plan is None or not holds(plan.after, self.budgets):
            return False
        self.best = plan
        return True

    def found(self) -> Found:
        """What the search ends with."""
        spent = self.seconds - (self.deadline - monotonic())
        if self.best is None:
            return Found(None, not self.bounds, spent)
        bound = min([*self.bounds, self.best.score])
        proved = bound == self.best.score
        return Found(replace(self.best, proved=proved, bound=bound), proved, spent)


def _best_of(run: _Run, scene: Scene, limits: Limits) -> tuple[Plan | None, Outcome]:
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
        plan = written(scene, outcome)
        if plan is not None and holds(plan.after, run.budgets):
            return plan, outcome
        limits = replace(
            limits,
            forbidden=(*limits.forbidden, outcome.chosen),
            seconds=deadline - monotonic(),
        )
        if limits.seconds <= 0:
            return None, Outcome(None, bound=outcome.bound, proved=False)
        outcome = _solved(run, scene, limits, tell)


def _solved(
    run: _Run, scene: Scene, limits: Limits, tell: Callable[[float, float], None]
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


def written(scene: Scene, outcome: Outcome) -> Plan | None:
    """The plan of a solver's choices, its text read and counted; None where it is no spec."""
    assert outcome.chosen is not None
    draft = scene.space.draft
    choices = scene.space.choices(outcome.chosen)
    spec = draft.edited([change for choice in choices for change in choice.changes])
    if spec is None:
        return None
    return Plan(
        draft,
        tuple(choices),
        scene.score + outcome.score,
        spec.text.text,
        draft.measured(spec.network),
        scene.leading,
        outcome.proved,
        scene.score + outcome.bound,
    )


def holds(after: Measures, budgets: Sequence[Budget]) -> bool:
    """Whether every budget holds."""
    return all(after[budget.metric] <= budget.most for budget in budgets)
