"""Embeddings: a table of learned vectors, of which each index takes one."""

from __future__ import annotations

from cnncost.errors import Refused
from cnncost.layers.base import Layer, layer
from cnncost.layers.kinds import whole_field
from cnncost.shape import Shape


@layer("embedding", main="dim")
class Embedding(Layer):
    """A learned vector for each word of a vocabulary (Bengio et al. 2003). Its input is a vector of
    indices, one per position of the output; a lookup multiplies nothing."""

    counted = True
    dim: int = whole_field("channels of each vector")
    vocabulary: int = whole_field("how many vectors there are")

    def check_input(self, x: Shape) -> None:
        if not x.is_vector:
            raise Refused(
                f"embedding takes a vector of indices, but its input is the map {x}",
                f"flatten makes {x.units} indices of it; input: [128] is a text of 128",
            )

    def output_shape(self, x: Shape) -> Shape:
        return Shape(self.dim, (x.channels,))

    def weights(self, x: Shape) -> int:
        return self.vocabulary * self.dim

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"weight": (self.vocabulary, self.dim)}
