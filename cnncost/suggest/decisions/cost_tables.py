"""Cost tables: what layers cost at every combination of the choices that reach them.

A layer's costs depend on a few variables: those that set the widths it reads and writes, and
those that replace it. Its table over their choices is filled by the real counter, so rounding,
biases, groups and depthwise convolutions are exact, and the product of two widths needs no
linear form. Tables of the same variables are added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

from cnncost.suggest.text.edit import Choice, Variable
from cnncost.suggest.text.editable_spec import Draft

Costs = tuple[int, ...]
"""One amount a metric, in the order of METRICS."""

Key = tuple[int, ...]
"""The choice of each variable of a scope."""

Scope = tuple[int, ...]
"""Variables, ascending."""


@dataclass(frozen=True, eq=False)
class Factor:
    """What some layers cost, by the choices of the variables in `scope`."""

    scope: Scope
    costs: Any  # Any: numpy's array of int64
    """One axis a variable, the metrics last."""
    possible: Any  # Any: numpy's array of booleans
    """One axis a variable: whether the combination makes a network."""

    @cached_property
    def table(self) -> Mapping[Key, Costs | None]:
        """The costs of every combination; None where it makes no network."""
        keys = product(*(range(size) for size in self.possible.shape))
        rows = self.costs.reshape(-1, self.costs.shape[-1]).tolist()
        good = self.possible.reshape(-1).tolist()
        return {
            key: tuple(row) if fine else None
            for key, row, fine in zip(keys, rows, good, strict=True)
        }

    def extremes(self, metric: int) -> tuple[int, int]:
        """The least and the most of a metric, over what is possible."""
        amounts = self.costs[..., metric][self.possible]
        return int(amounts.min()), int(amounts.max())

    def restricted(self, kept: Sequence[Sequence[int]]) -> Factor:
        """The factor over some choices of each variable of its scope."""
        import numpy as np

        at: Any = np.ix_(*kept)  # Any: numpy's arrays
        return Factor(self.scope, self.costs[at], self.possible[at])

    def laid(self, axes: Sequence[int]) -> Factor:
        """The factor with one axis for each of these variables, in their order: of length 1
        for those that are not in its scope."""
        places = [self.scope.index(v) for v in axes if v in self.scope]
        sizes = [self.possible.shape[self.scope.index(v)] if v in self.scope else 1 for v in axes]
        count = self.costs.shape[-1]
        costs = self.costs.transpose(*places, len(places)).reshape(*sizes, count)
        return Factor(tuple(axes), costs, self.possible.transpose(places).reshape(sizes))


def added(factors: Iterable[Factor]) -> Factor:
    """The sum of factors of one scope; what one of them rules out is ruled out."""
    first, *others = factors
    costs, possible = first.costs, first.possible
    for factor in others:
        costs = costs + factor.costs
        possible = possible & factor.possible
    return Factor(first.scope, costs, possible)


@dataclass(frozen=True, eq=False)
class Tables:
    """The costs of a draft under all its variables."""

    variables: tuple[Variable, ...]
    base: Costs
    """What no variable reaches."""
    factors: tuple[Factor, ...]

    def floor(self, metric: int) -> int:
        """A value that no choices go below: the least of every table by itself."""
        return self.base[metric] + sum(f.extremes(metric)[0] for f in self.factors)

    def ceiling(self, metric: int) -> int:
        """A value that no choices go above: the most of every table by itself."""
        return self.base[metric] + sum(f.extremes(metric)[1] for f in self.factors)

    def costs(self, chosen: Sequence[int]) -> Costs | None:
        """The costs of one choice a variable; None where it makes no network."""
        total = list(self.base)
        for factor in self.factors:
            entry = factor.table[tuple([chosen[v] for v in factor.scope])]
            if entry is None:
                return None
            total = [a + b for a, b in zip(total, entry, strict=True)]
        return tuple(total)

    def restricted(self, kept: Sequence[Sequence[int]]) -> Tables:
        """The tables over some of each variable's choices, the first among them."""
        variables = tuple(
            replace(variable, choices=tuple(variable.choices[k] for k in alive))
            for variable, alive in zip(self.variables, kept, strict=True)
        )
        factors = tuple(f.restricted([kept[v] for v in f.scope]) for f in self.factors)
        return Tables(variables, self.base, factors)


@dataclass(frozen=True)
class Space:
    """The variables of a draft and what their choices cost."""

    draft: Draft
    tables: Tables
    convolutions: int
    """How many convolutions structural replacements may touch in one plan: half of all."""

    @property
    def variables(self) -> tuple[Variable, ...]:
        return self.tables.variables

    def choices(self, chosen: tuple[int, ...]) -> list[Choice]:
        """The edits of a plan, in the order of the file."""
        picked = zip(self.variables, chosen, strict=True)
        return [variable.choices[k] for variable, k in picked if k]


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
