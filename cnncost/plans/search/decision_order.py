"""An order of the decisions in which few options stay open at a time.

Decisions are decided table by table. The frontier is the decided ones that a table still to come
reads; its options together are the states.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

WIDEST = 250_000
"""States of one step; a network whose branches need more is left to the general solver."""

MOST_ENTRIES = 200_000_000
"""Amounts of all states together, which a search by labels goes through several times: some
seconds. Limits of many steps make many resources."""

MOST_AXES = 31
"""Decisions of one step: arrays have 32 axes at most, and one is that of the amounts."""


def order_decisions(
    sizes: Sequence[int], scopes: Sequence[Sequence[int]], resources: int = 1
) -> list[int] | None:
    """Order the decisions so that few states are open; None where more than WIDEST are, more
    decisions than MOST_AXES, of however few options, or more amounts than MOST_ENTRIES.

    `sizes` are how many options each decision has, `scopes` the decisions of each table,
    `resources` how many amounts each state has. Taken next is the table whose decisions leave the
    fewest states open; of equal ones the first.

    >>> order_decisions([2, 9, 2], [(0, 1), (1, 2), (0, 2)])  # 2 states open, not 9
    [0, 2, 1]
    """
    elimination, states = _OrderSearch(sizes, scopes), 0
    while (step := elimination.next_table()) is not None:
        decided = {*elimination.frontier, *scopes[step.table]}
        states += step.widest
        if max(step.widest, step.states) > WIDEST or len(decided) > MOST_AXES:
            return None
        if states * resources > MOST_ENTRIES:
            return None
        elimination.decide_table(step)
    order = elimination.order
    return [*order, *(v for v in range(len(sizes)) if v not in order)]


class _TableCost(NamedTuple):
    """How many states it takes to decide the decisions of one table; fewer is better."""

    states: int
    """States open once they are decided."""
    widest: int
    """States on the way."""
    table: int
    left: tuple[int, ...]
    """The frontier behind it."""


class _OrderSearch:
    """The search for an order: tables are decided one after another.

    For a table far from the frontier the states only multiply by those of the frontier, for all of
    them alike. So only tables that share a decision with a table of the frontier are looked at
    again at each step; of the others the one with the fewest states.
    """

    def __init__(self, sizes: Sequence[int], scopes: Sequence[Sequence[int]]) -> None:
        self.sizes, self.scopes = sizes, scopes
        self.order: dict[int, None] = {}
        """The decisions decided, in their order."""
        self.frontier: tuple[int, ...] = ()
        self.open = dict.fromkeys(range(len(self.scopes)))
        self.of: list[list[int]] = [[] for _ in self.sizes]
        """For each decision the tables that it is in."""
        for table, scope in enumerate(self.scopes):
            for v in scope:
                self.of[v].append(table)
        self.near: dict[int, None] = {}
        self.far = sorted((self._table_cost(table) for table in self.open), reverse=True)

    def next_table(self) -> _TableCost | None:
        """Return the table to decide next; None once all are decided."""
        while self.far and (self.far[-1].table in self.near or self.far[-1].table not in self.open):
            self.far.pop()
        tables = [*self.near, *([self.far[-1].table] if self.far else [])]
        return min((self._table_cost(table) for table in tables), default=None)

    def decide_table(self, step: _TableCost) -> None:
        """Decide the decisions of a table."""
        scope = self.scopes[step.table]
        self.order |= dict.fromkeys(scope)
        self.frontier = step.left
        beside = dict.fromkeys(table for v in scope for table in self.of[v])
        around = dict.fromkeys(v for table in beside for v in self.scopes[table])
        self.near |= dict.fromkeys(t for v in around for t in self.of[v] if t in self.open)
        for table in beside:
            if all(v in self.order for v in self.scopes[table]):
                self.open.pop(table, None)
                self.near.pop(table, None)

    def _table_cost(self, table: int) -> _TableCost:
        decided = tuple(dict.fromkeys((*self.frontier, *self.scopes[table])))
        known = set(decided)
        left = tuple([v for v in decided if self._stays(v, known)])
        states, widest = prod(self.sizes[v] for v in left), prod(self.sizes[v] for v in decided)
        return _TableCost(states, widest, table, left)

    def _stays(self, v: int, known: set[int]) -> bool:
        """Whether a decision must stay open: another decision of one of its tables is not decided
        yet."""
        return any(
            w not in known and w not in self.order
            for table in self.of[v]
            for w in self.scopes[table]
        )
