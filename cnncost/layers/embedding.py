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


@layer("position_embedding", main="length")
class PositionEmbedding(Layer):
    """A learned vector for each position, added to what stands there (Gehring et al. 2017)."""

    maps_only = True
    length: int = whole_field("positions of the table; 0: as many as the input has", 0, minimum=0)

    def check_input(self, x: Shape) -> None:
        if self.length and self.length < x.positions:
            raise Refused(
                f"position_embedding has {self.length} positions, but its input {x} "
                f"has {x.positions}",
                "the table must have a vector for each position",
            )

    def rows(self, x: Shape) -> int:
        """Return how many vectors the table has."""
        return self.length or x.positions

    def extras(self, x: Shape) -> int:
        return self.rows(x) * x.channels

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"weight": (self.rows(x), x.channels)}
