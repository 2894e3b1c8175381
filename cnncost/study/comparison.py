"""Compare networks: their totals, their layers aligned, and limits on how much one may grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from cnncost.accuracy import Damage, are_comparable, estimate_damage
from cnncost.costs import LayerCount, Report
from cnncost.costs.metrics import find_total
from cnncost.costs.promises import compare_budget
from cnncost.errors import CnncostError
from cnncost.language import Spec
from cnncost.quantity import BYTES, MetricAmount, budget_metric, parse_change, split_metric
from cnncost.study.align import AlignedItem, MatchKind, align_layers

METRICS = ("units", "weights", "parameters", "connections")
"""The totals that are compared, in their order."""


@dataclass(frozen=True)
class Side:
    """One of the networks: the user's name for it, its spec, and its counts."""

    label: str
    spec: Spec
    report: Report


@dataclass(frozen=True)
class Match:
    """Layers that correspond, one per network; None for a network that has no counterpart."""

    layers: tuple[LayerCount | None, ...]

    @property
    def present_layers(self) -> tuple[LayerCount, ...]:
        """The layers of the networks that have one, in the order of the networks."""
        return tuple(layer for layer in self.layers if layer is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """The different names of the layer, in the order of the networks."""
        return tuple(dict.fromkeys(layer.name for layer in self.present_layers))

    @property
    def is_counted(self) -> bool:
        return any(layer.counted for layer in self.present_layers)

    @property
    def differs(self) -> bool:
        """Whether a network lacks it, or has it with another type, shape or count."""
        kinds = [_match_kind(layer) for layer in self.present_layers]
        return len(kinds) < len(self.layers) or any(kind != kinds[0] for kind in kinds)

    def describe_change(self, side: int) -> str:
        """Say what became of the first network's layer in another one.

        The words are `added`, `removed`, `changed`, `renamed` and `same`; empty if neither has
        the layer.
        """
        before, after = self.layers[0], self.layers[side]
        if before is None or after is None:
            return "added" if after else "removed" if before else ""
        if _match_kind(before) != _match_kind(after):
            return "changed"
        return "same" if before.name == after.name else "renamed"


@dataclass(frozen=True)
class Comparison:
    """The networks, and which of their layers correspond."""

    sides: tuple[Side, ...]
    matches: tuple[Match, ...]

    def estimate_damage(self, side: int) -> Damage | None:
        """Estimate what another network in the first one's place costs in accuracy; None where the
        two are not of one task, or a layer is unknown."""
        before, after = (self.sides[i].spec.network for i in (0, side))
        return estimate_damage(before, after) if are_comparable(before, after) else None


def compare_networks(sides: Sequence[Side]) -> Comparison:
    """Align the layers of at least two networks, one network after another."""
    first, *others = sides
    matches = [Match((layer,)) for layer in first.report.layers]
    # What stands for a match is the first network's layer: given names are looked up there.
    items = [_make_item(first, layer) for layer in first.report.layers]
    for number, side in enumerate(others, start=1):
        layers = side.report.layers
        theirs = [_make_item(side, layer) for layer in layers]
        pairs = align_layers(items, theirs)
        none = (None,) * number
        matches = [
            Match((*(none if i is None else matches[i].layers), None if j is None else layers[j]))
            for i, j in pairs
        ]
        items = [items[i] if i is not None else theirs[j or 0] for i, j in pairs]
    return Comparison(tuple(sides), tuple(matches))


def percent_change(before: int, after: int) -> Fraction | None:
    """Return the change in percent of `before`; None if that is 0."""
    return Fraction(100 * (after - before), before) if before else None


def _make_item(side: Side, layer: LayerCount) -> AlignedItem:
    written = side.spec.written.get(layer.node.index)
    return AlignedItem(
        layer.name, written is not None and bool(written.line.name), _match_kind(layer)
    )


def _match_kind(layer: LayerCount) -> MatchKind:
    y = layer.node.output
    return MatchKind(layer.word, layer.counted, y, layer.parameters, layer.connections)


HINT = "write METRIC=+AMOUNT, as in connections=+5% or weights=+1M; +0 allows no growth"


class Growth(NamedTuple):
    """The growth that is allowed in one metric: a percentage of the first network's, or a count."""

    metric: str
    amount: str
    """The amount as the user wrote it."""
    change: MetricAmount

    def allowed_value(self, before: int) -> int | Fraction:
        """Return the largest value that is allowed if the first network has `before`."""
        return before + self.change.share_of(before)


class Excess(NamedTuple):
    """A metric that grew more than allowed, or may have done so because some costs are unknown."""

    growth: Growth
    label: str
    before: int
    after: int
    complete: bool


def parse_growth(text: str) -> Growth:
    """Read the metric and growth of `connections=+5%`, `weights=+1M` or `weights=-10%`.

    Raises:
        CnncostError: there is no `=`, no sign, or the metric or the amount is unknown.
    """
    refusal = CnncostError(f"--fail-on {text}: no growth", HINT)
    metric, amount = split_metric(text, refusal)
    change = parse_change(amount)
    if change is None:
        raise refusal
    return Growth(budget_metric(metric), amount.strip(), change)


def find_excesses(sides: tuple[Side, ...], growths: list[Growth]) -> list[Excess]:
    """Find the metrics in which a network grew more than allowed, compared with the first."""
    metrics = [growth.metric for growth in growths]
    values = [_metric_values(side, metrics) for side in sides]
    found = []
    for side, after in zip(sides[1:], values[1:], strict=True):
        complete = side.report.complete and sides[0].report.complete
        for growth in growths:
            was, now = values[0][growth.metric], after[growth.metric]
            if now > growth.allowed_value(was) or not complete:
                found.append(Excess(growth, side.label, was, now, complete))
    return found


def _metric_values(side: Side, metrics: list[str]) -> dict[str, int]:
    """Compute the metrics that can be limited; totals are counted under the shown convention."""
    limited = compare_budget(side.spec, dict.fromkeys(metrics, 0))
    shown = {word: find_total(side.report.totals, word) for word in metrics if word not in BYTES}
    return {limit.metric: limit.computed for limit in limited} | shown
