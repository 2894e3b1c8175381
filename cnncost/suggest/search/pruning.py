"""Options that no best plan needs: dropped before the solver sees them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from cnncost.suggest.decisions.cost_tables import CostTables

if TYPE_CHECKING:
    from cnncost.arrays import Bools


def drop_dominated_options(
    tables: CostTables, metrics: Sequence[int], *, scored: bool = True
) -> CostTables:
    """Drop the options that another option of the same decision beats everywhere.

    >>> from cnncost.suggest.decisions.cost_tables import tables_of
    >>> tables = tables_of([[0, 3, 4]], {(0,): [60, 40, 40]})
    >>> [edit.score for edit in drop_dominated_options(tables, [0]).decisions[0].options]
    [0, 3]

    One option beats another if it scores no higher, touches no more convolutions, and costs no
    more of any of the metrics whatever the other decisions choose. Without `scored` the scores
    do not count: what is left are the options that reach least.
    """
    import numpy as np

    arrays = [
        np.where(table.possible[..., None], table.costs[..., list(metrics)], np.inf)
        for table in tables.members
    ]
    kept: list[list[int]] = []
    for v, decision in enumerate(tables.decisions):
        views = [
            np.moveaxis(array, table.scope.index(v), 0)
            for table, array in zip(tables.members, arrays, strict=True)
            if v in table.scope
        ]
        alive = list(range(len(decision.options)))
        for k in range(len(decision.options) - 1, 0, -1):
            rivals = [other for other in alive if other != k]
            if any(_dominates(tables, views, v, (other, k), scored=scored) for other in rivals):
                alive.remove(k)
        alive = alive if scored else _drop_as_it_is(tables, views, v, alive)
        kept.append(alive)
    return tables.restrict(kept)


def drop_kinds(tables: CostTables, kinds: Collection[str]) -> CostTables:
    """The tables without the options of some kinds of edit."""
    if not kinds:
        return tables
    kept = [
        [k for k, edit in enumerate(decision.options) if edit.kind not in kinds]
        for decision in tables.decisions
    ]
    return tables.restrict(kept)


def _drop_as_it_is(
    tables: CostTables, views: Sequence[Bools], v: int, alive: list[int]
) -> list[int]:
    """The options without the one as it is, where another reaches less at no convolution."""
    rivals = [k for k in alive if k]
    beaten = any(_dominates(tables, views, v, (other, 0), scored=False) for other in rivals)
    return rivals if beaten else alive


def _dominates(
    tables: CostTables, views: Sequence[Bools], v: int, pair: tuple[int, int], *, scored: bool
) -> bool:
    """Whether the first of two options of a decision beats the second."""
    other, k = pair
    one, two = tables.decisions[v].options[other], tables.decisions[v].options[k]
    if one.convolutions > two.convolutions or (scored and one.score > two.score):
        return False
    return all(bool((view[other] <= view[k]).all()) for view in views)
