"""The search over all plans: spatial changes outside, everything else by the solver within."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from cnncost.suggest.budget import Budget
from cnncost.suggest.draft import METRICS, Measures, measured
from cnncost.suggest.plan import Plan, Step, steps
from cnncost.suggest.solver import Limits, Outcome, least, solve, solve_nearest
from cnncost.suggest.space import Space
from cnncost.suggest.variable import Choice

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Scene:
    """A draft with at most one spatial change made, and the plans there are for it."""

    space: Space
    leading: tuple[Step, ...] = ()
    """The spatial change."""

    @property
    def score(self) -> int:
        return sum(step.choice.score for step in self.leading)


@dataclass(frozen=True)
class Found:
    """What a search ended with."""

    plan: Plan | None
    proved: bool
    """Whether the plan is the best of the space, or certainly none holds the budgets."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Offer:
    """A scene that can be had."""

    choice: Choice | None
    """The spatial change; None for the spec as it is."""
    make: Callable[[], Scene | None]

    @property
    def score(self) -> int:
        return 0 if self.choice is None else self.choice.score


class Search:
    """One search: scenes are made when they are reached, and skipped where they cannot win."""

    def __init__(self, offers: Sequence[Offer], seconds: float) -> None:
        self.offers = offers
        self.seconds = seconds
        self._made: dict[int, Scene | None] = {}

    @property
    def base(self) -> Scene:
        """The scene of the spec as it is."""
        scene = self.scene(0)
        assert scene is not None  # the spec as it is is valid
        return scene

    def scene(self, index: int) -> Scene | None:
        if index not in self._made:
            self._made[index] = self.offers[index].make()
        return self._made[index]

    def singles(self) -> list[Choice]:
        """Every edit that can be made alone."""
        alone = [c for variable in self.base.space.variables for c in variable.choices[1:]]
        return alone + [offer.choice for offer in self.offers if offer.choice is not None]

    def space(self) -> str:
        """What plans are chosen among, in words."""
        variables = self.base.space.variables
        widths = sum(variable.group for variable in variables)
        others = sum(len(v.choices) - 1 for v in variables if not v.group)
        spatial = len(self.offers) - 1
        parts = [f"{widths} widths", f"{others} structural choices"]
        return f"{', '.join(parts)} and at most one of {spatial} spatial changes"

    def least(self, metric: int) -> int:
        """The smallest value of a metric that any plan reaches."""
        values = []
        for index in range(len(self.offers)):
            scene = self.scene(index)
            if scene is not None:
                values.append(least(scene.space.tables, metric, scene.space.convolutions))
        return min(values)

    def nearest(self, budgets: Sequence[Budget]) -> Plan | None:
        """The plan whose worst excess, as a share of its budget, is least."""
        limits = {METRICS.index(b.metric): b.most for b in budgets}
        found: tuple[float, Plan] | None = None
        for index in range(len(self.offers)):
            scene = self.scene(index)
            if scene is None:
                continue
            outcome = solve_nearest(scene.space.tables, limits, scene.space.convolutions)
            plan = written(scene, outcome) if outcome.chosen is not None else None
            if plan is None:
                continue
            excess = max(plan.after[b.metric] / b.most for b in budgets)
            if found is None or excess < found[0]:
                found = (excess, plan)
        return None if found is None else found[1]

    def best(
        self,
        budgets: Sequence[Budget],
        *,
        banned: frozenset[str] = frozenset(),
        progress: Progress | None = None,
    ) -> Found:
        """The plan of the least score that holds the budgets."""
        start = monotonic()
        best: Plan | None = None
        bound, proved = None, True
        order = sorted(range(len(self.offers)), key=lambda index: self.offers[index].score)
        for index in order:
            cutoff = None if best is None else best.score - 1
            if cutoff is not None and self.offers[index].score > cutoff:
                continue
            left = self.seconds - (monotonic() - start)
            scene = self.scene(index) if left > 0 else None
            if left <= 0:
                proved = False
                bound = min(self.offers[index].score, self.offers[index].score if bound is None else bound)
                continue
            if scene is None:
                continue
            limits = Limits(
                {METRICS.index(b.metric): b.most for b in budgets},
                scene.space.convolutions,
                cutoff=None if cutoff is None else cutoff - scene.score,
                banned=banned,
                seconds=left,
            )
            plan, outcome = _best_of(scene, limits, budgets, progress)
            if not outcome.proved:
                proved = False
                reached = scene.score + outcome.bound
                bound = reached if bound is None else min(bound, reached)
            if plan is not None and (best is None or plan.score < best.score):
                best = plan
        if best is not None:
            least = best.score if proved or bound is None else min(bound, best.score)
            best = replace(best, proved=proved or least == best.score, bound=least)
        return Found(best, proved, monotonic() - start)


def _best_of(
    scene: Scene, limits: Limits, budgets: Sequence[Budget], progress: Progress | None
) -> tuple[Plan | None, Outcome]:
    """The best plan of a scene, held against the recount of its text.

    A plan that its recount refutes is forbidden, and the search goes on: so the bound stays.
    """
    tell = None
    if progress is not None:
        report = progress

        def tell(best: float, bound: float) -> None:
            report(f"score {best / 1e5:.3f}, at least {max(bound, 0) / 1e5:.3f}")

    while True:
        outcome = solve(scene.space.tables, limits, tell)
        if outcome.chosen is None:
            return None, outcome
        plan = written(scene, outcome)
        if plan is not None and holds(plan.after, budgets):
            return plan, outcome
        limits = replace(limits, forbidden=(*limits.forbidden, outcome.chosen))


def written(scene: Scene, outcome: Outcome) -> Plan | None:
    """The plan of a solver's choices, its text read and counted; None where it is no spec."""
    assert outcome.chosen is not None
    draft = scene.space.draft
    choices = scene.space.choices(outcome.chosen)
    spec = draft.edited([change for choice in choices for change in choice.changes])
    if spec is None:
        return None
    return Plan(
        tuple(steps(draft, choices, scene.leading)),
        scene.score + outcome.score,
        spec.text.text,
        measured(spec.network),
        outcome.proved,
        scene.score + outcome.bound,
    )


def holds(after: Measures, budgets: Sequence[Budget]) -> bool:
    """Whether every budget holds."""
    return all(after[budget.metric] <= budget.most for budget in budgets)
