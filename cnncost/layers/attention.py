"""Attention: every position looks at every other (Vaswani et al. 2017, sec. 3.2)."""

from __future__ import annotations

from cnncost.layers.base import Layer, layer, must_split
from cnncost.layers.kinds import Width, field_of_kind, whole_field
from cnncost.shape import Shape


@layer("attention", main="heads")
class Attention(Layer):
    """Multi-head self-attention over the positions of a map, with biases.

    Queries, keys and values of `dim` channels, split among the heads; their two products
    have no weights, but are multiply-accumulates all the same and count as connections.
    """

    counted = True
    maps_only = True
    heads: int = whole_field("heads that `dim` splits into")
    dim: int = field_of_kind(Width("channels of queries, keys and values each"))

    def check_input(self, x: Shape) -> None:
        must_split("attention", self.dim, "channels (dim)", self.heads, "heads")

    def weights(self, x: Shape) -> int:
        # Queries, keys and values are read off the input; the output projection goes back.
        return 3 * x.channels * self.dim + self.dim * x.channels

    def biases(self, x: Shape) -> int:
        return 3 * self.dim + x.channels

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {
            "in_proj_weight": (3 * self.dim, x.channels),
            "in_proj_bias": (3 * self.dim,),
            "out_proj.weight": (x.channels, self.dim),
            "out_proj.bias": (x.channels,),
        }

    def connections(self, x: Shape, y: Shape) -> int:
        # A weight works once per position; queries x keys, and their products x values, meet
        # every pair of positions, over all heads `dim` times each.
        return self.weights(x) * x.positions + 2 * x.positions * x.positions * self.dim

    def bias_connections(self, x: Shape, y: Shape) -> int:
        return self.biases(x) * x.positions
