"""The totals of one network over inputs of many extents, each distinct layer counted once."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.costs.count import Convention, Totals, count_layer
from cnncost.layers.kinds import ExtentsOf
from cnncost.network import Network, Node, infer_output
from cnncost.shape import Shape


class CountedShape(NamedTuple):
    """What a layer makes of some inputs, and what that costs."""

    output: Shape
    units: int
    weights: int
    biases: int
    parameters: int
    trained: int
    connections: int


class ShapeReplay:
    """A network whose input's extents change, and nothing else: layers stay, shapes follow.

    Layers with equal arguments over equal shapes cost alike, so each is counted once, by the
    same functions as those of a whole network.
    """

    def __init__(self, network: Network, convention: Convention) -> None:
        self.network, self.convention = network, convention
        self.unknown = tuple(node.name for node in network.layers if not node.layer.known)
        groups: dict[tuple[object, ...], int] = {}
        self.groups = [
            -1 if node.layer is None else groups.setdefault((node.layer, node.frozen), len(groups))
            for node in network.nodes
        ]
        """For each node the number that nodes of equal layers have; -1 for inputs."""
        self.found: dict[tuple[int, tuple[Shape, ...]], CountedShape] = {}

    @property
    def follows_extents(self) -> bool:
        """Whether extents alone change: no layer takes a number from another one's extents, or
        another one's parameters, whose shapes might come to differ; and there is one input."""
        return len(self.network.inputs) == 1 and not any(
            node.shares is not None
            or any(
                isinstance(kind, ExtentsOf) and getattr(node.layer, name)
                for name, kind in node.layer.kinds.items()
            )
            for node in self.network.layers
        )

    def count_totals(self, extents: tuple[int, ...]) -> Totals:
        """Count the network over an input of these extents, of as many axes as it has.

        Raises:
            Refused: a layer cannot take its input.
        """
        shapes: list[Shape] = []
        units = weights = biases = parameters = trained = connections = 0
        for node, group in zip(self.network.nodes, self.groups, strict=True):
            if node.layer is None:
                shapes.append(Shape(node.output.channels, extents))
                continue
            inputs = tuple([shapes[i] for i in node.reads])
            one = self.found.get((group, inputs)) or self._count_node(node, group, inputs)
            shapes.append(one.output)
            units += one.units
            weights += one.weights
            biases += one.biases
            parameters += one.parameters
            trained += one.trained
            connections += one.connections
        return Totals(units, weights, biases, parameters, trained, connections)

    def _count_node(self, node: Node, group: int, inputs: tuple[Shape, ...]) -> CountedShape:
        output = infer_output(node.layer, inputs)
        over = Node(
            node.index, node.name, node.layer, node.reads, inputs, output, node.place, node.frozen
        )
        row = count_layer(over, self.convention)
        counts = (row.units, row.weights, row.biases) if row.counted else (0, 0, 0)
        connections = row.connections if row.counted else 0
        found = CountedShape(output, *counts, row.parameters, row.trained, connections)
        self.found[group, inputs] = found
        return found
