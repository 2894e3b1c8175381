"""Tables laid out along an order of their variables: steps, frontiers and bounds to the end.

Variables are decided one after another. After a step only the choices that tables still to come
read matter: the frontier, its choices the state. For any prices of the resources the least
priced cost from each state to the end is known by a backward pass (dynamic programming; the
Lagrangian bound of a shortest path with resources, Handler & Zang 1980).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

from cnncost.suggest.tables import Factor, Tables

WIDEST = 250_000
"""States of one step; a network whose branches need more is left to the general solver."""

NEVER = 1 << 52
"""More than any cost: what a combination that makes no network takes of every resource."""


class Stage(NamedTuple):
    """One variable decided."""

    variable: int
    before: tuple[int, ...]
    """The frontier that its state is read from."""
    after: tuple[int, ...]
    """The frontier once it is decided."""
    costs: Any  # Any: numpy's array
    """Score, then each resource: one axis a variable of `before`, then its own, the amounts
    last; of length 1 where no table reads the variable."""


class Chain:
    """Tables as a chain of steps.

    The amounts are the score, then the resources: the metrics, and the convolutions touched.
    With an `objective` that metric stands in the score's place, above its least in each table.
    """

    def __init__(
        self,
        tables: Tables,
        metrics: Sequence[int],
        order: Sequence[int],
        objective: int | None = None,
    ) -> None:
        self.tables = tables
        self.metrics = metrics
        self.objective = objective
        self.sizes = [len(variable.choices) for variable in tables.variables]
        self.stages = tuple(self._stages(order))

    @property
    def highest(self) -> int:
        """What no choices score more than."""
        if self.objective is not None:
            return self.tables.ceiling(self.objective) - self.tables.floor(self.objective)
        return sum(max(c.score for c in v.choices) for v in self.tables.variables)

    def _stages(self, order: Sequence[int]) -> list[Stage]:
        position = {v: i for i, v in enumerate(order)}
        last = [max(position[v] for v in factor.scope) for factor in self.tables.factors]
        stages = []
        before: tuple[int, ...] = ()
        for i, v in enumerate(order):
            due = [f for f, at in zip(self.tables.factors, last, strict=True) if at == i]
            later = [f for f, at in zip(self.tables.factors, last, strict=True) if at > i]
            read = {w for factor in later for w in factor.scope}
            axes = (*before, v)
            after = tuple([w for w in axes if w in read])
            stages.append(Stage(v, before, after, self._costs(axes, due)))
            before = after
        return stages

    def _costs(self, axes: Sequence[int], due: Sequence[Factor]) -> Any:  # Any: numpy's array
        """What deciding the last of the axes adds."""
        import numpy as np

        width = 2 + len(self.metrics)
        choices = self.tables.variables[axes[-1]].choices
        total: Any = np.zeros((*[1] * (len(axes) - 1), len(choices), width), dtype=np.int64)
        if self.objective is None:
            total[..., 0] = [choice.score for choice in choices]
        total[..., -1] = [choice.convolutions for choice in choices]
        for factor in due:
            own = factor.laid(axes)
            shape = np.broadcast_shapes(total.shape[:-1], own.possible.shape)
            total = np.broadcast_to(total, (*shape, width)).copy()
            total[..., 1:-1] += own.costs[..., list(self.metrics)]
            if self.objective is not None:
                low, _ = factor.extremes(self.objective)
                total[..., 0] += own.costs[..., self.objective] - low
            # Whatever is priced, what makes no network is too dear.
            total[~np.broadcast_to(own.possible, shape)] = NEVER
        return total

    def ahead(self, prices: Sequence[float]) -> Bound:
        """The least priced cost from every state to the end; one price an amount."""
        import numpy as np

        price = np.asarray(prices)
        rest: Any = np.zeros((), dtype=np.float64)
        totals, picks = [rest], []
        for step in self._backward:
            whole = (step.costs @ price).reshape(step.own) + rest.reshape(step.behind)
            if whole.shape != step.full:
                whole = np.broadcast_to(whole, step.full)
            rest = whole.min(axis=-1)
            totals.append(rest)
            picks.append(whole)
        return Bound(self, price, totals[::-1], picks[::-1])

    @cached_property
    def _backward(self) -> list[_Step]:
        """The steps from the last to the first, as the backward pass wants them."""
        steps = []
        for stage in reversed(self.stages):
            axes = (*stage.before, stage.variable)
            *own, amounts = stage.costs.shape
            behind = tuple([self.sizes[v] if v in stage.after else 1 for v in axes])
            costs = stage.costs.reshape(-1, amounts).astype(float)
            steps.append(_Step(costs, tuple(own), behind, tuple([self.sizes[v] for v in axes])))
        return steps


class _Step(NamedTuple):
    """One stage for the backward pass."""

    costs: Any  # Any: numpy's array of floats, a row an entry
    own: tuple[int, ...]
    """The shape of its entries."""
    behind: tuple[int, ...]
    """The shape of the costs to the end behind it."""
    full: tuple[int, ...]
    """A choice of every axis."""


@dataclass(frozen=True)
class Bound:
    """The least priced cost to the end, from every state after each step."""

    chain: Chain
    prices: Any  # Any: numpy's array
    totals: list[Any]  # Any: numpy's arrays
    """Before the first step, then after each."""
    _whole: list[Any]  # Any: numpy's arrays

    @property
    def least(self) -> float:
        """The least priced cost of all choices."""
        return float(self.totals[0])

    def choices(self) -> tuple[int, ...]:
        """Choices of the least priced cost; of equal ones the first of each variable."""
        chosen = [0] * len(self.chain.sizes)
        for stage, whole in zip(self.chain.stages, self._whole, strict=True):
            here = whole[tuple([chosen[v] for v in stage.before])]
            chosen[stage.variable] = int(here.argmin())
        return tuple(chosen)


def chained(tables: Tables, metrics: Sequence[int], objective: int | None = None) -> Chain | None:
    """The tables as a chain in a good order; None where too much is open at once."""
    order = _order(tables)
    return None if order is None else Chain(tables, metrics, order, objective)


def _order(tables: Tables) -> list[int] | None:
    """Variables in an order that keeps the frontier small: always the table next whose
    decision leaves the fewest states open, in the order of the tables where equal."""
    sizes = [len(variable.choices) for variable in tables.variables]
    scopes = [factor.scope for factor in tables.factors]
    order: list[int] = []
    frontier: tuple[int, ...] = ()
    while scopes:
        steps = [_closed(scope, frontier, scopes, sizes) for scope in scopes]
        states, _, position = min((*step[:2], i) for i, step in enumerate(steps))
        widest, left = steps[position][1:]
        if max(widest, states) > WIDEST:
            return None
        order += [v for v in scopes[position] if v not in order]
        scopes = [scope for scope in scopes if any(v not in order for v in scope)]
        frontier = left
    return order + [v for v in range(len(sizes)) if v not in order]


def _closed(
    scope: Sequence[int], frontier: Sequence[int], scopes: Sequence[Sequence[int]], sizes: list[int]
) -> tuple[int, int, tuple[int, ...]]:
    """The states open once a table's variables are decided, those on the way, the frontier."""
    decided = tuple(dict.fromkeys((*frontier, *scope)))
    known = set(decided)
    # A variable decided before that has left the frontier is in no table that is still here.
    open_ = {v for other in scopes if any(w not in known for w in other) for v in other}
    left = tuple([v for v in decided if v in open_])
    return prod(sizes[v] for v in left), prod(sizes[v] for v in decided), left
