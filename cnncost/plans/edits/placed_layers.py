"""Layers with the shapes of their inputs: what they cost, and what they add to the error potential.

An edit puts such layers in the places of others; a width edit, the same layers with other fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cnncost.accuracy.layer_terms import NO_TERMS, LayerTerms, add_terms, input_terms, layer_terms
from cnncost.accuracy.potential import Potential, network_terms, potential_of
from cnncost.accuracy.roles import (
    ACTIVATIONS,
    NO_ROLE,
    WEIGHTED,
    Follower,
    Role,
    find_map_extent,
    find_roles,
)
from cnncost.costs import Convention, count_layer
from cnncost.costs.receptive_field import count_skipped_positions
from cnncost.errors import CnncostError
from cnncost.layers import Layer
from cnncost.network import Input, Network, Node
from cnncost.place import Place
from cnncost.quantity import BUDGETS
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.timing import LayerTimer

Costs = tuple[int, ...]
"""One amount per metric, in the order of METRICS; behind them the time, where it is measured."""

PlacedLayer = tuple[Layer, tuple[Shape, ...]]
"""A layer and the shapes of its inputs."""

Substitute = Callable[[Layer, tuple[Shape, ...]], list[PlacedLayer]]
"""Takes a layer and the shapes of its inputs, and returns the layers that replace it."""

WidthTrial = Mapping[int, PlacedLayer]
"""One width changed alone: for each node that this changes, its layer and what it reads."""


def remove_layer(layer: Layer, inputs: tuple[Shape, ...]) -> list[PlacedLayer]:
    """Put nothing in a layer's place."""
    return []


def repeat_layer(layer: Layer, inputs: tuple[Shape, ...], times: int) -> list[PlacedLayer]:
    """Put a layer as many times in its own place: what further copies of its block cost, each of
    which reads such inputs."""
    return [(layer, inputs)] * times


def remove_unchanged(
    old: Layer, read: tuple[Shape, ...], layer: Layer, inputs: tuple[Shape, ...]
) -> list[PlacedLayer]:
    """Put nothing in a layer's place, if it still is the old one that reads the old shapes.

    Raises:
        CnncostError: its width, or the one that it reads, is another.
    """
    if layer != old or inputs != read:
        raise CnncostError("the width beside it is another")
    return []


def is_removal(substitute: Substitute) -> bool:
    """Whether a substitute puts nothing in a layer's place."""
    return getattr(substitute, "func", substitute) in (remove_layer, remove_unchanged)


def remove_nodes(network: Network, removed: frozenset[int]) -> Network | None:
    """Remove nodes from a network: what read them reads their one source. None where they have
    several sources, or the source another shape."""
    inside = [network.nodes[index] for index in sorted(removed)]
    sources = {read for node in inside for read in node.reads if read not in removed}
    if len(sources) != 1 or removed & set(network.outputs):
        return None
    (source,) = sources
    kept = [node for node in network.nodes if node.index not in removed]
    place = {node.index: at for at, node in enumerate(kept)} | dict.fromkeys(removed, -1)
    shape = network.nodes[source].output
    nodes: list[Input | Node] = []
    for at, node in enumerate(kept):
        if isinstance(node, Input):
            nodes.append(node if node.index == at else replace(node, index=at))
            continue
        reads = tuple([source if read in removed else read for read in node.reads])
        if any(r in removed and network.nodes[r].output != shape for r in node.reads):
            return None
        if node.shares is not None and node.shares in removed:
            return None
        nodes.append(replace(node, index=at, reads=tuple([place[read] for read in reads])))
    outputs = tuple([place[o] for o in network.outputs])
    return replace(network, nodes=tuple(nodes), outputs=outputs, program=None)


def changed_layers(base: Network, other: Network) -> dict[int, PlacedLayer]:
    """Return the nodes that differ between two networks of equally many nodes, by index."""
    return {
        one.index: (layer_of(two), two.inputs)
        for one, two in zip(base.nodes, other.nodes, strict=True)
        if two.layer is not None and (one.inputs != two.inputs or one.layer != two.layer)
    }


