"""The search over all plans: spatial changes outside, everything else by the solver within."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from cnncost.quantity import counted
from cnncost.suggest.budget import Budget
from cnncost.suggest.clock import Clock
from cnncost.suggest.edits import multiplier
from cnncost.suggest.limits import limited
from cnncost.suggest.offers import Offer, Offers, Scene
from cnncost.suggest.plan import Plan
from cnncost.suggest.prune import without_dominated
from cnncost.suggest.run import REACH_SECONDS, Found, Progress, Run
from cnncost.suggest.solver import Outcome, nearest
from cnncost.suggest.tables import Costs
from cnncost.suggest.variable import Variable

WITHOUT_SECONDS = 5.0
"""How long a plan for comparison is looked for."""


class Search:
    """The plans that a spec has, under the spatial changes that it is offered."""

    def __init__(
        self,
        offers: Sequence[Offer],
        variables: Sequence[Variable],
        seconds: float,
        clock: Clock,
    ) -> None:
        self.offers = Offers(offers, clock)
        self.variables = variables
        self.seconds = seconds

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

    def least(self, budget: Budget) -> int:
        """The smallest value of a budget's metric that the plans of the space reach."""
        plan = self.nearest([budget])
        return 0 if plan is None else plan.after[budget.metric]

    def nearest(self, budgets: Sequence[Budget]) -> Plan | None:
        """The plan whose worst excess, as a share of its budget, is least."""
        scenes = dict(enumerate(self._limited(offer, budgets) for offer in self.offers.all))
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

    def _limited(self, offer: Offer, budgets: Sequence[Budget]) -> tuple[Scene, dict[int, int]]:
        """A scene with everything that its budgets limit, whether they are within reach or not."""
        scene = self.offers.scene(offer)
        space, limits = limited(scene.space, budgets, every=True)
        return replace(scene, space=space), limits

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
        return costs, partial(small.written, outcome)

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
        return run.found()

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
