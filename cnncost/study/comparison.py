"""Compare networks: their totals, and their layers aligned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from cnncost.accuracy import Damage, are_comparable, estimate_damage
from cnncost.costs import LayerCount, Report
from cnncost.language import Spec
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
        """What another network in the first one's place is estimated to cost in accuracy; None
        where the two are not of one task, or a layer is unknown."""
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