def layer_of(node: Input | Node) -> Layer:
    """The layer of a node that is no input."""
    assert node.layer is not None  # inputs have no costs and are left out
    return node.layer


class CountedLayer(NamedTuple):
    """A layer over some inputs, counted."""

    costs: Costs
    counted: bool
    output: Shape


@lru_cache(maxsize=1 << 15)
def count_placed(
    layer: Layer, xs: tuple[Shape, ...], shares: bool, timer: LayerTimer | None = None
) -> CountedLayer | None:
    """Count one layer, which may share another's numbers, and time it if there is a timer; None
    where it cannot take its inputs, or where trials made together leave no channel: their
    differences add up, though a factor and a width that it multiplies do not.

    The same layer over the same inputs is counted once (cached).
    """
    if any(x.channels < 1 for x in xs):
        return None
    try:
        y = layer.infer_shape(xs)
    except CnncostError:
        return None
    if y.channels < 1:
        return None
    one = Node(1, "", layer, (0,), xs, y, Place(0, 0), shares=0 if shares else None)
    row = count_layer(one, Convention())
    own = row._replace(units=row.units if row.counted else 0)._asdict()
    times = [] if timer is None else [timer.time_layer(row)]
    return CountedLayer((*(own[metric] for metric in BUDGETS), *times), row.counted, y)


def count_layers(
    layers: Sequence[PlacedLayer], *, shares: bool, timer: LayerTimer | None = None
) -> Costs:
    """Count the layers that stand in a node's place, which may share another's numbers, added up;
    their time is the last if there is a timer.

    Raises:
        CnncostError: a layer cannot take its input.
    """
    found = [count_placed(layer, xs, shares, timer) for layer, xs in layers]
    known = [one.costs for one in found if one is not None]
    if len(known) < len(found):
        raise CnncostError("no network")
    if len(known) == 1:
        return known[0]
    none = (0,) * (len(BUDGETS) + (timer is not None))
    return tuple(map(sum, zip(none, *known, strict=True)))


class PricedLayers:
    """The terms of each layer of a network, by the index of its node."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.roles = find_roles(network)
        self.nodes = {node.index: node for node in network.layers}
        self._terms = {index: self._own_terms(self.nodes[index]) for index in self.roles}
        self._read = input_terms([one.output for one in network.inputs])
        self._total = add_terms([self._read, *self._terms.values()])
        self.potential = potential_of(self._total)

    def damage_of(
        self,
        changed: Mapping[int, Sequence[PlacedLayer]],
        outputs: Sequence[Shape] | None = None,
        moved: LayerTerms = NO_TERMS,
    ) -> Potential:
        """Return the damage, part by part, of other layers in the places of some nodes.

        `outputs` has the shape that each node puts out then, where extents change; `moved` what
        `add_moved` has added up of other nodes.
        """
        old = [self._terms[index] for index in changed if index in self._terms]
        new: list[LayerTerms] = []
        for index, layers in changed.items():
            role = self._role_of(index, outputs)
            new += (
                [placed_terms(*layers[0], role)]
                if len(layers) == 1
                else sequence_terms(layers, role)
            )
        if outputs is not None:
            old.append(self._read)
            new.append(input_terms([outputs[one.index] for one in self.network.inputs]))
        return self._difference(potential_of(add_terms([self._total, moved, *new], less=old)))

    @property
    def heads(self) -> list[Node]:
        """The nodes of which it matters what map they look at."""
        return [self.nodes[index] for index, role in self.roles.items() if role.map_extent]

    def add_moved(self, terms: LayerTerms, index: int, outputs: Sequence[Shape]) -> LayerTerms:
        """Add the terms of a node as it is over the inputs that others put out, less its own; a
        head has none here."""
        node, role = self.nodes[index], self.roles.get(index, NO_ROLE)
        inputs = tuple([outputs[read] for read in node.reads])
        if inputs == node.inputs or role.map_extent:
            return terms
        new = placed_terms(node.layer, inputs, role)
        old = self._terms.get(index, NO_TERMS)
        return terms if new is old is NO_TERMS else add_terms([terms, new], less=[old])

    def _role_of(self, index: int, outputs: Sequence[Shape] | None) -> Role:
        role = self.roles.get(index, NO_ROLE)
        if outputs is None or not role.map_extent:
            return role
        source = self.network.nodes[index].reads[0]
        nodes, axes = self.network.nodes, role.axes
        return role._replace(map_extent=find_map_extent(nodes, outputs, source, axes))

    def damage_to(self, network: Network) -> Potential:
        """Return the damage, part by part, of another network in this one's place."""
        return self._difference(potential_of(network_terms(network)))

    def _difference(self, after: Potential) -> Potential:
        return Potential(*(b - a for a, b in zip(self.potential, after, strict=True)))

    def _own_terms(self, node: Node) -> LayerTerms:
        return layer_terms(node.layer, node.inputs[0], node.output, self.roles[node.index])


