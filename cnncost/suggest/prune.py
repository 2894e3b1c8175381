"""Choices that no best plan needs: dropped before the solver sees them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from cnncost.suggest.tables import Factor, Tables


def without_dominated(tables: Tables, metrics: Sequence[int], *, scored: bool = True) -> Tables:
    """The tables without choices that another of the same variable beats everywhere.

    One choice beats another if it scores no higher, touches no more convolutions, and costs no
    more of any of the metrics whatever the other variables choose. Without `scored` the scores
    do not count: what is left are the choices that reach least.
    """
    import numpy as np

    arrays = [_array(factor, metrics) for factor in tables.factors]
    kept: list[list[int]] = []
    for v, variable in enumerate(tables.variables):
        views = [
            np.moveaxis(array, factor.scope.index(v), 0)
            for factor, array in zip(tables.factors, arrays, strict=True)
            if v in factor.scope
        ]
        alive = list(range(len(variable.choices)))
        for k in range(len(variable.choices) - 1, 0, -1):
            rivals = [other for other in alive if other != k]
            if any(_beats(tables, views, v, (other, k), scored=scored) for other in rivals):
                alive.remove(k)
        alive = alive if scored else _reaching(tables, views, v, alive)
        kept.append(alive)
    return restricted(tables, kept)


def without_kinds(tables: Tables, kinds: Collection[str]) -> Tables:
    """The tables without the choices of some kinds of edit."""
    if not kinds:
        return tables
    kept = [
        [k for k, choice in enumerate(variable.choices) if choice.kind not in kinds]
        for variable in tables.variables
    ]
    return restricted(tables, kept)


def _reaching(tables: Tables, views: Sequence[Any], v: int, alive: list[int]) -> list[int]:
    """The choices without the one as it is, where another reaches less at no convolution."""
    rivals = [k for k in alive if k]
    beaten = any(_beats(tables, views, v, (other, 0), scored=False) for other in rivals)
    return rivals if beaten else alive


def _beats(
    tables: Tables, views: Sequence[Any], v: int, pair: tuple[int, int], *, scored: bool
) -> bool:
    """Whether the first of two choices of a variable beats the second."""
    other, k = pair
    one, two = tables.variables[v].choices[other], tables.variables[v].choices[k]
    if one.convolutions > two.convolutions or (scored and one.score > two.score):
        return False
    return all(bool((view[other] <= view[k]).all()) for view in views)


def _array(factor: Factor, metrics: Sequence[int]) -> Any:  # Any: numpy's array
    """A table as an array: one axis a variable, the metrics last; infinite where impossible."""
    import numpy as np

    sizes = [1 + max(key[i] for key in factor.table) for i in range(len(factor.scope))]
    array = np.full((*sizes, len(metrics)), np.inf)
    for key, costs in factor.table.items():
        if costs is not None:
            array[key] = [costs[metric] for metric in metrics]
    return array


def restricted(tables: Tables, kept: Sequence[Sequence[int]]) -> Tables:
    """The tables over some of each variable's choices, the first among them."""
    variables = tuple(
        replace(variable, choices=tuple(variable.choices[k] for k in alive))
        for variable, alive in zip(tables.variables, kept, strict=True)
    )
    factors = []
    for scope, table in tables.factors:
        chosen = [kept[v] for v in scope]
        keys = product(*(range(len(alive)) for alive in chosen))
        short = {
            key: table[tuple(alive[k] for alive, k in zip(chosen, key, strict=True))]
            for key in keys
        }
        factors.append(Factor(scope, short))
    return Tables(variables, tables.base, tuple(factors))
