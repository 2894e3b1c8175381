"""What the layers of a spec add to its error potential, and what they would with others put in
their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnncost.accuracy.layer_terms import LayerTerms, add_terms, input_terms, is_grouped, layer_terms
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
from cnncost.network import Network, Node
from cnncost.shape import Shape
from cnncost.suggest.text.edit import PlacedLayer


class PricedLayers:
    """The terms of each layer of a network, by the index of its node."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.roles = find_roles(network)
        self.nodes = {node.index: node for node in network.layers}
        self._terms = {index: self._own_terms(self.nodes[index]) for index in self.roles}
        self._read = input_terms([one.output for one in network.inputs])
        self._total = add_terms([self._read, *self._terms.values()])
        self._grouped = [index for index in self.roles if is_grouped(self.nodes[index].layer)]
        self.potential = potential_of(self._total)

    def damage_of(
        self,
        changed: Mapping[int, Sequence[PlacedLayer]],
        outputs: Sequence[Shape] | None = None,
    ) -> Potential:
        """Return the damage, part by part, of other layers in the places of some nodes.

        `outputs` has the shape that each node puts out then, where extents change.
        """
        old = [self._terms[index] for index in changed if index in self._terms]
        new = [
            terms
            for index, layers in changed.items()
            for terms in sequence_terms(layers, self._role_of(index, outputs))
        ]
        if outputs is not None:
            old.append(self._read)
            new.append(input_terms([outputs[one.index] for one in self.network.inputs]))
        for index in self._grouped:
            if index not in changed and (terms := self._terms_beside(index, changed)):
                old.append(self._terms[index])
                new.append(terms)
        return self._difference(potential_of(add_terms([self._total, *new], less=old)))

    def _terms_beside(
        self, index: int, changed: Mapping[int, Sequence[PlacedLayer]]
    ) -> LayerTerms | None:
        """Return the terms of a layer with groups where other layers beside it mix its channels,
        or no longer do; None where that is as it was."""
        role, node = self.roles[index], self.nodes[index]
        sides = [list(self._kernels_beside(index, changed, behind=behind)) for behind in (0, 1)]
        mixed = any(kernels and max(kernels) == 1 for kernels in sides)
        if mixed == role.mixed:
            return None
        return layer_terms(node.layer, node.inputs[0], node.output, role._replace(mixed=mixed))

    def _kernels_beside(
        self, index: int, changed: Mapping[int, Sequence[PlacedLayer]], *, behind: int
    ) -> Iterator[int]:
        """Yield the longest side of the kernel of each next layer with weights on one side."""
        due, seen = [index], {index}
        while due:
            at = due.pop()
            beside = self.network.readers[at] if behind else self.network.nodes[at].reads
            for one in beside:
                node = self.network.nodes[one]
                if one in seen or node.layer is None:
                    continue
                seen.add(one)
                placed = [layer for layer, _ in changed[one]] if one in changed else [node.layer]
                layers = [layer for layer in placed if layer.word in WEIGHTED]
                if layers:
                    yield max(getattr(layers[0 if behind else -1], "kernel", (1,)))
                else:
                    due.append(one)

    def _role_of(self, index: int, outputs: Sequence[Shape] | None) -> Role:
        role = self.roles.get(index, NO_ROLE)
        if outputs is None or not role.map_extent:
            return role
        source = self.network.nodes[index].reads[0]
        return role._replace(map_extent=find_map_extent(self.network.nodes, outputs, source))

    def damage_to(self, network: Network) -> Potential:
        """Return the damage, part by part, of another network in this one's place."""
        return self._difference(potential_of(network_terms(network)))

    def _difference(self, after: Potential) -> Potential:
        return Potential(*(b - a for a, b in zip(self.potential, after, strict=True)))

    def _own_terms(self, node: Node) -> LayerTerms:
        return layer_terms(node.layer, node.inputs[0], node.output, self.roles[node.index])


def sequence_terms(layers: Sequence[PlacedLayer], role: Role) -> Iterator[LayerTerms]:
    """Yield the terms of layers that stand one behind the other in the place of one of this role.

    What follows each but the last stands in the sequence; the first reads what the one read.
    """
    used, follower, extent = role.positions_used, role.follower, role.map_extent
    found: list[tuple[PlacedLayer, Role]] = []
    for position, (layer, xs) in reversed(list(enumerate(layers))):
        reads = extent if position == 0 else 0.0
        found.append(((layer, xs), Role(follower, used, reads, role.mixed)))
        if layer.word in ACTIVATIONS:
            follower = Follower.NON_LINEARITY
        elif layer.word in WEIGHTED:
            follower = Follower.LINEAR
            used = used or max(getattr(layer, "kernel", (1,))) > 1
    for (layer, xs), own in found:
        yield layer_terms(layer, xs[0], layer.infer_shape(xs), own)