def sequence_terms(layers: Sequence[PlacedLayer], role: Role) -> Iterator[LayerTerms]:
    """Yield the terms of layers in a row that stand in the place of one layer, whose role this is.

    The first reads what that one read; each but the last is followed by the next one of the row.
    """
    used, follower, extent = role.positions_used, role.follower, role.map_extent
    found: list[tuple[PlacedLayer, Role]] = []
    for position, (layer, xs) in reversed(list(enumerate(layers))):
        reads = extent if position == 0 else 0.0
        found.append(((layer, xs), Role(follower, used, reads, role.axes)))
        if layer.word in ACTIVATIONS:
            follower = Follower.NON_LINEARITY
        elif layer.word in WEIGHTED:
            follower = Follower.LINEAR
            used = used or max(getattr(layer, "kernel", (1,))) > 1
    for (layer, xs), own in found:
        yield placed_terms(layer, xs, own)


@lru_cache(maxsize=1 << 15)
def placed_terms(layer: Layer, xs: tuple[Shape, ...], role: Role) -> LayerTerms:
    """Return the terms of one layer over some inputs, computed once (cached)."""
    return layer_terms(layer, xs[0], layer.infer_shape(xs), role)


def change_layers(network: Network, changed: WidthTrial) -> Network:
    """Return a network with other layers and inputs of some nodes; the others are as they were."""
    nodes: list[Input | Node] = []
    for node in network.nodes:
        placed = changed.get(node.index)
        nodes.append(node if placed is None or node.layer is None else place_layer(node, *placed))
    return replace(network, nodes=tuple(nodes), program=None)


def place_layer(node: Node, layer: Layer, xs: tuple[Shape, ...]) -> Node:
    """Return a node with another layer, or the same over other inputs."""
    return replace(node, layer=layer, inputs=xs, output=layer.infer_shape(xs))


def is_starved(node: Node, inputs: tuple[Shape, ...]) -> bool:
    """Whether a kernel gets a map smaller than itself that was not smaller before."""
    kernel: tuple[int, ...] = getattr(node.layer, "kernel", ())
    sizes = zip(kernel, node.inputs[0].extents, inputs[0].extents, strict=False)
    return any(new < k <= old for k, old, new in sizes)


def skips_more(node: Node, layers: Sequence[PlacedLayer]) -> bool:
    """Whether layers in a node's place read fewer positions of their maps than it does of its
    own: a window of 4 by a stride of 4 reads 16 of 49."""
    skipped = count_skipped_positions(node.layer, node.inputs[0])
    return any(
        layer != node.layer and count_skipped_positions(layer, xs[0]) > skipped
        for layer, xs in layers
    )
