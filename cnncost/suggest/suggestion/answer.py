"""The suggestion that the user gets: single edits, the plan and what to hold it against."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cnncost.costs import count_network
from cnncost.costs.duration import NetworkTime
from cnncost.costs.memory import DTYPES
from cnncost.language import Spec
from cnncost.network import Network
from cnncost.quantity import format_count
from cnncost.suggest.edits.budget import Budget, budgets_hold
from cnncost.suggest.edits.edit import AllowedEdits, Decision, units
from cnncost.suggest.edits.editable_spec import EditableSpec
from cnncost.suggest.edits.meter import Measures
from cnncost.suggest.edits.width import label_numbers
from cnncost.suggest.edits.width_numbers import list_followers
from cnncost.suggest.search.compound_variants import MOST_COARSER, SpatialVariants
from cnncost.suggest.search.plan import ConnectionsPlan, FewEdits, Plan
from cnncost.suggest.search.unmet_budgets import UnmetBudgets
from cnncost.suggest.suggestion.single_edits import SingleEdits


@dataclass(frozen=True)
class Suggestion:
    """All that was found for one request."""

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
    time: NetworkTime | None = None
    """Today's time on a device, where a budget limits time."""
    fewest_connections: int = 0
    """What is estimated of the time of networks of fewer is a lower bound."""
    by_connections: ConnectionsPlan | None = None
    """Where time alone is limited: what the same share of the connections would save of it."""
    grow: bool = False
    """Whether plans may grow."""

    @property
    def alternatives(self) -> list[Plan]:
        """The other plans that hold the budgets: of other numbers of edits, without replacements,
        uniform scaling."""
        uniform = self.uniform if self.uniform is not self.plan else None
        last = [one for one in (self.plain, uniform) if one is not None]
        return [*self.others, *last]

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
        return self.is_met or (self.plan is not None and not self.unknown and not self.is_short)

    @property
    def is_short(self) -> bool:
        """Whether what is estimated of the plan's time is only a lower bound."""
        return self.plan is not None and self.plan.after["connections"] < self.fewest_connections


def shares_by_family(editable: EditableSpec) -> dict[str, dict[str, float]]:
    """For weights and connections: the share of the network's total that each family of layers
    holds."""
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
    **dict.fromkeys(("lstm", "gru", "rnn"), "recurrent layers"),
    "embedding": "embeddings",
}
"""What the layers that hold most of a metric are called together."""


def widening_options(allowed: AllowedEdits) -> tuple[str, ...]:
    """List what of the request leaves options out, in words."""
    less = [f"--keep {name} left out" for name in allowed.kept]
    less += [f"--forbid {kind} left out" for kind in sorted(allowed.forbidden)]
    less += ["--grow left out (strides, pools, smaller inputs)"] * allowed.grow
    beyond = "--allow extrapolation, below the widths and resolutions of which anything is known"
    return (*less, *(() if allowed.extrapolate else (beyond,)))


def describe_space(variants: SpatialVariants, decisions: Sequence[Decision]) -> str:
    """Say how many options of each sort there are, and what the form of the file ties together."""
    changed = [decision for decision in decisions if len(decision.options) > 1]
    widths = sum(decision.group for decision in changed)
    others = sum(len(v.options) - 1 for v in changed if not v.group)
    spatial = len(variants.all) - 1
    moves = format_count(spatial, "spatial change") if spatial else "no spatial change"
    if variants.maker.gain:
        moves += " (larger inputs, multipliers and factors; one in a plan)" if spatial else ""
    elif spatial > 1:
        moves += f", alone and together (at most {MOST_COARSER} strides and pools)"
    wider = "narrower or wider, " if variants.maker.gain else ""
    ties = _describe_ties(variants, decisions)
    return (
        f"{format_count(widths, 'width')}, {wider}{format_count(others, 'structural choice')} "
        f"(replacing at most half of the convolutions) and {moves}{ties}"
    )


def _describe_ties(variants: SpatialVariants, decisions: Sequence[Decision]) -> str:
    """Say which layers the file changes alike; nothing where each has a line of its own."""
    lines = {
        frozenset(edit.substitutes): decision.label
        for decision in decisions
        for edit in decision.options
        if edit.convolutions > 1
    }
    tying = [one for one in label_numbers(variants.editable, None) if one.number.ties]
    followers = list_followers(variants.editable)
    layers, widths = sum(map(len, lines)), sum(len(one.number.groups) for one in tying)
    said = []
    if lines:
        of = format_count(len(lines), "line")
        said.append(f"{layers} layers of {of} ({_name_some(list(lines.values()))})")
    if tying:
        of = format_count(len(tying), "number")
        said.append(f"{widths} widths of {of} ({_name_some([one.label for one in tying])})")
    if followers:
        of = format_count(len(followers), "width")
        said.append(f"{of} that follow others ({_name_some(followers)})")
    *most, last = said or [""]
    listed = f"{', '.join(most)} and {last}" if most else last
    return f"; {listed} change alike (convert --flat unties them)" if said else ""


def _name_some(labels: Sequence[str]) -> str:
    """Name the first two of some places, each by its first layer.

    >>> _name_some(["conv1, conv2", "conv3 and 7 more", "conv4"])
    'conv1, conv3, ...'
    """
    names = [re.split(", | and ", label)[0] for label in labels]
    return ", ".join([*names[:2], *["..."] * (len(names) > 2)])


FP16, INT8, INT8_MOBILE = 0.0, 0.01, 0.05
"""What a precision adds to a score; int8 costs more where convolutions are depthwise.
Judgement."""


class PrecisionPlan(NamedTuple):
    """The best plan at another element type."""

    dtype: str
    price: int
    """What the precision itself scores."""
    before: Measures
    plan: Plan | None
    """None where none was found, or none is needed."""
    met: bool
    """Whether the budgets hold already."""

    @property
    def score(self) -> int | None:
        """The precision's and the plan's together; None where the budgets are not held."""
        if self.met:
            return self.price
        return None if self.plan is None else self.price + self.plan.score


def smaller_dtypes(dtype: str) -> tuple[str, ...]:
    """The element types below another: half precision, then int8."""
    return tuple(word for word in ("fp16", "int8") if DTYPES[word] < DTYPES[dtype])


def precision_score(dtype: str, network: Network) -> int:
    """The score of an element type: what it is judged to cost on a network."""
    if dtype != "int8":
        return units(FP16)
    mobile = any(getattr(node.layer, "groups", 1) == node.inputs[0].channels > 1
                 for node in network.layers)  # fmt: skip
    words = [node.layer.word for node in network.layers if node.layer]
    return units(INT8_MOBILE if mobile or "depthwise_conv" in words else INT8)
