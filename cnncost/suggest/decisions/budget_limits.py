"""Budgets as limits of a space's tables: counts as they are, bytes as columns of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from cnncost.costs.memory.embedded import lives_embedded
from cnncost.costs.memory.inference import Lives, lives
from cnncost.network import Network
from cnncost.suggest.decisions.cost_tables import Column, Space, Tables, extended
from cnncost.suggest.decisions.edited_layers import Pieces
from cnncost.suggest.text.budget import Budget
from cnncost.suggest.text.meter import METRICS, PARAMETERS, Meter

if TYPE_CHECKING:
    from cnncost.suggest.decisions.edited_layers import Pieces


def limited(
    space: Space, budgets: Sequence[Budget], *, every: bool = False
) -> tuple[Space, dict[int, int]]:
    """The space with the columns that the budgets need, and for each column its limit.

    Columns that no plan brings above their limit are left out, unless `every` one is wanted.
    """
    limits: dict[int, int] = {}
    columns: list[Column] = []
    pieces: Pieces | None = None
    for budget in budgets:
        found = _of_metric(budget, space.draft.meter)
        if found is not None:
            column, most = found
            limits[column] = min(most, limits.get(column, most))
            continue
        from cnncost.suggest.decisions.edited_layers import pieces_of  # bytes are seldom asked for

        pieces = pieces or pieces_of(space)
        for more in _columns(budget, pieces, every=every):
            limits[len(METRICS) + len(columns)] = budget.most
            columns.append(more)
    return replace(space, tables=extended(space.tables, columns)), limits


def _of_metric(budget: Budget, meter: Meter) -> tuple[int, int] | None:
    """The metric of the tables that a budget limits, and its limit."""
    if budget.metric == "parameter_memory":
        return PARAMETERS, budget.most // meter.size
    return (METRICS.index(budget.metric), budget.most) if budget.metric in METRICS else None


def _columns(budget: Budget, pieces: Pieces, *, every: bool) -> list[Column]:
    """The columns that hold a budget of bytes: each must stay within it."""

    found = COLUMNS[budget.metric](pieces)
    space, most = pieces.space, budget.most
    return [c for c in found if every or _reaches(c, space.tables) > most]


def _reaches(column: Column, tables: Tables) -> int:
    """What no plan brings the column above."""
    top = column.base + sum(part.most for part in column.parts)
    for metric, times in column.uses.items():
        top += times * tables.ceiling(metric)
    return top


def _activations(pieces: Pieces) -> list[Column]:
    from cnncost.suggest.decisions import live_bytes

    return [row.column({}) for row in live_bytes.rows(pieces, _inference(pieces.draft.meter))]


def _memory(pieces: Pieces) -> list[Column]:
    from cnncost.suggest.decisions import live_bytes

    meter = pieces.draft.meter

    uses = {PARAMETERS: meter.size}
    return [row.column(uses) for row in live_bytes.rows(pieces, _inference(meter))]


def _sram(pieces: Pieces) -> list[Column]:
    from cnncost.suggest.decisions import live_bytes

    return [row.column({}) for row in live_bytes.rows(pieces, lives_embedded)]


def _training(pieces: Pieces) -> list[Column]:
    from cnncost.suggest.decisions import training_bytes

    return training_bytes.columns(pieces)


def _flash(pieces: Pieces) -> list[Column]:
    from cnncost.suggest.decisions import live_bytes

    return [live_bytes.column(pieces, PARAMETERS)]


def _inference(meter: Meter) -> Callable[[Network], Lives]:
    return partial(lives, batch=meter.batch, size=meter.size)


COLUMNS: dict[str, Callable[[Pieces], list[Column]]] = {
    "activation_memory": _activations,
    "memory": _memory,
    "training_memory": _training,
    "sram": _sram,
    "flash": _flash,
}
"""Budgets that the tables' own metrics do not hold, and their columns."""
