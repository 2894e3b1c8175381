"""Variable elimination: least costs from each step to the end, decision after decision.

Decisions are decided one after another. After a step only the options that tables still to come
read matter: the frontier, its options the state. For any prices of the resources the least
priced cost from each state to the end is known by a backward pass (dynamic programming; the
Lagrangian bound of a shortest path with resources, Handler & Zang 1980).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, prod
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from cnncost.plans.decisions.cost_tables import CostTable, CostTables
from cnncost.plans.search.decision_order import order_decisions

if TYPE_CHECKING:
    from cnncost.arrays import Floats, Ints

ROUNDS = 120
"""How often the prices are improved."""

NEVER = 1 << 52
"""More than any cost: what a combination that makes no network takes of every resource."""


class EliminationStep(NamedTuple):
    """One step of the order: one decision is taken."""

    decision: int
    before: tuple[int, ...]
    """The frontier that its state is read from."""
    after: tuple[int, ...]
    """The frontier once it is decided."""
    costs: Ints
    """Score, then each resource: one axis per decision of `before`, then its own, the amounts
    last; of length 1 where no table reads the decision."""


class EliminationOrder:
    """The tables' decisions in an order, one step per decision.

    The amounts are the score, then the resources: the metrics, and what is `counted` of the edits
    themselves, such as the convolutions that they touch.
    With an `objective` that metric stands in the score's place, above its least in each table.
    """

    def __init__(
        self,
        tables: CostTables,
        metrics: Sequence[int],
        order: Sequence[int],
        objective: int | None = None,
        counted: Sequence[str] = ("convolutions",),
    ) -> None:
        self.counted = tuple(counted)
        self.tables = tables
        self.metrics = metrics
        self.objective = objective
        self.sizes = [len(decision.options) for decision in tables.decisions]
        self.steps = tuple(self._elimination_steps(order))

    @property
    def highest(self) -> int:
        """An upper bound of the score: no options score more."""
        if self.objective is not None:
            return self.tables.ceiling(self.objective) - self.tables.floor(self.objective)
        return sum(max(c.score for c in v.options) for v in self.tables.decisions)

    def _elimination_steps(self, order: Sequence[int]) -> list[EliminationStep]:
        position = {v: i for i, v in enumerate(order)}
        due: dict[int, list[CostTable]] = {}  # by the step that decides the last of theirs
        until: dict[int, int] = {}  # for each decision the last step at which a table reads it
        for table in self.tables.members:
            last = max(position[v] for v in table.scope)
            due.setdefault(last, []).append(table)
            for v in table.scope:
                until[v] = max(last, until.get(v, -1))
        stages, before = [], tuple[int, ...]()
        for i, v in enumerate(order):
            axes = (*before, v)
            after = tuple([w for w in axes if until.get(w, -1) > i])
            stages.append(EliminationStep(v, before, after, self._step_costs(axes, due.get(i, ()))))
            before = after
        return stages

    def _step_costs(self, axes: Sequence[int], due: Sequence[CostTable]) -> Ints:
        """The amounts that deciding the last of the axes adds, by the options of all axes."""
        import numpy as np

        counts, options = 1 + len(self.metrics), self.tables.decisions[axes[-1]].options
        width = counts + len(self.counted)
        total: Ints = np.zeros((*[1] * (len(axes) - 1), len(options), width), dtype=np.int64)
        if self.objective is None:
            total[..., 0] = [edit.score for edit in options]
        for at, field in enumerate(self.counted, counts):
            total[..., at] = [getattr(edit, field) for edit in options]
        for table in due:
            own = table.with_axes(axes)
            shape = np.broadcast_shapes(total.shape[:-1], own.possible.shape)
            total = np.broadcast_to(total, (*shape, width)).copy()
            total[..., 1:counts] += own.costs[..., list(self.metrics)]
            if self.objective is not None:
                low, _ = table.extremes(self.objective)
                total[..., 0] += own.costs[..., self.objective] - low
            # Whatever is priced, what makes no network is too dear.
            total[~np.broadcast_to(own.possible, shape)] = NEVER
        return total

    def cost_to_go(self, prices: Sequence[float]) -> CostToGo:
        """Return the least priced cost from every state to the end: one price per amount.

        At a price of 0.2, 30 instead of 60 is worth a score of 4: 4 + 0.2 x 30.

        >>> from cnncost.plans.decisions.cost_tables import tables_of
        >>> tables = tables_of([[0, 3], [0, 4]], {(0, 1): [[60, 30], [40, 20]]})
        >>> bound = find_elimination_order(tables, [0]).cost_to_go([1, 0.2, 0])
        >>> bound.least, bound.cheapest_options()
        (10.0, (0, 1))
        """
        import numpy as np

        price, (entries, steps) = np.asarray(prices), self._backward
        priced = entries @ price
        rest: Floats = np.zeros((), dtype=np.float64)
        totals, picks = [rest], []
        for step in steps:
            whole = priced[step.entries].reshape(step.own) + rest.reshape(step.behind)
            whole = whole if whole.shape == step.full else np.broadcast_to(whole, step.full)
            rest = np.minimum.reduce(whole, axis=-1)
            totals.append(rest)
            picks.append(whole)
        return CostToGo(self, price, totals[::-1], picks[::-1])

    def amounts_of(self, chosen: Sequence[int]) -> Ints:
        """Add up the amounts of one option per decision: the score, then the resources."""
        import numpy as np

        total: Ints = np.zeros(1 + len(self.metrics) + len(self.counted), dtype=np.int64)
        for stage in self.steps:
            at = zip([*stage.before, stage.decision], stage.costs.shape[:-1], strict=True)
            total += stage.costs[tuple([chosen[v] if n > 1 else 0 for v, n in at])]
        return total

    @cached_property
    def _backward(self) -> tuple[Floats, list[_PricedStep]]:
        """The amounts of all entries, priced at once; the steps from the last to the first."""
        import numpy as np

        steps, end, amounts = [], 0, 1 + len(self.metrics) + len(self.counted)
        for stage in reversed(self.steps):
            axes, own = (*stage.before, stage.decision), stage.costs.shape[:-1]
            behind = tuple([self.sizes[v] if v in stage.after else 1 for v in axes])
            begin, end = end, end + prod(own)
            full = tuple([self.sizes[v] for v in axes])
            steps.append(_PricedStep(slice(begin, end), own, behind, full))
        rows = [stage.costs.reshape(-1, amounts) for stage in reversed(self.steps)]
        return np.concatenate([np.zeros((0, amounts)), *rows]), steps


class _PricedStep(NamedTuple):
    """One step, in the form that the backward pass reads."""

    entries: slice
    """Its own among those of all steps."""
    own: tuple[int, ...]
    """Their shape."""
    behind: tuple[int, ...]
    """The shape of the costs to the end behind it."""
    full: tuple[int, ...]
    """An option of every axis."""


@dataclass(frozen=True)
class CostToGo:
    """The least priced cost to the end, from every state after each step."""

    order: EliminationOrder
    prices: Floats
    totals: list[Floats]
    """Before the first step, then after each."""
    _whole: list[Floats]
    """At each step the same with every option of its decision."""

    @property
    def least(self) -> float:
        """The least priced cost of all options."""
        return float(self.totals[0])

    def cheapest_options(self) -> tuple[int, ...]:
        """Options of the least priced cost; of equal ones the first of each decision."""
        chosen = [0] * len(self.order.sizes)
        for stage, whole in zip(self.order.steps, self._whole, strict=True):
            here = whole[tuple([chosen[v] for v in stage.before])]
            chosen[stage.decision] = int(here.argmin())
        return tuple(chosen)

    def least_through(self) -> Iterator[tuple[tuple[int, ...], Floats]]:
        """Yield for each step its decisions, its own last, and the least priced cost of all plans
        with each combination of their options."""
        import numpy as np

        passed: Floats = np.zeros(())  # from the start to every state
        for stage, whole, rest in zip(self.order.steps, self._whole, self.totals[1:], strict=True):
            axes = (*stage.before, stage.decision)
            through = passed[..., None] + whole
            yield axes, through
            passed = through.min(tuple([i for i, v in enumerate(axes) if v not in stage.after]))
            passed = passed - rest


def find_elimination_order(
    tables: CostTables,
    metrics: Sequence[int],
    objective: int | None = None,
    counted: Sequence[str] = ("convolutions",),
) -> EliminationOrder | None:
    """Find an order of the decisions that keeps few options open; None where too many are.

    Tables of decisions 0 and 1 and of 1 and 2: at step 2 only the option of 1 matters.

    >>> from cnncost.plans.decisions.cost_tables import tables_of
    >>> tables = tables_of([[0, 1]] * 3, {(0, 1): [[4, 2], [3, 1]], (1, 2): [[4, 3], [2, 1]]})
    >>> [(s.decision, s.before) for s in find_elimination_order(tables, [0]).steps]
    [(0, ()), (1, (0,)), (2, (1,))]
    """
    sizes = [len(decision.options) for decision in tables.decisions]
    scopes = [table.scope for table in tables.members]
    order = order_decisions(sizes, scopes, 1 + len(metrics) + len(counted))
    return None if order is None else EliminationOrder(tables, metrics, order, objective, counted)


class Resources(NamedTuple):
    """What the budgets and the counted amounts leave to be taken."""

    room: Ints
    """For each resource the most that the options may take of it."""
    scales: Floats
    """For each resource the whole budget: prices are those of its share."""
    tolerance: float
    """What floating-point sums of scores may lose."""


class PricedBound(NamedTuple):
    """What the best prices of the resources say."""

    bound: CostToGo
    least: float
    """No plan scores less."""
    chosen: tuple[int, ...] | None
    """The best plan within the budgets met on the way."""
    score: int
    shares: Floats
    """The prices: what the share of a budget costs, in score."""


def find_prices(
    order: EliminationOrder,
    resources: Resources,
    start: Floats,
    ceiling: int,
    deadline: float,
) -> PricedBound:
    """Find prices of the resources whose bound on the score is high (Lagrangean relaxation).

    A subgradient method with Polyak's step, from the prices `start`: the price of a resource goes
    up where the cheapest options take more of it than there is, and down where they take less.
    """
    import numpy as np

    (room, scales, tolerance), prices = resources, start
    bound = order.cost_to_go([1.0, *(prices / scales)])
    # Prices of another search may start anywhere below: a bound of -10 is a bound.
    best: tuple[float, CostToGo, Floats] = (-inf, bound, start)
    chosen, score, pace, since = None, ceiling + 1, 1.0, 0
    for _ in range(ROUNDS):
        value = bound.least - float(prices @ (room / scales))
        since += 1
        if value > best[0]:
            since = since if value < best[0] + 0.5 else 0
            best = value, bound, prices
        picked = bound.cheapest_options()
        amounts = order.amounts_of(picked)
        over = (amounts[1:] - room) / scales
        if (over <= 0).all() and amounts[0] < score:
            chosen, score = picked, int(amounts[0])
        if best[0] > score - 1 + tolerance:
            break
        pace, since = (pace / 2, 0) if since >= 5 else (pace, since)
        if not (length := float(over @ over)) or pace < 0.01 or monotonic() > deadline:
            break
        # The aim lies above the bound even where the best score is nearly met.
        step = pace * (max(score, best[0] + 1) - value) / length
        prices = np.maximum(prices + step * over, 0)
        bound = order.cost_to_go([1.0, *(prices / scales)])
    return PricedBound(best[1], best[0], chosen, score, best[2])
