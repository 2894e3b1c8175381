"""A suggestion: single edits, the plan and what to hold it against; points of a frontier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnncost.costs import count_network
from cnncost.language import Spec
from cnncost.suggest.decisions.catalogue import AllowedEdits
from cnncost.suggest.search.plan import Plan
from cnncost.suggest.search.unmet_budgets import UnmetBudgets
from cnncost.suggest.suggestion.few_edits import FewEdits
from cnncost.suggest.suggestion.precision import PrecisionPlan
from cnncost.suggest.suggestion.single_edits import SingleEdits
from cnncost.suggest.text.budget import Budget, budgets_hold
from cnncost.suggest.text.editable_spec import EditableSpec
from cnncost.suggest.text.meter import Measures


@dataclass(frozen=True)
class Suggestion:
    """All that was found."""

    spec: Spec
    before: Measures
    budgets: tuple[Budget, ...]
    singles: SingleEdits
    """The edits that save, the best ones first."""
    plan: Plan | None
    proved: bool
    """Whether the plan is the best of the space; without one, whether there is none."""
    seconds: float
    space: str
    """What the plan is the best of, in words."""
    uniform: Plan | None = None
    """All widths scaled alike at the same budgets."""
    plain: Plan | None = None
    """The best plan that puts no other layers in a layer's place, where the plan does."""
    others: tuple[Plan, ...] = ()
    """The best plans of other numbers of edits than the plan's, the fewest first."""
    unmet: UnmetBudgets | None = None
    """How near plans come, where none holds the budgets."""
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """For each metric what part dense layers and convolutions hold."""
    precisions: tuple[PrecisionPlan, ...] = ()
    """The plans at smaller element types, where those are allowed."""
    scale: str = ""
    """Of what the bytes are: batch, element type, optimiser; empty without bytes."""
    widening: tuple[str, ...] = ()
    """What would widen the space of plans, in words."""
    unknown: tuple[str, ...] = ()
    """The layers whose costs nobody knows: every amount here is a lower bound then."""
    scaled: bool = True
    """Whether uniform scaling was tried on all widths."""
    left_out: tuple[str, ...] = ()
    """What there was no time for, in words."""
    most_edits: int | None = None
    """How many edits a plan may have; None where that is not limited."""
    few: FewEdits | None = None
    """What plans of few edits come to, where the plan has many."""

    @property
    def is_met(self) -> bool:
        """Whether the budgets hold already, for certain."""
        return not self.unknown and budgets_hold(self.before, self.budgets)

    @property
    def is_undecided(self) -> bool:
        """Whether what is known is within the budgets, and something is not known."""
        return bool(self.unknown) and budgets_hold(self.before, self.budgets)

    @property
    def is_answered(self) -> bool:
        """Whether the budgets are met, for certain: as it stands, or by the plan."""
        return self.is_met or (self.plan is not None and not self.unknown)


def shares_by_family(editable: EditableSpec) -> dict[str, dict[str, float]]:
    """Where a network's weights and connections are."""
    report = count_network(editable.network)
    shares: dict[str, dict[str, float]] = {}
    for metric in ("weights", "connections"):
        total = getattr(report.totals, metric) or 1
        shares[metric] = {}
        for row in report.layers:
            family = _FAMILIES.get(row.word, "other layers")
            held = getattr(row, metric) / total
            shares[metric][family] = shares[metric].get(family, 0.0) + held
    return shares


_FAMILIES = {
    **dict.fromkeys(("conv", "depthwise_conv", "conv_transpose"), "convolutions"),
    "dense": "dense layers",
    "linear": "linear layers",
    "attention": "attention layers",
}
"""What the layers that hold most of a metric are called together."""


def widening_options(allowed: AllowedEdits) -> tuple[str, ...]:
    """List what of the request leaves options out, in words."""
    less = [f"--keep {name} left out" for name in allowed.kept]
    less += [f"--forbid {kind} left out" for kind in sorted(allowed.forbidden)]
    beyond = "--allow extrapolation, below the widths and resolutions of which anything is known"
    return (*less, *(() if allowed.extrapolate else (beyond,)))
