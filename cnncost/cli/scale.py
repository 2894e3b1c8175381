"""Options of what bytes are measured of: batch, element type, optimiser."""

from collections.abc import Collection
from typing import Annotated, TypedDict

import typer

from cnncost.errors import CnncostError

Batch = Annotated[
    int | None,
    typer.Option(min=1, help="Examples at once, for budgets of bytes.", show_default="1"),
]
Dtype = Annotated[
    str | None,
    typer.Option(metavar="fp32|fp16|bf16|int8", help="For budgets of bytes.", show_default="fp32"),
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        metavar="sgd|momentum|adam|adamw|rmsprop",
        help="For budgets of training_memory.",
        show_default="sgd",
    ),
]

SCALED = ("parameter_memory", "activation_memory", "memory", "training_memory")
"""The budgets that these options change; sram and flash are int8, an example at a time."""

CHANGES = {"batch": SCALED[1:], "dtype": SCALED, "optimizer": SCALED[3:]}
"""For each option the budgets that it changes."""


class Scale(TypedDict, total=False):
    """The options that were given."""

    batch: int
    dtype: str
    optimizer: str


def given(batch: int | None, dtype: str | None, optimizer: str | None) -> Scale:
    """The options that were given."""
    scale: Scale = {}
    if batch is not None:
        scale["batch"] = batch
    if dtype is not None:
        scale["dtype"] = dtype
    if optimizer is not None:
        scale["optimizer"] = optimizer
    return scale


def refuse_idle(scale: Scale, metrics: Collection[str]) -> None:
    """Refuse options that change none of the metrics that are limited.

    Raises:
        CnncostError: one is given for nothing.
    """
    for option in scale:
        changed = CHANGES[option]
        if not any(metric in metrics for metric in changed):
            words = f"{', '.join(changed[:-1])} or {changed[-1]}" if changed[1:] else changed[0]
            raise CnncostError(
                f"--{option} changes no figure here", f"it is for a budget of {words}"
            )
