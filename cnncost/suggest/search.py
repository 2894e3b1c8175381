"""The search over all plans: spatial changes outside, everything else by the solver within."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import inf
from typing import NamedTuple

from cnncost.quantity import counted
from cnncost.suggest import labels
from cnncost.suggest.budget import Budget
from cnncost.suggest.clock import Clock, TimeOverError
from cnncost.suggest.edits import multiplier
from cnncost.suggest.limits import limited
from cnncost.suggest.offers import Offer, Offers, Scene
from cnncost.suggest.plan import Plan
from cnncost.suggest.prune import without_dominated
from cnncost.suggest.run import MOST_LABELLED, REACH_SECONDS, Found, Progress, Run
from cnncost.suggest.solver import Limits, Outcome, nearest, solve
from cnncost.suggest.tables import Costs, Tables
from cnncost.suggest.variable import Variable

WITHOUT_SECONDS = 5.0
"""How long a plan for comparison is looked for."""


class Near(NamedTuple):
    """How near a search comes to budgets that it cannot hold."""

    plan: Plan | None
    proved: bool
    """Whether no plan comes nearer."""


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

    def nearest(self, budgets: Sequence[Budget]) -> Near:
        """The plan whose worst excess, as a share of its budget, is least.

        Raises:
            TimeOverError: there was no time to look at any plan.
        """
        clock = self.offers.clock
        limiting = (self._limited(offer, budgets) for offer in self.offers.all)
        scenes, proved = clock.gather(limiting, inf)
        if not scenes:
            raise TimeOverError
        floors = [
            max(scene.space.tables.floor(metric) / most for metric, most in limits.items())
            for scene, limits in scenes
        ]
        best: tuple[float, Callable[[], Plan | None]] | None = None
        # The scenes that may come nearest first; one that cannot come nearer is not searched.
        for floor, (scene, limits) in sorted(
            zip(floors, scenes, strict=True), key=lambda pair: pair[0]
        ):
            if best is not None and floor >= best[0]:
                break
            if best is not None and clock.left <= 0:
                proved = False
                break
            costs, certain = _nearest(scene, limits)
            proved = proved and certain
            excess = max(costs[metric] / most for metric, most in limits.items())
            if best is None or excess < best[0]:
                best = excess, partial(_gentlest, scene, _reached(costs, limits, len(budgets)))
        assert best is not None  # the spec as it stands is always offered
        return Near(best[1](), proved)

    def _limited(self, offer: Offer, budgets: Sequence[Budget]) -> tuple[Scene, dict[int, int]]:
        """A scene with everything that its budgets limit, whether they are within reach or not."""
        scene = self.offers.scene(offer)
        space, limits = limited(scene.space, budgets, every=True)
        return replace(scene, space=space), limits

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


def _nearest(scene: Scene, limits: Mapping[int, int]) -> tuple[Costs, bool]:
    """What the nearest choices of one scene cost, and whether none come nearer."""
    space = scene.space
    tables = without_dominated(space.tables, tuple(limits), scored=False)
    outcome = _furthest(tables, limits, space.convolutions)
    if outcome is None:
        outcome, _ = nearest(tables, limits, space.convolutions, REACH_SECONDS)
    # In no time at all: the spec as it is.
    costs = tables.costs(outcome.chosen or (0,) * len(tables.variables))
    assert costs is not None  # the solver picks possible combinations
    return costs, outcome.proved


def _furthest(tables: Tables, limits: Mapping[int, int], convolutions: int) -> Outcome | None:
    """Choices that take least of the metric that comes least near its limit, if the others can
    come as near beside it: none come nearer then. None where that is not proved."""
    if len(limits) > MOST_LABELLED:
        return None
    alone: dict[int, tuple[int, Outcome]] = {}
    asked = Limits({}, convolutions, seconds=REACH_SECONDS)
    for metric in limits:
        outcome = labels.smallest(tables, metric, asked)
        if outcome is None or outcome.chosen is None or not outcome.proved:
            return None
        costs = tables.costs(outcome.chosen)
        assert costs is not None  # the solver picks possible combinations
        alone[metric] = costs[metric], outcome
    furthest = max(limits, key=lambda metric: Fraction(alone[metric][0], limits[metric]))
    least, outcome = alone[furthest]
    others = {m: most * least // limits[furthest] for m, most in limits.items() if m != furthest}
    if not others:
        return outcome
    beside = labels.smallest(tables, furthest, replace(asked, budgets=others))
    if beside is None or beside.chosen is None:
        return None
    costs = tables.costs(beside.chosen)
    return beside if costs is not None and costs[furthest] == least else None


def _reached(costs: Costs, limits: Mapping[int, int], budgets: int) -> dict[int, int]:
    """How far plans must reach to be as near: to the same value of the one budget; of several
    those that are held need no more than that."""
    if budgets == 1:  # whose limits are one in counts, and of bytes one a step that may be a peak
        return dict.fromkeys(limits, max(costs[metric] for metric in limits))
    return {metric: max(costs[metric], most) for metric, most in limits.items()}


def _gentlest(scene: Scene, reached: Mapping[int, int]) -> Plan | None:
    """Of the plans of a scene that reach this far the one of the least score: what reaches far
    without it, such as the width of a layer that goes, is no part of it."""
    space = scene.space
    limits = Limits(reached, space.convolutions, seconds=REACH_SECONDS)
    tables = without_dominated(space.tables, tuple(reached))
    outcome = labels.solve(tables, limits) or solve(tables, limits)
    if outcome.chosen is None:  # not in time: the spec as it is
        outcome = Outcome((0,) * len(tables.variables))
    return replace(scene, space=replace(space, tables=tables)).written(outcome)
