"""Floors of score: what any plan with an option, or with a combination of options, scores at least.

Prices of the budgets turn what is above them into a score; what the cheapest plan with an option
comes to then is a floor of every plan with it that holds the budgets (Lagrangian relaxation). A
search for plans up to a score needs only what has its floor below that: the core, often a
hundredth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from cnncost.plans.decisions.cost_tables import CostTable, CostTables, Scope

if TYPE_CHECKING:
    from cnncost.arrays import Floats

TOLERANCE = 1e-3
"""Far below one unit of score, far above what floating-point sums of them lose."""

SWEEPS = 10
"""How often reduced costs are shared among the tables of a decision."""


class ScoreFloors(NamedTuple):
    """What plans that hold the budgets score at least."""

    least: float
    """Any of them."""
    options: Sequence[Floats]
    """Those with an option: for each decision one floor per option."""
    combinations: Sequence[Floats]
    """Those with a combination: for each table an array with an axis per decision."""

    def keep_up_to(self, tables: CostTables, most: int) -> CoreTables | None:
        """The tables with only what a plan that scores at most so much may have; None where there
        is no such plan."""
        limit = most + TOLERANCE
        kept = [[k for k, floor in enumerate(own.tolist()) if floor <= limit]
                for own in self.options]  # fmt: skip
        if self.least > limit or not all(kept):
            return None
        members = tuple(
            replace(table, possible=table.possible & (floors <= limit))
            for table, floors in zip(tables.members, self.combinations, strict=True)
        )
        return CoreTables(replace(tables, members=members).restrict(kept), kept)


class CoreTables(NamedTuple):
    """Tables of some of the options of others."""

    tables: CostTables
    kept: Sequence[Sequence[int]]
    """For each decision which of its options are left."""

    def pick_among_all(self, chosen: Sequence[int]) -> tuple[int, ...]:
        """Say which options of the whole tables some of these are."""
        return tuple([kept[k] for kept, k in zip(self.kept, chosen, strict=True)])

    def pick_among_kept(self, chosen: Sequence[int]) -> tuple[int, ...] | None:
        """Say which options here some of the whole tables are; None where one is not left."""
        if any(k not in kept for kept, k in zip(self.kept, chosen, strict=True)):
            return None
        return tuple([kept.index(k) for kept, k in zip(self.kept, chosen, strict=True)])


def floors_in_order(
    tables: CostTables, steps: Iterable[tuple[Sequence[int], Floats]], least: float
) -> ScoreFloors:
    """The floors by what plans come to at least, as steps decide one decision after another.

    `steps` are those of `CostToGo.least_through`; `least` is what any plan scores at least.

    >>> from cnncost.plans.decisions.cost_tables import tables_of
    >>> from cnncost.plans.search.elimination import find_elimination_order
    >>> tables = tables_of([[0, 3], [0, 4]], {(0, 1): [[60, 30], [40, 20]]})
    >>> bound = find_elimination_order(tables, [0]).cost_to_go([1, 0.2, 0])
    >>> floors = floors_in_order(tables, bound.least_through(), 4)  # with a budget of 30
    >>> floors.least, [own.round(6).tolist() for own in floors.options]
    (4, [[4.0, 5.0], [5.0, 4.0]])
    """
    options: dict[int, Floats] = {}
    known: dict[Scope, Floats] = {}
    of: dict[int, list[Scope]] = {}
    for table in tables.members:
        for v in table.scope:
            of.setdefault(v, []).append(table.scope)
    for axes, through in steps:
        own = through - through.min() + least
        last = axes[-1]
        options[last] = _least_over(own, axes, (last,))
        for scope in of.get(last, ()):
            if set(scope) <= set(axes):
                known[scope] = _least_over(own, axes, scope)
    ordered = [options[v] for v in range(len(tables.decisions))]
    return ScoreFloors(least, ordered, [known[table.scope] for table in tables.members])


def _least_over(amounts: Floats, axes: Sequence[int], scope: Sequence[int]) -> Floats:
    """The least of amounts over the axes of other decisions than some, in the order of these."""
    left = [v for v in axes if v in scope]
    least: Floats = amounts.min(axis=tuple([at for at, v in enumerate(axes) if v not in scope]))
    return least.transpose([left.index(v) for v in scope])


class ReducedCosts:
    """What each option and combination costs above what its rows are credited for."""

    def __init__(self, tables: CostTables, constant: float, options: Sequence[Floats],
                 combinations: Sequence[Floats]) -> None:  # fmt: skip
        """`combinations` are in the order of the tables' possible ones; of tables of one decision
        they are the options themselves."""
        import numpy as np

        self.tables, self.constant = tables, constant
        self.options = list(options)
        self.joint: dict[Scope, Floats] = {}
        """By scope, of several decisions: one axis per decision."""
        self.of: list[list[tuple[Scope, int]]] = [[] for _ in options]
        """For each decision the tables of several that it is in, and its axis there."""
        for table, amounts in zip(tables.members, combinations, strict=True):
            if len(table.scope) == 1:
                (v,) = table.scope
                self.options[v] = np.where(table.possible, self.options[v], np.inf)
                continue
            laid = self.joint[table.scope] = np.full(table.possible.shape, np.inf)
            laid[table.possible] = amounts
            for axis, v in enumerate(table.scope):
                self.of[v].append((table.scope, axis))

    def floors(self) -> ScoreFloors:
        """The floors, once what is to be had for nothing is shared evenly."""
        for sweep in range(SWEEPS):
            order = range(len(self.options))
            for v in order if sweep % 2 == 0 else reversed(order):
                self._share(v)
        least = self.constant + sum(float(own.min()) for own in self.options)
        least += sum(float(own.min()) for own in self.joint.values())
        self.options = [own - own.min() for own in self.options]
        self.joint = {scope: own - own.min() for scope, own in self.joint.items()}
        options = [own + sum(self._least_beside(v)) for v, own in enumerate(self.options)]
        joint = [self._joint_floors(table, options) for table in self.tables.members]
        return ScoreFloors(least, [own + least for own in options], [own + least for own in joint])

    def _share(self, v: int) -> None:
        """Share what each option of a decision costs with the tables that it is in, evenly among
        them (max-sum diffusion: Werner 2007): the least of each add up to no less then."""
        import numpy as np

        beside = self._least_beside(v)
        total = self.options[v] + sum(beside)
        possible = np.isfinite(total)
        share = np.where(possible, total, 0.0) / (len(beside) + 1)
        self.options[v] = np.where(possible, share, np.inf)
        for (scope, axis), least in zip(self.of[v], beside, strict=True):
            more = np.where(possible, share - np.where(possible, least, 0.0), np.inf)
            laid = self.joint[scope]
            laid += _along(more, axis, laid.ndim)

    def _least_beside(self, v: int) -> list[Floats]:
        """What each table of a decision comes to at least under each of its options."""
        return [_least_along(self.joint[scope], axis) for scope, axis in self.of[v]]

    def _joint_floors(self, table: CostTable, options: Sequence[Floats]) -> Floats:
        """What a plan with each combination of a table scores at least above the least of all."""
        import numpy as np

        if len(table.scope) == 1:
            return options[table.scope[0]]
        total = self.joint[table.scope]
        for axis, v in enumerate(table.scope):
            total = total + _along(self.options[v], axis, total.ndim)
        for axis, v in enumerate(table.scope):
            total = np.maximum(total, _along(options[v], axis, total.ndim))
        return total


def _least_along(amounts: Floats, axis: int) -> Floats:
    """The least of amounts at each place along an axis."""
    least: Floats = amounts.min(axis=tuple([at for at in range(amounts.ndim) if at != axis]))
    return least


def _along(amounts: Floats, axis: int, axes: int) -> Floats:
    """Amounts as an array of so many axes, of length 1 but for one."""
    return amounts.reshape([-1 if at == axis else 1 for at in range(axes)])
