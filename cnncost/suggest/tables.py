"""Cost tables: what layers cost at every combination of the choices that reach them.

A layer's costs depend on a few variables: those that set the widths it reads and writes, and
those that replace it. Its table over their choices is filled by the real counter, so rounding,
biases, groups and depthwise convolutions are exact, and the product of two widths needs no
linear form. Tables of the same variables are added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from cnncost.suggest.variable import Variable

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
