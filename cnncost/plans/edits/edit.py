"""Edits of a spec, the decisions whose options they are, and their scores.

A score is a damage (`cnncost.accuracy`) as a whole number, so that optimality is exact.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil, log, prod
from typing import NamedTuple

from cnncost.accuracy.error_constants import DENSE
from cnncost.accuracy.potential import Potential
from cnncost.errors import CnncostError
from cnncost.network import Input, Network, Node
from cnncost.plans.edits.placed_layers import PlacedLayer, Substitute, place_layer
from cnncost.plans.edits.text_changes import TextChange
from cnncost.shape import Shape

STRIDE, POOLING, MULTIPLIER, EXPANSION = "stride", "pooling", "multiplier", "expansion"
"""Names of kinds of edit that searches tell apart."""

DEPTH = "depth"
"""The name of the kind that several rules make."""

COARSER = (STRIDE, POOLING)
"""The kinds that make maps coarser at one place: not where a window leaves positions out."""

NARROWER = (MULTIPLIER, EXPANSION)
"""The kinds that make many layers narrower, and no map coarser."""

UNIT = 100_000
"""Scores are integers of 1e-5."""

PER_EDIT = 10
"""1e-4 an edit in a price: of equal plans the search takes the one of fewer edits."""

NARROWEST, COARSEST = 0.25, 0.43
"""The smallest width and resolution that published tables hold: nothing is known below."""

DEPTH_SHARE = 3
"""At most one block in so many of a stage goes, or comes: what fewer blocks cost and more gain does
not add up beyond."""

WIDEST, WIDEST_BEYOND = 2, 4
"""How many times as wide layers may become where plans may grow: Wide ResNets are twice as wide
inside; beyond, only what --allow extrapolation asks for."""


class Evidence(NamedTuple):
    """What is published of a kind of edit."""

    sources: str
    judgement: str = ""
    """What of it is a judgement; empty where all is measured."""


def units(damage: float) -> int:
    """A damage as a score: whole units of 1e-5, rounded to the nearest."""
    return round(damage * UNIT)


@dataclass(frozen=True)
class Edit:
    """One way to change the text, or to leave it as it is."""

    kind: str
    """The name of its kind; empty for `NO_EDIT`."""
    phrase: str
    score: int = 0
    """Its price in units of 1e-5, the constant for an edit included; 0 until it is priced."""
    changes: tuple[TextChange, ...] = ()
    substitutes: Mapping[int, Substitute] = field(default_factory=dict)
    """For each node that it replaces, by index: what returns the layers in its place."""
    reads_instead: Mapping[int, int] = field(default_factory=dict)
    """For a node whose input changes, by index: the node whose input it reads instead."""
    resized: Mapping[int, Shape] = field(default_factory=dict)
    """For each input whose extents change, by index: its shape then, where nothing else follows
    from the number."""
    convolutions: int = 0
    """How many convolutions a structural replacement touches."""

    @property
    def made(self) -> int:
        """1 for an edit, 0 for leaving the text as it is: what a plan's edits are counted by."""
        return int(bool(self.kind))

    @property
    def states_layers(self) -> bool:
        """Whether the network with its substitutes in place is the one that it makes."""
        return bool(self.substitutes or self.resized) and not self.reads_instead

    part: Fraction = Fraction(1)
    """Of a width: what part of the old one the new one is."""
    grows: bool = False
    """Whether it makes the network larger, for what that gains."""


NO_EDIT = Edit("", "")


@dataclass(frozen=True)
class Decision:
    """A plan picks exactly one of its options; the first leaves the text as it is."""

    label: str
    options: tuple[Edit, ...]
    first: int
    """The first node that it touches: the order of decisions and of a plan's steps."""
    group: bool = False
    """Whether its options are widths, whose effects reach other layers."""
    unread: bool = False
    """Whether only the edited text tells which of its options make a network, and their prices."""


def replacing_decisions(decisions: Iterable[Decision]) -> dict[int, list[int]]:
    """For each node that options replace, by index: the decisions of these options."""
    found: dict[int, list[int]] = {}
    for v, decision in enumerate(decisions):
        for index in dict.fromkeys(i for edit in decision.options for i in edit.substitutes):
            found.setdefault(index, []).append(v)
    return found


def priced(edit: Edit, parts: Iterable[float]) -> Edit:
    """Return an edit with its price: the parts of its damage that cost, and a little for itself.

    What an edit is estimated to gain in one part is not set against what it costs in another:
    gains are the less certain ones, and the search would buy them wherever they are too dear.
    What one that grows the network gains is what it is for: its price has all parts.
    """
    price = units(sum(parts)) if edit.grows else price_of(parts)
    return replace(edit, score=price + PER_EDIT)


def price_of(parts: Iterable[float]) -> int:
    """Return the parts of a damage that cost, in units of score."""
    return units(sum(max(0.0, part) for part in parts))


