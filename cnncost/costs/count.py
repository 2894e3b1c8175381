"""The counts of each layer and of the whole network, under a stated convention."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncost.network import Network, Node

if TYPE_CHECKING:
    from cnncost.costs.duration import NetworkTime
    from cnncost.costs.footprint import Footprints
    from cnncost.costs.roof import Roof


class Convention(NamedTuple):
    """Which uses count as connections. By default every use of a weight does, on zero padding
    too, and no use of a bias (the textbook's convention)."""

    biases: bool = False
    """Count the uses of biases as well (LeCun et al. 1998)."""
    exclude_padding: bool = False
    """Leave out the uses of a weight on a convolution's own zero padding."""


class LayerCount(NamedTuple):
    """One layer's exact counts, for one example.

    Shared parameters count once, at the layer that owns them: a layer that uses another's
    has zero weights, biases and parameters here, but all of its connections.
    """

    node: Node
    word: str
    """The layer's type."""
    counted: bool
    """Whether the layer has weights, so that its units are part of the total."""
    units: int
    weights: int
    biases: int
    parameters: int
    connections: int
    known: bool
    """False for an opaque layer: its costs that the spec does not give stand here as 0."""
    trained: int = 0
    """How many of its parameters are trained."""

    @property
    def name(self) -> str:
        return self.node.name


class Totals(NamedTuple):
    """The sums over all layers; `units` adds up the layers that have weights."""

    units: int
    weights: int
    biases: int
    parameters: int
    trainable_parameters: int
    connections: int


class Report(NamedTuple):
    """The counts of a network: one row per layer, in the order of the spec, and the totals."""

    network: Network
    convention: Convention
    layers: tuple[LayerCount, ...]
    totals: Totals
    footprints: Footprints | None = None
    """Memory and training costs, where they were asked for."""
    time: NetworkTime | None = None
    """The time on a device, where it was asked for."""
    roof: Roof | None = None
    """The roofline on a device, where it was asked for."""

    @property
    def unknown_layers(self) -> tuple[str, ...]:
        """The names of the layers whose costs are unknown."""
        return tuple([layer.name for layer in self.layers if not layer.known])

    @property
    def complete(self) -> bool:
        """Whether all costs are known. If not, the totals are lower bounds."""
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
