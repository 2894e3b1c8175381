"""A frontier: the least score at each size of a metric, the other budgets held throughout."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

from cnncost.errors import CnncostError
from cnncost.plans.edits.budget import Budget, parse_budgets
from cnncost.plans.search.plan import Plan
from cnncost.plans.search.plan_search import Progress
from cnncost.plans.suggestion.prepared_search import PreparedSearch
from cnncost.quantity import TIME, budget_metric, counted_as

SHARES = (90, 80, 70, 60, 50, 40, 30, 20, 10)
"""Where a frontier is looked at, in per cent of today's."""

GROWN_SHARES = (200, 180, 160, 140, 120, 100)
"""The same where plans may grow."""


class FrontierPoint(NamedTuple):
    """One point of a frontier: the best plan within a share of today's metric."""

    number: int
    """Its place on the frontier, from 1."""
    share: int
    budgets: tuple[Budget, ...]
    """What is held there: the point's own budget first, then the others."""
    plan: Plan | None
    proved: bool

    @property
    def metric(self) -> str:
        """As the user calls it."""
        return self.budgets[0].user_word


def find_frontier(
    prepared: PreparedSearch, word: str, progress: Progress | None = None
) -> list[FrontierPoint]:
    """Find the least score at each size of a metric.

    Raises:
        CnncostError: there is no such metric.
    """
    word = budget_metric(word, TIME)
    metric, _ = counted_as(word)
    others = [budget for budget in prepared.budgets() if budget.metric != metric]
    points: list[FrontierPoint] = []
    shares = GROWN_SHARES if prepared.request.allowed.grow else SHARES
    for number, share in enumerate(shares, 1):
        # What the suggestion and the points before left, in equal parts.
        left = max(0.0, prepared.deadline_at(1) - monotonic())
        budgets = (_share_of(prepared, word, share), *others)
        if progress is not None:
            progress(f"{share} % of the {word}")
        with prepared.editable.clock.until(monotonic() + left / (len(shares) - len(points))):
            alike, _ = prepared.scale_plan_uniformly(budgets)
            found = prepared.search.find_best(budgets, alike)
        points.append(FrontierPoint(number, share, budgets, found.plan, found.proved))
    return take_least_scores(points)


def take_least_scores(points: Sequence[FrontierPoint]) -> list[FrontierPoint]:
    """Give each point the plan of the least score among its own and those of smaller shares, which
    hold its budgets as well: a search compares prices, and a score may be below its price."""
    best: Plan | None = None
    found = []
    for point in reversed(points):
        own = point.plan
        best = own if own is not None and (best is None or own.score <= best.score) else best
        found.append(point._replace(plan=best))
    return found[::-1]


def _share_of(prepared: PreparedSearch, word: str, share: int) -> Budget:
    """The budget of a share of today's amount; a share of less than one is a budget of 0."""
    metric, _ = counted_as(word)
    if prepared.before[metric] * share < 100:
        return Budget(metric, 0, "0", word, 0)
    (budget,) = parse_budgets([f"{word}={share}%"], prepared.before)
    return budget


def pick_point(
    points: Sequence[FrontierPoint], wanted: str, prepared: PreparedSearch
) -> FrontierPoint:
    """Pick a point by its number, or the one of the least score that is within an amount.

    Raises:
        CnncostError: there is no such point, or it is out of reach.
    """
    reached = [point for point in points if point.plan is not None]
    if not reached:
        raise CnncostError("no point of the frontier is within reach", "there is nothing to pick")
    if wanted.isdigit() and 1 <= int(wanted) <= len(points):
        return _refuse_unreached(points[int(wanted) - 1])
    (budget,) = parse_budgets([f"{points[0].metric}={wanted}"], prepared.before)
    for point in reached:
        assert point.plan is not None  # it is within reach
        if point.plan.after[budget.metric] <= budget.most:
            return point
    raise CnncostError(
        f"--pick {wanted}: no point has so few {points[0].metric}",
        f"the smallest is point {reached[-1].number}",
    )


def _refuse_unreached(point: FrontierPoint) -> FrontierPoint:
    if point.plan is None:
        raise CnncostError(
            f"--pick {point.number}: {point.share} % of the {point.metric} is out of reach",
            "pick a point that has a score",
        )
    return point
