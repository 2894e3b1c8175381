"""Budgets as limits of cost tables: a count limits its metric, bytes limit columns of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from cnncost.costs.memory.embedded import lives_embedded
from cnncost.costs.memory.inference import Lives, find_lives
from cnncost.network import Network
from cnncost.plans.decisions.cost_tables import (
    ColumnLimit,
    CostColumn,
    CostTables,
    SearchSpace,
    add_columns,
)
from cnncost.plans.decisions.edited_layers import EditedLayers, StepBytes, edited_layers_of
from cnncost.plans.edits.budget import Budget
from cnncost.plans.edits.edit import Edit
from cnncost.plans.edits.meter import PARAMETERS, Meter

AT_ONCE, JOINING = 2, 16
"""How many columns of bytes a search begins with, and how many join it at a time."""


def limit_tables(
    space: SearchSpace, budgets: Sequence[Budget], *, every: bool = False
) -> tuple[SearchSpace, dict[int, int]]:
    """Add the columns that the budgets need to the space's tables; return the limit of each.

    Columns that no plan brings above their limit are left out, and of many only the highest join
    the tables, the others once a plan is above them; unless `every` one is wanted.
    """
    limits: dict[int, int] = {}
    columns: list[ColumnLimit] = []
    for budget in budgets:
        found = _metric_limit(budget, space.editable.meter)
        if found is not None:
            metric, most = found
            limits[metric] = min(most, limits.get(metric, most))
            continue
        limit = COLUMN_SCALES.get(budget.metric, 1) * budget.most
        more = _byte_columns(budget.metric, space)
        binding = [one for one in more if every or _highest(one, space.tables) > limit]
        columns += [ColumnLimit(column, limit) for column in binding]
    joining = columns if every else _highest_today(columns)
    space, added = join_limits(replace(space, late=tuple(columns)), joining)
    return space, limits | added


def next_limits(space: SearchSpace, edits: Sequence[Edit]) -> list[ColumnLimit]:
    """The late limits that join the tables once a recount has refuted a plan of these edits: those
    that it is above; any where it is above none, for options were dropped without them."""
    if not space.late:
        return []
    made = set(map(id, edits))
    chosen = [
        next((k for k, edit in enumerate(one.options) if id(edit) in made), 0)
        for one in space.decisions
    ]
    costs = space.tables.costs(chosen)
    above = [one for one in space.late if costs and one.column.amount(chosen, costs) > one.most]
    return (above or list(space.late))[:JOINING]


def join_limits(
    space: SearchSpace, joining: Sequence[ColumnLimit]
) -> tuple[SearchSpace, dict[int, int]]:
    """The space with these late limits among its tables, and the limit of each column."""
    left = tuple([one for one in space.late if not any(one is own for own in joining)])
    limits = {len(space.tables.base) + at: one.most for at, one in enumerate(joining)}
    tables = add_columns(space.tables, [one.column for one in joining])
    return replace(space, tables=tables, late=left), limits


def _highest_today(columns: Sequence[ColumnLimit]) -> list[ColumnLimit]:
    """The columns furthest above their limits as the network stands."""
    order = sorted(columns, key=lambda one: -one.column.base / max(1, one.most))
    return order[:AT_ONCE]


def _metric_limit(budget: Budget, meter: Meter) -> tuple[int, int] | None:
    """The metric of the tables that a budget limits, and its limit."""
    if budget.metric == "parameter_memory":
        return PARAMETERS, budget.most // meter.size
    tabled = meter.tabled
    return (tabled.index(budget.metric), budget.most) if budget.metric in tabled else None


def _byte_columns(metric: str, space: SearchSpace) -> list[CostColumn]:
    """The columns of a budget of bytes, each of which must stay within it. They are made once: one
    space is searched for several plans."""
    known = space.byte_columns
    if metric not in known:
        known[metric] = BYTE_COLUMNS[metric](edited_layers_of(space))
    return known[metric]


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
    from cnncost.plans.decisions.training_bytes import training_columns

    return training_columns(edited)


def _flash_columns(edited: EditedLayers) -> list[CostColumn]:
    from cnncost.plans.decisions.live_bytes import flash_column

    return [flash_column(edited, PARAMETERS)]


def _step_rows(edited: EditedLayers, living: Callable[[Network], Lives]) -> list[StepBytes]:
    from cnncost.plans.decisions.live_bytes import step_rows

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

COLUMN_SCALES = {"flash": 8}
"""What a byte is in a budget's columns, where that is not 1."""
