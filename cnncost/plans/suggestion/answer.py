"""The suggestion that the user gets: single edits, the plan and what to hold it against."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cnncost.costs import count_network
from cnncost.costs.duration import NetworkTime
from cnncost.costs.memory import DTYPES
from cnncost.costs.memory.embedded import find_types
from cnncost.language import Spec
from cnncost.network import Network
from cnncost.number_types import BITS, KINDS
from cnncost.place import Source
from cnncost.plans.edits.budget import Budget, budgets_hold
from cnncost.plans.edits.edit import AllowedEdits, Decision, units
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.meter import Measures, Meter
from cnncost.plans.edits.text_changes import SpecText
from cnncost.plans.edits.width import label_numbers
from cnncost.plans.edits.width_numbers import list_followers
from cnncost.plans.search.compound_variants import MOST_COARSER, SpatialVariants
from cnncost.plans.search.plan import ConnectionsPlan, FewEdits, PatchedStep, Plan
from cnncost.plans.search.unmet_budgets import UnmetBudgets
from cnncost.plans.suggestion.single_edits import SingleEdits
from cnncost.quantity import SCALED, format_count


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
    in_patches: PatchedStep | None = None
    """What patches the plan counts on, on a microcontroller."""

    @property
    def alternatives(self) -> list[Plan]:
        """The other plans that hold the budgets: of other numbers of edits, without replacements,
        uniform scaling. Each file once, and not the plan's own."""
        found: dict[str, Plan] = {}
        for one in (*self.others, self.plain, self.uniform):
            if one is not None and (self.plan is None or one.text != self.plan.text):
                found.setdefault(one.text, one)
        return list(found.values())

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
        follow = "follows" if len(followers) == 1 else "follow"
        said.append(f"{of} that {follow} others ({_name_some(followers)})")
    *most, last = said or [""]
    listed = f"{', '.join(most)} and {last}" if most else last
    single = len(said) == 1 and listed.startswith("1 ")
    change = "changes with them" if single else "change alike"
    return f"; {listed} {change} (convert --flat unties them)" if said else ""


def _name_some(labels: Sequence[str]) -> str:
    """Name the first two of some places, each by its first layer.

    >>> _name_some(["conv1, conv2", "conv3 and 7 more", "conv4"])
    'conv1, conv3, ...'
    """
    names = [re.split(", | and ", label)[0] for label in labels]
    return ", ".join([*names[:2], *["..."] * (len(names) > 2)])


class PrecisionPrice(NamedTuple):
    """What a precision itself scores, in score units."""

    score: int
    low: int
    """The ends of what is published; the score itself where that is a judgement."""
    high: int


def _price(score: float, low: float | None = None, high: float | None = None) -> PrecisionPrice:
    ends = (score if end is None else end for end in (low, high))
    return PrecisionPrice(units(score), *map(units, ends))


NARROW = "int4 weights"
"""Weights of four bits beside activations of eight: a precision of flash."""

PRICES = {
    "fp16": (_price(0.0), _price(0.0)),
    "int8": (_price(0.01), _price(0.05)),
    NARROW: (_price(0.04, 0.0, 0.08), _price(0.15, 0.07, 0.30)),
}
"""What each precision adds to a score; then the same where convolutions are depthwise. That of
fp16 and int8 is judgement.

That of int4 weights counts from float32. Without fine-tuning ResNet-18 and ResNet-50 lose up to 1
point of accuracy (AdaRound, Nagel et al. 2020): of ResNet-50's error of 24 %, ln(25 / 24) = .04;
fine-tuned they lose none (FAQ, McKinstry et al. 2018). Trained for it, networks lose 2 to 10
points, smaller ones more (Krishnamoorthi 2018): ln(26 / 24) = .08; of MobileNet's error of 29 %,
ln(31 / 29) = .07 to ln(39 / 29) = .30, of which .15 is the middle by ratio."""


class PrecisionPlan(NamedTuple):
    """The best plan at another element type."""

    dtype: str
    price: PrecisionPrice
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
            return self.price.score
        return None if self.plan is None else self.price.score + self.plan.score


def list_precisions(
    spec: Spec, meter: Meter, metrics: Sequence[str]
) -> Iterator[tuple[str, Spec, Meter]]:
    """List the precisions below today's that change what budgets limit: half precision and int8
    at a meter of their own, weights of four bits in a spec that says them."""
    if any(metric in SCALED for metric in metrics):
        for dtype in ("fp16", "int8"):
            trains = "training_memory" in (*metrics, *meter.bytes)
            if DTYPES[dtype] < DTYPES[meter.dtype] and not (trains and dtype == "int8"):
                yield dtype, spec, replace(meter, dtype=dtype)
    narrow = _write_narrow_weights(spec) if "flash" in metrics else None
    if narrow is not None:
        yield NARROW, narrow, meter


def price_precision(dtype: str, network: Network) -> PrecisionPrice:
    """The score of an element type: what it is judged to cost on a network."""
    mobile = any(getattr(node.layer, "groups", 1) == node.inputs[0].channels > 1
                 for node in network.layers)  # fmt: skip
    words = [node.layer.word for node in network.layers if node.layer]
    return PRICES[dtype][mobile or "depthwise_conv" in words]


def _write_narrow_weights(spec: Spec) -> Spec | None:
    """The spec with weights of four bits; None where they are not of eight beside activations of
    eight, or not all of one type."""
    types = find_types(spec.network)
    if (BITS[types.activations], types.weight_bits, types.other_bytes) != (8, 8, 0):
        return None
    words = zip(KINDS, (types.activations, "int4", types.biases), strict=True)
    value = f"{{{', '.join(f'{kind}: {word}' for kind, word in words)}}}"
    text = SpecText(spec.text.name, spec.text.text).write_entry("types", value)
    return replace(spec, text=Source(spec.text.name, text))
