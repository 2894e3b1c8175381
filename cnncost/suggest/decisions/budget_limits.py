"""Budgets as limits of cost tables: a count limits its metric, bytes limit columns of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from cnncost.costs.memory.embedded import lives_embedded
from cnncost.costs.memory.inference import Lives, find_lives
from cnncost.network import Network
from cnncost.suggest.decisions.cost_tables import CostColumn, CostTables, SearchSpace, add_columns
from cnncost.suggest.decisions.edited_layers import EditedLayers, StepBytes, edited_layers_of
from cnncost.suggest.edits.budget import Budget
from cnncost.suggest.edits.meter import PARAMETERS, Meter


def limit_tables(
    space: SearchSpace, budgets: Sequence[Budget], *, every: bool = False
) -> tuple[SearchSpace, dict[int, int]]:
    """Add the columns that the budgets need to the space's tables; return the limit of each.

    Columns that no plan brings above their limit are left out, unless `every` one is wanted.
    """
    limits: dict[int, int] = {}
    columns: list[CostColumn] = []
    edited: EditedLayers | None = None
    for budget in budgets:
        found = _metric_limit(budget, space.editable.meter)
        if found is not None:
            column, most = found
            limits[column] = min(most, limits.get(column, most))
            continue
        edited = edited or edited_layers_of(space)
        for more in _byte_columns(budget, edited, every=every):
            limits[len(space.tables.base) + len(columns)] = budget.most
            columns.append(more)
    return replace(space, tables=add_columns(space.tables, columns)), limits


def _metric_limit(budget: Budget, meter: Meter) -> tuple[int, int] | None:
    """The metric of the tables that a budget limits, and its limit."""
    if budget.metric == "parameter_memory":
        return PARAMETERS, budget.most // meter.size
    tabled = meter.tabled
    return (tabled.index(budget.metric), budget.most) if budget.metric in tabled else None


def _byte_columns(budget: Budget, edited: EditedLayers, *, every: bool) -> list[CostColumn]:
    """The columns that hold a budget of bytes: each must stay within it."""
    found = BYTE_COLUMNS[budget.metric](edited)
    space, most = edited.space, budget.most
    return [c for c in found if every or _highest(c, space.tables) > most]


def _highest(column: CostColumn, tables: CostTables) -> int:
    """An upper bound of a column: no plan brings it above this."""
    top = column.base + sum(part.most for part in column.parts)
    for metric, times in column.uses.items():
        top += times * tables.ceiling(metric)
    return top


def _activation_columns(edited: EditedLayers) -> list[CostColumn]:
    lives = _inference_lives(edited.editable.meter)
    return [row.column({}) for row in _step_rows(edited, lives)]


def _memory_columns(edited: EditedLayers) -> list[CostColumn]:
    meter = edited.editable.meter
    rows = _step_rows(edited, _inference_lives(meter))
    return [row.column({PARAMETERS: meter.size}) for row in rows]


def _sram_columns(edited: EditedLayers) -> list[CostColumn]:
    return [row.column({}) for row in _step_rows(edited, lives_embedded)]


def _training_columns(edited: EditedLayers) -> list[CostColumn]:
    from cnncost.suggest.decisions.training_bytes import training_columns

    return training_columns(edited)


def _flash_columns(edited: EditedLayers) -> list[CostColumn]:
    from cnncost.suggest.decisions.live_bytes import flash_column

    return [flash_column(edited, PARAMETERS)]


def _step_rows(edited: EditedLayers, living: Callable[[Network], Lives]) -> list[StepBytes]:
    from cnncost.suggest.decisions.live_bytes import step_rows

    return step_rows(edited, living)


def _inference_lives(meter: Meter) -> Callable[[Network], Lives]:
    return partial(find_lives, batch=meter.batch, size=meter.size)


BYTE_COLUMNS: dict[str, Callable[[EditedLayers], list[CostColumn]]] = {
    "activation_memory": _activation_columns,
    "memory": _memory_columns,
    "training_memory": _training_columns,
    "sram": _sram_columns,
    "flash": _flash_columns,
}
"""Budgets that the tables' own metrics do not hold, and their columns."""
