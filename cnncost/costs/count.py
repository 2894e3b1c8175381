"""The counts of each layer and of the whole network, under a stated convention."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncost.network import Network, Node

if TYPE_CHECKING:
    from cnncost.costs.footprint import Footprints


class Convention(NamedTuple):
    """What a connection is. The default is the textbook's: one use of a weight, those that
    read zero padding among them, biases not."""

    biases: bool = False
    """The uses of biases are connections too (LeCun et al. 1998)."""
    exclude_padding: bool = False
    """Uses of a weight on a convolution's own zero padding are none."""


class LayerCount(NamedTuple):
    """One layer's exact counts, for one example.

    Shared parameters count where they stand first: a layer that shares another's has
    no weights, biases or parameters of its own here, but all its connections.
    """

    node: Node
    word: str
    """The layer's type."""
    counted: bool
    """Whether its units are among the total's: it has weights."""
    units: int
    weights: int
    biases: int
    parameters: int
    connections: int
    known: bool = True
    """False for an opaque layer: what is not given of its costs stands here as 0, and is not."""
    trained: int = 0
    """Of its parameters those that are trained."""

    @property
    def name(self) -> str:
        return self.node.name


class Totals(NamedTuple):
    """The network's sums; units are the counted layers'."""

    units: int
    weights: int
    biases: int
    parameters: int
    trainable_parameters: int
    connections: int


class Report(NamedTuple):
    """What a network costs, layer by layer in the order of the spec."""

    network: Network
    convention: Convention
    layers: tuple[LayerCount, ...]
    totals: Totals
    footprints: Footprints | None = None
    """Memory and training costs, where they were asked for."""

    @property
    def unknown_layers(self) -> tuple[str, ...]:
        """The names of the layers whose costs are unknown."""
        return tuple([layer.name for layer in self.layers if not layer.known])

    @property
    def complete(self) -> bool:
        """Whether all costs are known; the totals are lower bounds otherwise."""
        return all(row.known for row in self.layers)


def count_network(network: Network, convention: Convention | None = None) -> Report:
    """Count every layer of a network."""
    convention = convention or Convention()
    layers = tuple([count_layer(node, convention) for node in network.layers])
    counted = [row for row in layers if row.counted]
    totals = Totals(
        units=sum(row.units for row in counted),
        weights=sum(row.weights for row in counted),
        biases=sum(row.biases for row in counted),
        parameters=sum(row.parameters for row in layers),
        trainable_parameters=sum(row.trained for row in layers),
        connections=sum(row.connections for row in counted),
    )
    return Report(network, convention, layers, totals)


def count_layer(node: Node, convention: Convention) -> LayerCount:
    """Count one layer of a network."""
    layer, y = node.layer, node.output
    x, connections = node.inputs[0], 0
    if layer.counted:
        used = layer.inside_connections if convention.exclude_padding else layer.connections
        connections = used(x, y)
        if convention.biases:
            connections += layer.bias_connections(x, y)
    known = layer.known and (layer.bias_uses_known or not convention.biases)
    if not layer.learns or node.shares is not None:
        return LayerCount(node, layer.word, layer.counted, y.units, 0, 0, 0, connections, known)
    return LayerCount(
        node,
        layer.word,
        layer.counted,
        y.units,
        layer.weights(x),
        layer.biases(x),
        layer.parameters(x),
        connections,
        known,
        0 if node.frozen else layer.trainable_parameters(x),
    )
