"""Operations that cannot be expressed: a shape, and costs that are given or that nobody knows."""

from __future__ import annotations

from cnncost.layers.base import Layer, layer
from cnncost.layers.kinds import Cost, Given, Named, field_of_kind
from cnncost.layers.list_fields import Dims
from cnncost.shape import Shape


@layer("opaque")
class Opaque(Layer):
    """An operation that the language has no word for; its costs are unknown, never zero.

    Imports write it; by hand it means just that. It may read several layers:
    `{opaque: {output: [64, 7, 7], op: Einsum}, from: [a, b]}`. With weights, biases and
    connections given it is known: `opaque: {op: LSTM, output: [64], weights: 33024, biases: 512,
    connections: 2129920}`. Fewer of them are part of a lower bound.
    """

    output: tuple[int, ...] = field_of_kind(Dims("its output's shape, channels first", free=False))
    op: str = field_of_kind(Named("what the operation is called where it came from", "unknown"))
    # The costs are spec's keys and formulas at once: a given number is called like one.
    weights: Given = field_of_kind(Cost("numbers that inputs are multiplied by"))  # type: ignore[assignment]
    biases: Given = field_of_kind(Cost("numbers that are added"))  # type: ignore[assignment]
    extras: Given = field_of_kind(Cost("learned numbers that are neither", 0))  # type: ignore[assignment]
    connections: Given = field_of_kind(Cost("uses of a weight, for one example"))  # type: ignore[assignment]
    bias_connections: Given = field_of_kind(Cost("uses of a bias, for one example"))  # type: ignore[assignment]
    trained: Given = field_of_kind(
        Cost("how many of its learned numbers are trained: all, unless given")
    )

    @property
    def counted(self) -> bool:  # type: ignore[override]  # of each layer, not of the type
        # The table shows it, and its units are in the total, unless it is known to weigh nothing.
        return not self.known or max(self.weights, self.biases, self.connections) > 0

    @property
    def known(self) -> bool:  # type: ignore[override]  # of each layer, not of the type
        return min(self.weights, self.biases, self.connections) >= 0

    @property
    def bias_uses_known(self) -> bool:  # type: ignore[override]  # as above
        return self.biases == 0 or self.bias_connections >= 0

    def infer_shape(self, xs: tuple[Shape, ...]) -> Shape:
        channels, *extents = self.output
        return Shape(channels, tuple(extents))

    def trainable_parameters(self, x: Shape) -> int:
        return self.parameters(x) if self.trained < 0 else self.trained()

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        counts = {"weight": self.weights(), "bias": self.biases(), "extra": self.extras()}
        return {name: (count,) for name, count in counts.items() if count}
