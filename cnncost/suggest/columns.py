"""More columns for cost tables: amounts that add up over choices, as budgets of bytes need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from cnncost.suggest.tables import Costs, Factor, Key, Tables


class Part(NamedTuple):
    """What the choices of a few variables (ascending) add to an amount."""

    scope: tuple[int, ...]
    table: Mapping[Key, int]

    @property
    def least(self) -> int:
        return min(self.table.values())

    @property
    def most(self) -> int:
        return max(self.table.values())


@dataclass(frozen=True)
class Column:
    """An amount: a constant, parts by choices, and multiples of the tables' own metrics."""

    base: int
    parts: tuple[Part, ...] = ()
    uses: Mapping[int, int] = field(default_factory=dict)
    """For a metric, by its place among the costs: how many times it is added."""

    def shifted(self) -> Column:
        """The same amount with parts that are never negative: the solver may then drop what
        is over a budget already."""
        base, parts = self.base, []
        for scope, table in self.parts:
            least = min(table.values())
            base += least
            if any(amount != least for amount in table.values()):
                parts.append(Part(scope, {key: n - least for key, n in table.items()}))
        return Column(base, tuple(parts), self.uses)


def extended(tables: Tables, columns: Sequence[Column]) -> Tables:
    """The tables with these columns behind their own metrics."""
    if not columns:
        return tables
    columns = [column.shifted() for column in columns]
    scopes = [scope for scope, _ in tables.factors]
    homes: list[list[tuple[int, Part]]] = [[] for _ in scopes]
    for position, column in enumerate(columns):
        for part in column.parts:
            home = _home(scopes, part.scope)
            if home == len(scopes):
                scopes.append(part.scope)
                homes.append([])
            homes[home].append((position, part))
    factors = [*tables.factors]
    for scope in scopes[len(factors) :]:
        sizes = [range(len(tables.variables[v].choices)) for v in scope]
        factors.append(Factor(scope, dict.fromkeys(product(*sizes), (0,) * len(tables.base))))
    wider = [_wider(f, columns, own) for f, own in zip(factors, homes, strict=True)]
    base = tables.base + tuple([c.base + _used(c, tables.base) for c in columns])
    return Tables(tables.variables, base, tuple(wider))


def _home(scopes: Sequence[tuple[int, ...]], scope: tuple[int, ...]) -> int:
    """The smallest scope that holds this one; a single variable's part stands by itself."""
    if scope in scopes:
        return scopes.index(scope)
    holding = [] if len(scope) == 1 else [s for s in scopes if set(s) >= set(scope)]
    return scopes.index(min(holding, key=len)) if holding else len(scopes)


def _wider(factor: Factor, columns: Sequence[Column], own: Sequence[tuple[int, Part]]) -> Factor:
    at = [tuple([factor.scope.index(v) for v in part.scope]) for _, part in own]
    at_uses = [tuple(column.uses.items()) for column in columns]
    used = {tuple(column.uses.items()): column for column in columns}
    table: dict[Key, Costs | None] = {}
    for key, costs in factor.table.items():
        if costs is None:
            table[key] = None
            continue
        amounts = {uses: _used(column, costs) for uses, column in used.items()}
        more = [amounts[uses] for uses in at_uses]
        for (position, part), places in zip(own, at, strict=True):
            more[position] += part.table[tuple([key[i] for i in places])]
        table[key] = costs + tuple(more)
    return Factor(factor.scope, table)


def _used(column: Column, costs: Costs) -> int:
    return sum(times * costs[metric] for metric, times in column.uses.items())
