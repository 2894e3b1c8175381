"""Choices that no best plan needs: dropped before the solver sees them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from cnncost.suggest.decisions.cost_tables import Tables


def without_dominated(tables: Tables, metrics: Sequence[int], *, scored: bool = True) -> Tables:
    """The tables without choices that another of the same variable beats everywhere.

    One choice beats another if it scores no higher, touches no more convolutions, and costs no
    more of any of the metrics whatever the other variables choose. Without `scored` the scores
    do not count: what is left are the choices that reach least.
    """
    import numpy as np

    arrays = [
        np.where(factor.possible[..., None], factor.costs[..., list(metrics)], np.inf)
        for factor in tables.factors
    ]
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
    return tables.restricted(kept)


def without_kinds(tables: Tables, kinds: Collection[str]) -> Tables:
    """The tables without the choices of some kinds of edit."""
    if not kinds:
        return tables
    kept = [
        [k for k, choice in enumerate(variable.choices) if choice.kind not in kinds]
        for variable in tables.variables
    ]
    return tables.restricted(kept)


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
