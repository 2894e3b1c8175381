"""The search by label setting: the plan of the least score within all budgets, proved.

A label is what a part of a plan has taken so far: its score and each resource. Decision after
decision every label is extended by every option; dropped are labels that cannot end within the
budgets, that cannot end below the score looked for (by the Lagrangian bound to the end), and of
two in one state the one that is no better in anything. What is left at the end is the best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from cnncost.plans.decisions.cost_tables import CostTables
from cnncost.plans.search.elimination import (
    CostToGo,
    EliminationOrder,
    EliminationStep,
    PricedBound,
    Resources,
    find_elimination_order,
    find_prices,
)
from cnncost.plans.search.labels import FEW_LABELS, ScoreLadder, undominated_labels
from cnncost.plans.search.plan import SearchLimits, SearchOutcome
from cnncost.plans.search.score_floors import TOLERANCE, ScoreFloors, floors_in_order

if TYPE_CHECKING:
    from cnncost.arrays import Bools, Floats, Ints

Report = Callable[[float, float], None]

MOST_LABELS = 300_000
"""Labels held at once; a search that needs more is left to the general solver."""

EFFORT = 100_000
"""Labels after which a bound as near as `SearchLimits.within` is near enough."""

BEAM = 500
"""Labels held of each step while a good plan is looked for, which need not be the best."""


def solve_by_labels(
    tables: CostTables,
    limits: SearchLimits,
    report: Report | None = None,
    prices: Sequence[float] = (),
) -> SearchOutcome | None:
    """Find the options of least score within the limits; None where that takes too many labels.

    One option of the first decision costs 40 instead of 60 for a score of 3:

    >>> from cnncost.plans.decisions.cost_tables import tables_of
    >>> tables = tables_of([[0, 3], [0, 4]], {(0, 1): [[60, 30], [40, 20]]})
    >>> solve_by_labels(tables, SearchLimits({0: 45}, convolutions=0)).chosen
    (1, 0)

    `report` is told the best score found so far and the bound, in score units. `prices` are
    those of an outcome under the same budgets: a start that saves time.
    """
    search = None if limits.forbidden else prepare_labels(tables, limits, report, prices)
    return None if search is None else search.solve()


def prepare_labels(
    tables: CostTables,
    limits: SearchLimits,
    report: Report | None = None,
    prices: Sequence[float] = (),
    most: float = inf,
) -> LabelSearch | None:
    """Prepare a search that makes at most so many labels in all; None where no order of the
    decisions keeps few of them open."""
    order = find_elimination_order(tables, tuple(limits.budgets), counted=tuple(limits.counted))
    return None if order is None else LabelSearch(order, limits, report, prices, most)


def find_least(tables: CostTables, metric: int, limits: SearchLimits) -> SearchOutcome | None:
    """Find the options that take least of a metric; their score is what they take above the tables'
    floor. None where no order of the decisions keeps few of them open."""
    order = find_elimination_order(tables, tuple(limits.budgets), metric)
    return None if order is None else LabelSearch(order, limits, None, ()).solve()


class LabelSearch:
    """One search by labels."""

    def __init__(
        self,
        order: EliminationOrder,
        limits: SearchLimits,
        report: Report | None,
        prices: Sequence[float],
        most: float = inf,
    ) -> None:
        import numpy as np

        self.order, self.report, self.most = order, report, most
        self.deadline = monotonic() + limits.seconds
        self.within = limits.within
        self.extended = 0
        """How many labels were made."""
        self.searched = False
        """Whether a good plan was looked for."""
        base = [order.tables.base[metric] for metric in order.metrics]
        budgets = [limits.budgets[metric] for metric in order.metrics]
        room = [most - taken for most, taken in zip(budgets, base, strict=True)]
        counted = limits.counted.values()
        self.room = np.array([*room, *counted], dtype=np.int64)
        self.scales = np.maximum(np.array([*budgets, *counted], dtype=np.float64), 1)
        highest = order.highest
        self.ceiling = highest if limits.cutoff is None else min(highest, limits.cutoff)
        self.tolerance = max(TOLERANCE, highest * 1e-12)
        units = [[0.0] * (len(self.room) + 1) for _ in self.room]
        for resource, unit in enumerate(units, 1):
            unit[resource] = 1.0
        self.needs = [order.cost_to_go(unit).totals for unit in units]
        """What each resource takes at least to the end."""
        self.prices: Floats = np.zeros(len(self.room))
        """What the share of a budget costs, in score: the best prices so far."""
        if len(prices) == len(self.room):
            self.prices = np.array(prices)
        self.best = SearchOutcome(None)
        """A plan met on the way."""

    def find_floors(self) -> ScoreFloors:
        """Find what plans with each option and combination score at least, at the best prices."""
        priced = self._find_prices()
        return floors_in_order(self.order.tables, priced.bound.least_through(), priced.least)

    def solve(self) -> SearchOutcome | None:
        """Find the best options; None where there would be too many labels."""
        outcome = self._solve_to_end()
        return outcome and replace(outcome, prices=tuple(self.prices.tolist()))

    def _solve_to_end(self) -> SearchOutcome | None:
        if any(need[0] > room for need, room in zip(self.needs, self.room, strict=True)):
            return SearchOutcome(None)
        prices = self._find_prices()
        ceiling = self.ceiling if prices.chosen is None else prices.score
        if prices.least > ceiling + self.tolerance:
            return self._make_outcome(prices, prices.score, proved=True)
        ladder = ScoreLadder(max(0, _round_up(prices.least, self.tolerance)), ceiling)
        try:
            return self._climb(ladder, prices)
        except _TimeOverError:
            return self._make_outcome(prices, ladder.bound, proved=False)
        except _TooManyError:
            return None

    def _find_prices(self) -> PricedBound:
        resources = Resources(self.room, self.scales, self.tolerance)
        found = find_prices(self.order, resources, self.prices, self.ceiling, self.deadline)
        self.prices = found.shares
        if found.chosen is not None:
            self.best = SearchOutcome(found.chosen, found.score, proved=False)
        return found

    def _climb(self, ladder: ScoreLadder, prices: PricedBound) -> SearchOutcome:
        """Raise the bound rung by rung until it meets a plan, or is near enough to one.

        Raises:
            _TimeOverError: the time is over.
            _TooManyError: no rung is low enough for the labels that there may be.
        """
        while (target := ladder.next_target()) is not None:
            if self.report is not None:
                self.report(prices.score, ladder.bound)
            if monotonic() > self.deadline:
                raise _TimeOverError
            before = self.extended
            try:
                found = self._extend_labels(prices.bound, prices.least, target)
            except _TooManyError:
                if not ladder.lower_rung():
                    raise
                found = None
            else:
                if found is not None:
                    chosen, score = found
                    return SearchOutcome(chosen, score, score, exact=float(score))
                ladder.raise_bound(target, self.extended - before)
            if self.extended > FEW_LABELS and not self.searched:
                prices = self._search_beam(prices)
                ladder.most = min(ladder.most, prices.score - 1)
            if self.extended > EFFORT and ladder.most + 1 - ladder.bound <= self.within:
                return self._make_outcome(prices, ladder.bound, proved=ladder.bound > ladder.most)
        return self._make_outcome(prices, prices.score, proved=True)

    def _search_beam(self, prices: PricedBound) -> PricedBound:
        """Look for a better plan among the likeliest labels only."""
        self.searched = True
        found = self._extend_labels(prices.bound, prices.least, prices.score - 1, BEAM)
        if found is None:
            return prices
        self.best = SearchOutcome(*found, proved=False)
        return prices._replace(chosen=found[0], score=found[1])

    def _make_outcome(self, prices: PricedBound, bound: int, *, proved: bool) -> SearchOutcome:
        if prices.chosen is None:
            return SearchOutcome(None, bound=bound, proved=proved)
        return SearchOutcome(prices.chosen, prices.score, bound, proved, float(bound))

    def _extend_labels(
        self, bound: CostToGo, least: float, target: int, beam: int | None = None
    ) -> tuple[tuple[int, ...], int] | None:
        """Find the best options that score at most `target`, and their score.

        With `beam` only so many labels of each step are extended, those that the bound promises
        most: what is found is a good plan.

        Of equal scores the one that takes least of the first resource, then of the second, and
        so on; of equals in everything the one whose options come first in their order.
        """
        import numpy as np

        price = float(least - bound.least)  # what the prices credit for the room that there is
        labels: Ints = np.zeros((1, len(self.room) + 1), dtype=np.int64)
        states: Ints = np.zeros(1, dtype=np.int64)
        back: list[tuple[Ints, Ints]] = []
        for step, stage in enumerate(self.order.steps, 1):
            if monotonic() > self.deadline:
                raise _TimeOverError
            labels, states, parents, picks = self._extend_once(stage, labels, states)
            ends = labels @ bound.prices + bound.totals[step].reshape(-1)[states]
            keep = self._may_end_well(step, labels, states, ends <= target - price + self.tolerance)
            if not keep.any():
                return None
            labels, states, parents, picks = (a[keep] for a in (labels, states, parents, picks))
            best = undominated_labels(labels, states)
            if beam is not None and len(best) > beam:
                best = best[np.sort(np.argpartition(ends[keep][best], beam)[:beam])]
            labels, states = labels[best], states[best]
            back.append((parents[best].astype(np.int32), picks[best].astype(np.int32)))
        at = 0  # labels are in the order of their amounts
        score = int(labels[at, 0])
        if score > target:  # the prices credit it for room that it leaves
            return None
        chosen = [0] * len(self.order.sizes)
        for stage, (parents, picks) in zip(reversed(self.order.steps), reversed(back), strict=True):
            chosen[stage.decision] = int(picks[at])
            at = int(parents[at])
        return tuple(chosen), score

    def _extend_once(self, stage: EliminationStep, labels: Ints, states: Ints) -> tuple[Ints, ...]:
        """Extend every label by every option: return amounts, states, parents and options."""
        import numpy as np

        size = self.order.sizes[stage.decision]
        self.extended += len(labels) * size
        if len(labels) * size > MOST_LABELS or self.extended > self.most:
            raise _TooManyError
        shape = [self.order.sizes[v] for v in stage.before]
        parents: Ints = np.repeat(np.arange(len(labels)), size)
        picks = np.tile(np.arange(size), len(labels))
        at = (*_state_choices(states[parents], shape), picks)
        own = stage.costs.shape[:-1]
        costs = stage.costs[tuple([k if n > 1 else 0 for k, n in zip(at, own, strict=True)])]
        axes = (*stage.before, stage.decision)
        new: Ints = np.zeros(len(parents), dtype=np.int64)
        for v, k in zip(axes, at, strict=True):
            if v in stage.after:
                new = new * self.order.sizes[v] + k
        return labels[parents] + costs, new, parents, picks

    def _may_end_well(self, step: int, labels: Ints, states: Ints, near: Bools) -> Bools:
        """Tell which labels may end within the budgets, of those near enough to the score."""
        fits = (labels[:, 1:] + self._needed_to_end[step][states] <= self.room).all(axis=1)
        return near & fits

    @cached_property
    def _needed_to_end(self) -> list[Ints]:
        """After each step, for each state: the least that each resource takes to the end."""
        import numpy as np

        steps = zip(*self.needs, strict=True)
        return [np.stack([total.reshape(-1) for total in step], axis=-1) for step in steps]


class _TimeOverError(Exception):
    """The time is over."""


class _TooManyError(Exception):
    """There are too many labels."""


def _round_up(value: float, tolerance: float) -> int:
    """The least whole score that is not below a bound."""
    return int(-((-value + tolerance) // 1))


def _state_choices(states: Ints, shape: Sequence[int]) -> tuple[Ints, ...]:
    import numpy as np

    return np.unravel_index(states, shape) if shape else ()
