"""Operations that cannot be expressed: a shape, and costs that nobody knows."""

from __future__ import annotations

from cnncost.layers.base import Layer, layer
from cnncost.layers.kinds import Named, of
from cnncost.layers.listed import Dims
from cnncost.shape import Shape


@layer("opaque")
class Opaque(Layer):
    """An operation that the language has no word for; its costs are unknown, never zero.

    Imports write it; by hand it means just that. It may read several layers:
    `{opaque: {output: [64, 7, 7], op: Einsum}, from: [a, b]}`.
    """

    known = False
    counted = True  # the table shows it, so its units are in the total
    output: tuple[int, ...] = of(Dims("its output's shape, channels first", free=False))  # type: ignore[assignment]  # the spec's key; only infer would call the method
    op: str = of(Named("what the operation is called where it came from", "unknown"))

    def infer(self, xs: tuple[Shape, ...]) -> Shape:
        channels, *extents = self.output
        return Shape(channels, tuple(extents))
