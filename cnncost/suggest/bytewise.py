"""The columns of each budget of bytes: what must stay within it, step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cnncost.costs.memory.embedded import lives_embedded
from cnncost.costs.memory.inference import lives
from cnncost.suggest import flash, training
from cnncost.suggest.columns import Column
from cnncost.suggest.meter import PARAMETERS, Meter
from cnncost.suggest.peaks import Living, rows
from cnncost.suggest.pieces import Pieces


def _activations(pieces: Pieces) -> list[Column]:
    return [row.column({}) for row in rows(pieces, _inference(pieces.draft.meter))]


def _memory(pieces: Pieces) -> list[Column]:
    meter = pieces.draft.meter
    uses = {PARAMETERS: meter.size}
    return [row.column(uses) for row in rows(pieces, _inference(meter))]


def _sram(pieces: Pieces) -> list[Column]:
    return [row.column({}) for row in rows(pieces, lives_embedded)]


def _inference(meter: Meter) -> Living:
    return partial(lives, batch=meter.batch, size=meter.size)


COLUMNS: dict[str, Callable[[Pieces], list[Column]]] = {
    "activation_memory": _activations,
    "memory": _memory,
    "training_memory": training.columns,
    "sram": _sram,
    "flash": lambda pieces: [flash.column(pieces, PARAMETERS)],
}
"""Budgets that the tables' own metrics do not hold, and their columns."""
