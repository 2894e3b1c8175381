"""Dense layers: every unit sees every input, at once or along the channels."""

from __future__ import annotations

from cnncost.layers.base import Layer, layer
from cnncost.layers.kinds import flag_field, whole_field
from cnncost.shape import Shape


@layer("dense", main="units")
class Dense(Layer):
    """Fully connected to every unit of its input, whatever its shape: the textbook's layer."""

    counted = True
    by_rows = True
    units: int = whole_field("output units")
    bias: bool = flag_field("one added number a unit", usually=True)

    def output_shape(self, x: Shape) -> Shape:
        return Shape(self.units)

    def weights(self, x: Shape) -> int:
        return x.positions * x.channels * self.units

    def biases(self, x: Shape) -> int:
        return self.units if self.bias else 0

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"weight": (self.units, x.units), **({"bias": (self.units,)} if self.bias else {})}

    def connections(self, x: Shape, y: Shape) -> int:
        # Nothing is shared: a weight is a connection.
        return self.weights(x)

    def bias_connections(self, x: Shape, y: Shape) -> int:
        return self.biases(x)


@layer("linear", main="features")
class Linear(Layer):
    """A dense layer along the channels, the same at every position."""

    counted = True
    by_rows = True
    features: int = whole_field("output channels")
    bias: bool = flag_field("one added number a feature", usually=True)

    def output_shape(self, x: Shape) -> Shape:
        return Shape(self.features, x.extents)

    def weights(self, x: Shape) -> int:
        return x.channels * self.features

    def biases(self, x: Shape) -> int:
        return self.features if self.bias else 0

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        bias = {"bias": (self.features,)} if self.bias else {}
        return {"weight": (self.features, x.channels), **bias}

    def connections(self, x: Shape, y: Shape) -> int:
        # A weight works once per position.
        return self.weights(x) * y.positions

    def bias_connections(self, x: Shape, y: Shape) -> int:
        return y.units if self.bias else 0
