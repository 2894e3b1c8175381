"""Trials of spatial edits: what every layer costs under a stride, a pool, another resolution.

Where an edit states what it puts in a layer's place, the shapes behind it follow, so the text need
not be read for each trial. The variant that a search enters always is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from operator import attrgetter, le
from time import monotonic
from typing import NamedTuple

from cnncost.accuracy.layer_terms import NO_TERMS, LayerTerms
from cnncost.accuracy.potential import Potential
from cnncost.costs import count_network
from cnncost.network import Network, Node
from cnncost.plans.edits.edit import (
    COARSER,
    NARROWER,
    Edit,
    apply_edit,
    merge_edits,
    place_substitutes,
    priced,
)
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.meter import Measures
from cnncost.plans.edits.placed_layers import (
    Costs,
    CountedLayer,
    PlacedLayer,
    count_placed,
    is_starved,
    skips_more,
)
from cnncost.shape import Shape


class SpatialTrial(NamedTuple):
    """One spatial edit alone, or several made together."""

    edit: Edit
    """Of several one that makes the changes of all, at the price of all."""
    after: Measures
    costs: tuple[Costs, ...]
    """What each layer costs that counts, in the file's order; where bytes or time are measured,
    each layer: every tensor takes some."""


class _Tail(NamedTuple):
    """All layers behind one tensor, as they are when it has another shape: the ends of what one
    trial has counted."""

    counted: list[CountedLayer]
    outputs: list[Shape]
    """The shape that each node of the network puts out."""
    offset: int
    """Where it begins among what was counted."""
    terms: LayerTerms
    """What the layers' terms add up to, less those of the layers as they stand; without heads, for
    which the map counts that a dense layer looks at."""


class SpatialTrials:
    """Tries the spatial edits of one spec."""

    def __init__(self, editable: EditableSpec) -> None:
        self.editable = editable
        self.stated = not editable.follows_extents
        """Whether what an edit states is all that it changes."""
        self._counted: dict[tuple[int, tuple[Shape, ...]], CountedLayer | None] = {}
        """Each node over the inputs that it had so far; None where it cannot take them."""
        self._tails: dict[tuple[int, Shape], _Tail] = {}
        """What was counted behind a tensor, by the next node and the tensor's shape."""

    def try_edit(self, edit: Edit) -> SpatialTrial | None:
        """Return what each layer costs under one spatial edit; None where it makes no network,
        or one that puts out other shapes."""
        return self.try_together([edit])

    def try_together(self, edits: Sequence[Edit]) -> SpatialTrial | None:
        """Return what each layer costs under several spatial edits; None where they cannot be made
        together, or make no network."""
        merged = merge_edits(edits)
        if merged is None:
            return None
        if not self.are_stated(edits):
            return self._read_edit(merged)
        if self.editable.meter.bytes:
            made = apply_edit(self.editable.network, merged)
            return None if made is None else self.count_edited(merged, made[1])
        return self._count_stated(merged)

    def are_stated(self, edits: Sequence[Edit]) -> bool:
        """Whether edits say all that they change, so that no text need be read."""
        return self.stated and all(edit.substitutes or edit.resized for edit in edits)

    def _count_stated(self, edit: Edit) -> SpatialTrial | None:
        found = self._count_substituted(edit)
        if found is None:
            return None
        edit, counted = found
        meter = self.editable.meter
        costs = [one.costs for one in counted]
        totals = map(sum, zip(meter.base_costs, *costs, strict=True))
        rows = costs if meter.looks_at_all else [one.costs for one in counted if one.counted]
        return SpatialTrial(edit, dict(zip(meter.tabled, totals, strict=True)), tuple(rows))

    def _read_edit(self, edit: Edit) -> SpatialTrial | None:
        spec = self.editable.read_edited(edit.changes)
        return None if spec is None else self.count_edited(edit, spec.network)

    def count_edited(self, edit: Edit, network: Network) -> SpatialTrial | None:
        """Count the network that an edit makes; None where it leaves positions out."""
        if self._loses_positions(edit, network):
            return None
        meter = self.editable.meter
        rows = [
            meter.count_row(row)
            for row in count_network(network).layers
            if row.counted or meter.looks_at_all
        ]
        edit = self._price(edit, self.editable.priced_layers.damage_to(network))
        return SpatialTrial(edit, self.editable.measure(network), tuple(rows))

    def _price(self, edit: Edit, damage: Potential) -> Edit:
        """Price an edit: its damage is added part by part to that of edits made already."""
        before, now = self.editable.first_potential, self.editable.priced_layers.potential
        return priced(edit, [a - b + c for a, b, c in zip(now, before, damage, strict=True)])

    def _loses_positions(self, edit: Edit, network: Network) -> bool:
        """Whether an edit leaves positions of a map out that were read before: the map is smaller
        than the kernel, or a window at its own stride does not reach the map's end."""
        coarser = edit.kind in COARSER
        return any(
            is_starved(old, placed[0][1]) or (coarser and skips_more(old, placed))
            for old, placed in self._pair_layers(edit, network)
        )

    def _pair_layers(
        self, edit: Edit, network: Network
    ) -> Iterator[tuple[Node, Sequence[PlacedLayer]]]:
        """Yield each layer with what stands in its place in an edited network: in the file's
        order, since a new layer renumbers others; of a call that may have other layers, by name."""
        layers = self.editable.network.layers
        counts = [self._count_in_place(edit, old) for old in layers]
        after = list(network.layers)
        if not edit.substitutes or sum(counts) != len(after):
            named = {node.name: node for node in after}
            same = [(old, named[old.name]) for old in layers if old.name in named]
            yield from ((old, [(new.layer, new.inputs)]) for old, new in same)
            return
        standing = iter(after)
        for old, count in zip(layers, counts, strict=True):
            yield old, [(new.layer, new.inputs) for new in islice(standing, count)]

    def _count_in_place(self, edit: Edit, old: Node) -> int:
        """Count the layers that an edit puts in a node's place; 1 where it leaves the node."""
        substitute = edit.substitutes.get(old.index)
        return len(place_substitutes(substitute, old, old.inputs)) if substitute else 1

    def _count_substituted(self, edit: Edit) -> tuple[Edit, list[CountedLayer]] | None:
        """Count the layers of the network with an edit's substitutes in their places; with the
        edit, priced."""
        network = self.editable.network
        outputs = self._outputs.copy()
        for index, shape in edit.resized.items():
            outputs[index] = shape
        first, last = min([*edit.substitutes, *edit.resized]), max([*edit.substitutes, 0])
        found = self._as_it_is[: bisect_left(network.layers, first, key=attrgetter("index"))]
        changed: dict[int, list[PlacedLayer]] = {}
        walked: list[tuple[int, int]] = []
        """Behind all substitutes: the nodes that were counted, and where among what was found."""
        tail = None
        for node in network.layers[len(found) :]:
            inputs = tuple([outputs[index] for index in node.reads])
            if node.index in edit.substitutes:
                layers = place_substitutes(edit.substitutes[node.index], node, inputs)
                if edit.kind in COARSER and skips_more(node, layers):
                    return None
                starved = is_starved(node, inputs)
                placed = [] if starved else self._count_layers(layers, node)
                changed[node.index] = layers
            else:
                if node.index > last and (tail := self._tails.get((node.index, inputs[0]))):
                    found += tail.counted[tail.offset :]
                    outputs[node.index :] = tail.outputs[node.index :]
                    break
                placed = self._count_node(node, inputs)
                if node.index > last:
                    walked.append((node.index, len(found)))
                elif inputs != node.inputs:
                    changed[node.index] = [(node.layer, inputs)]
            if not placed:
                return None
            found += placed
            outputs[node.index] = placed[-1].output
        if any(outputs[index] != network.nodes[index].output for index in network.outputs):
            return None
        behind = self._keep_tails(walked, found, outputs, tail)
        for head in self.editable.priced_layers.heads:
            inputs = tuple([outputs[index] for index in head.reads])
            if head.index > last and inputs != head.inputs:
                changed[head.index] = [(head.layer, inputs)]
        damage = self.editable.priced_layers.damage_of(changed, outputs, behind)
        return self._price(edit, damage), found

    def _keep_tails(
        self,
        walked: Sequence[tuple[int, int]],
        found: list[CountedLayer],
        outputs: list[Shape],
        tail: _Tail | None,
    ) -> LayerTerms:
        """Keep what was counted behind each tensor that all later layers read alone; return the
        terms of all that was walked and of the tail behind it, without those of heads."""
        layers = self.editable.priced_layers
        terms = NO_TERMS if tail is None else tail.terms
        for index, offset in reversed(walked):
            terms = layers.add_moved(terms, index, outputs)
            if index in self._cuts:
                source = outputs[self.editable.network.nodes[index].reads[0]]
                self._tails[index, source] = _Tail(found, outputs, offset, terms)
        return terms

    @cached_property
    def _cuts(self) -> frozenset[int]:
        """The nodes that read one tensor, which is all that they and the later ones read of what
        stands before them."""
        inputs = max(node.index for node in self.editable.network.inputs)
        cuts, least = [], len(self.editable.network.nodes)
        for node in reversed(self.editable.network.layers):
            least = min(least, *node.reads)
            if {*node.reads, least} == {node.index - 1} and node.index > inputs:
                cuts.append(node.index)
        return frozenset(cuts)

    @cached_property
    def _outputs(self) -> list[Shape]:
        """The shape that each node puts out as it stands."""
        return [node.output for node in self.editable.network.nodes]

    @cached_property
    def _as_it_is(self) -> list[CountedLayer]:
        """Each layer of the network as it stands, in their order."""
        layers = self.editable.network.layers
        return [one for node in layers for one in self._count_node(node, node.inputs)]

    def _count_node(self, node: Node, inputs: tuple[Shape, ...]) -> list[CountedLayer]:
        """Count a node as it is over some inputs; nothing where it cannot take them, or where its
        kernel gets a map smaller than itself."""
        key = (node.index, inputs)
        if key not in self._counted:
            shares, timer = node.shares is not None, self.editable.meter.timer
            one = count_placed(node.layer, inputs, shares, timer)
            self._counted[key] = None if is_starved(node, inputs) else one
        one = self._counted[key]
        return [] if one is None else [one]

    def _count_layers(self, layers: Sequence[PlacedLayer], node: Node) -> list[CountedLayer]:
        """Count what stands in a node's place; nothing where one layer cannot take its inputs."""
        shares, timer = node.shares is not None, self.editable.meter.timer
        found = [count_placed(layer, xs, shares, timer) for layer, xs in layers]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else []


