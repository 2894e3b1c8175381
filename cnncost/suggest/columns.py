"""More columns for cost tables: amounts that add up over choices, as budgets of bytes need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cnncost.suggest.tables import Costs, Factor, Scope, Tables


@dataclass(frozen=True, eq=False)
class Part:
    """What the choices of a few variables add to an amount."""

    scope: Scope
    amounts: Any  # Any: numpy's array of int64
    """One axis a variable."""

    @cached_property
    def least(self) -> int:
        return int(self.amounts.min())

    @cached_property
    def most(self) -> int:
        return int(self.amounts.max())


def part(scope: Scope, amounts: object) -> Part:
    """A part of nested lists of amounts, one level a variable."""
    import numpy as np

    return Part(scope, np.array(amounts, dtype=np.int64))


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
        base = self.base + sum(own.least for own in self.parts)
        parts = [Part(own.scope, own.amounts - own.least) for own in self.parts]
        return Column(base, tuple([own for own in parts if own.most]), self.uses)


def extended(tables: Tables, columns: Sequence[Column]) -> Tables:
    """The tables with these columns behind their own metrics."""
    if not columns:
        return tables
    columns = [column.shifted() for column in columns]
    scopes = [factor.scope for factor in tables.factors]
    homes: list[list[tuple[int, Part]]] = [[] for _ in scopes]
    for position, column in enumerate(columns):
        for own in column.parts:
            home = _home(scopes, own.scope)
            if home == len(scopes):
                scopes.append(own.scope)
                homes.append([])
            homes[home].append((position, own))
    factors = [*tables.factors]
    factors += [_nothing(tables, scope) for scope in scopes[len(factors) :]]
    wider = [_wider(f, columns, own) for f, own in zip(factors, homes, strict=True)]
    base = tables.base + tuple([c.base + _used(c, tables.base) for c in columns])
    return Tables(tables.variables, base, tuple(wider))


def _home(scopes: Sequence[Scope], scope: Scope) -> int:
    """The smallest scope that holds this one; a single variable's part stands by itself."""
    if scope in scopes:
        return scopes.index(scope)
    holding = [] if len(scope) == 1 else [s for s in scopes if set(s) >= set(scope)]
    return scopes.index(min(holding, key=len)) if holding else len(scopes)


def _nothing(tables: Tables, scope: Scope) -> Factor:
    """A factor that costs nothing."""
    import numpy as np

    sizes = [len(tables.variables[v].choices) for v in scope]
    costs: Any = np.zeros((*sizes, len(tables.base)), dtype=np.int64)
    return Factor(scope, costs, np.ones(sizes, dtype=bool))


def _wider(factor: Factor, columns: Sequence[Column], own: Sequence[tuple[int, Part]]) -> Factor:
    import numpy as np

    more = np.zeros((*factor.possible.shape, len(columns)), dtype=np.int64)
    for position, column in enumerate(columns):
        for metric, times in column.uses.items():
            more[..., position] += times * factor.costs[..., metric]
    for position, mine in own:
        sizes = [
            size if v in mine.scope else 1
            for v, size in zip(factor.scope, factor.possible.shape, strict=True)
        ]
        more[..., position] += mine.amounts.reshape(sizes)
    return Factor(factor.scope, np.concatenate([factor.costs, more], axis=-1), factor.possible)


def _used(column: Column, costs: Costs) -> int:
    return sum(times * costs[metric] for metric, times in column.uses.items())
