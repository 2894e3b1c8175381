"""What a user asks of a suggestion, and the requests that are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from cnncost.costs.duration import PER_SECOND
from cnncost.errors import CnncostError, did_you_mean
from cnncost.language import MAX_LAYERS, Spec
from cnncost.plans.edits.budget import Budget, byte_metrics_in
from cnncost.plans.edits.edit import AllowedEdits
from cnncost.plans.edits.editable_spec import EditableSpec, is_named
from cnncost.plans.edits.meter import Measures, Meter, sort_byte_metrics
from cnncost.quantity import TIME

LARGEST = 10**15
"""Far below what makes no network in the searches' tables, and what floats add up exactly."""


@dataclass(frozen=True)
class SuggestionRequest:
    """What a user asks of `suggest`."""

    budgets: tuple[str, ...] = ()
    """As `weights=20M`; the spec's own if there is none."""
    allowed: AllowedEdits = field(default_factory=AllowedEdits)
    params: Mapping[str, int | Fraction] | None = None
    inputs: Mapping[str, tuple[int, ...]] | None = None
    seconds: float = 60.0
    max_layers: int = MAX_LAYERS
    meter: Meter = field(default_factory=Meter)
    """The scale of bytes: batch, element type, optimiser; and bytes to measure besides those
    of the budgets."""

    most_edits: int | None = None
    """How many edits a plan may have; None where the fewest that serve are looked for."""
    frontier: str = ""
    """The metric of a frontier, which each of its points limits."""

    def meter_for(self, spec: Spec) -> Meter:
        """The meter, with the bytes that the budgets limit."""
        metrics = byte_metrics_in(self.budgets) if self.budgets else tuple(spec.budget)
        return replace(self.meter, bytes=sort_byte_metrics((*metrics, *self.meter.bytes)))


def refuse_growth(request: SuggestionRequest, budgets: Sequence[Budget]) -> None:
    """Refuse to grow a network that no budget limits."""
    if request.allowed.grow and not budgets:
        raise CnncostError(
            "--grow needs a budget: what it leaves over is spent",
            "give --budget METRIC=AMOUNT, as in connections=150%",
        )


def refuse_huge(name: str, before: Measures) -> None:
    """Refuse metrics that the searches cannot add up exactly, in 64 bits and in floats."""
    for metric, value in before.items():
        if value >= LARGEST:
            if metric == TIME:
                what = f"{name} takes {value / PER_SECOND:,.0f} s: too long to plan for"
                raise CnncostError(what, "plans are made for runs of less than 1,000 s")
            raise CnncostError(
                f"{name} has {value:.3g} {metric}: too many to plan for",
                "plans are made for less than 10^15 of each metric",
            )


def refuse_unknown(editable: EditableSpec, kept: Sequence[str]) -> None:
    """Refuse names of layers to keep that no layer has."""
    names = [node.name for node in editable.network.layers]
    for word in kept:
        if not any(is_named(name, [word]) for name in names):
            known = "cnncost table --all lists the layers"
            raise CnncostError(
                f"--keep {word}: no layer is called so", did_you_mean(word, names, known)
            )