def find_beaten(trials: Sequence[SpatialTrial], deadline: float) -> frozenset[int]:
    """Find the trials that another beats in every layer's costs at no higher score; behind the
    deadline no more are compared."""
    # One that beats another changes none but its layers, so each is looked for at one of its own.
    places: dict[int | None, list[int]] = {}
    for at, one in enumerate(trials):
        places.setdefault(min(one.edit.substitutes, default=None), []).append(at)
    beaten = []
    for at, one in enumerate(trials):
        if monotonic() > deadline:
            break
        rivals = [k for place in (None, *one.edit.substitutes) for k in places.get(place, ())]
        if any(_beats(trials[k], one, first=k < at) for k in rivals if k != at):
            beaten.append(at)
    return frozenset(beaten)


def _beats(one: SpatialTrial, other: SpatialTrial, *, first: bool) -> bool:
    """Whether a trial scores no higher than another and no layer costs more, whatever other edits
    do; of two equal ones the `first` beats."""
    kinds_differ = (one.edit.kind in NARROWER) != (other.edit.kind in NARROWER)
    if one.edit.score > other.edit.score or kinds_differ:
        return False  # narrower widths go together with one of them
    if not one.edit.substitutes.keys() <= other.edit.substitutes.keys():
        return False  # a layer that it changes may be replaced behind the other
    rows = zip(one.costs, other.costs, strict=False)
    if len(one.costs) != len(other.costs) or not all(all(map(le, *pair)) for pair in rows):
        return False
    return first or one.costs != other.costs or one.edit.score < other.edit.score