def largest_gain(network: Network, potential: Potential) -> int:
    """Return what edits of a network, whose potential this is, gain at most: no part of it falls
    below 0 but that of dense layers, which may become wider.

    Gains of widths that are priced one by one add up to a part times ln(WIDEST_BEYOND) at most.
    """
    *parts, dense = potential
    layers = sum(node.layer.word == "dense" for node in network.layers)
    most = sum(parts) + max(0.0, dense) + DENSE * layers
    return ceil(most * log(WIDEST_BEYOND) * UNIT)


def apply_edit(network: Network, edit: Edit) -> tuple[dict[int, int], Network] | None:
    """Return where each node that an edit leaves alone stands once its substitutes are in place,
    and the network with these; None where they cannot be, or an output has another shape."""
    last: dict[int, int] = {}
    """For each node what puts out its numbers then."""
    nodes: list[Input | Node] = []
    try:
        for node in network.nodes:
            if node.shares in edit.substitutes:
                return None
            reads = tuple([last[read] for read in node.reads])
            xs = tuple([nodes[read].output for read in reads])
            for one in _nodes_in_place(node, edit, xs):
                shares = None if one.shares is None else last[one.shares]
                nodes.append(_lay_node(one, len(nodes), reads, shares))
                reads = (len(nodes) - 1,)
            last[node.index] = reads[0]
    except CnncostError:
        return None
    outputs = tuple([last[index] for index in network.outputs])
    if any(nodes[last[i]].output != network.nodes[i].output for i in network.outputs):
        return None
    kept = {index: at for index, at in last.items() if index not in edit.substitutes}
    return kept, replace(network, nodes=tuple(nodes), outputs=outputs, program=None)


def _nodes_in_place(node: Input | Node, edit: Edit, xs: tuple[Shape, ...]) -> list[Input | Node]:
    """What stands in a node's place over some inputs: itself, or its substitutes."""
    if isinstance(node, Input):
        return [replace(node, output=edit.resized.get(node.index, node.output))]
    if node.index in edit.substitutes:
        placed = edit.substitutes[node.index](node.layer, xs)
        return [place_layer(node, layer, own) for layer, own in placed]
    return [node if xs == node.inputs else place_layer(node, node.layer, xs)]


def _lay_node(
    node: Input | Node, index: int, reads: tuple[int, ...], shares: int | None
) -> Input | Node:
    if isinstance(node, Input):
        return replace(node, index=index)
    if (node.index, node.reads, node.shares) == (index, reads, shares):
        return node
    return replace(node, index=index, reads=reads, shares=shares)


@dataclass(frozen=True)
class AllowedEdits:
    """What a user allows and forbids."""

    forbidden: frozenset[str] = frozenset()
    """The names of kinds that are not used."""
    extrapolate: bool = False
    """Also below the widths and resolutions of which anything is known."""
    precision: bool = False
    """Also smaller element types, shown apart."""
    kept: tuple[str, ...] = ()
    """Layers, or blocks' calls, that stay as they are."""
    multiple: int | None = None
    """What new widths are multiples of; None for 8 where the old ones are."""
    narrowest: Fraction = Fraction(NARROWEST)
    """The smallest part of a width that is offered without extrapolation."""
    widest: Fraction = Fraction(WIDEST)
    """How many times as wide a layer may become where plans may grow."""
    grow: bool = False
    """Whether plans may make the network larger."""
    left: Mapping[str, Fraction] = field(default_factory=dict)
    """For labels of widths that multipliers leave some of: the smallest part that is offered."""

    def together_with(self, edit: Edit) -> AllowedEdits:
        """What may go together with a spatial edit: what a multiplier takes of the widths, or
        gives, is not taken or given again."""
        narrowest, widest = self.narrowest / edit.part, self.widest / edit.part
        return replace(self, narrowest=narrowest, widest=widest)

    def allows(self, kinds: Collection[str]) -> bool:
        """Whether one of these kinds, at least, is not forbidden."""
        return not set(kinds) <= self.forbidden


def merge_edits(edits: Sequence[Edit]) -> Edit | None:
    """Make one edit of several; None where two of them change one place of the text, or one layer.

    Its kind is that of one that makes maps coarser, where there is one.
    """
    changes = [change for edit in edits for change in edit.changes]
    places = sorted(change.place for change in changes)
    if any(later.start <= one.end for one, later in pairwise(places)):
        return None
    substitutes = {index: put for edit in edits for index, put in edit.substitutes.items()}
    if len(substitutes) < sum(len(edit.substitutes) for edit in edits):
        return None
    kinds = [edit.kind for edit in edits]
    return Edit(
        next((kind for kind in kinds if kind in COARSER), kinds[0]),
        "; ".join([edit.phrase for edit in edits]),
        changes=tuple(changes),
        substitutes=substitutes,
        resized={index: shape for edit in edits for index, shape in edit.resized.items()},
        part=prod((edit.part for edit in edits), start=Fraction(1)),
        grows=any(edit.grows for edit in edits),
    )


def place_substitutes(
    substitute: Substitute, node: Node, inputs: tuple[Shape, ...]
) -> list[PlacedLayer]:
    """Return what stands in a node's place; nothing where it cannot take its inputs."""
    try:
        return substitute(node.layer, inputs)
    except CnncostError:
        return []
