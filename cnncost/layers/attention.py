"""Attention: every position looks at every other (Vaswani et al. 2017, sec. 3.2)."""

from __future__ import annotations

from cnncost.layers.base import Layer, layer, must_split
from cnncost.layers.kinds import Width, field_of_kind, flag_field, whole_field
from cnncost.shape import Shape
from cnncost.term import exact_quotient


@layer("attention", main="heads")
class Attention(Layer):
    """Multi-head self-attention over the positions of a map.

    Queries, keys and values of `dim` channels, split among the heads; their two products
    have no weights, but are multiply-accumulates all the same and count as connections. With
    `kv_heads` several heads have their keys and values in common (Ainslie et al. 2023).
    """

    counted = True
    maps_only = True
    heads: int = whole_field("heads that `dim` splits into")
    dim: int = field_of_kind(Width("channels of queries, keys and values each"))
    kv_heads: int = whole_field("heads of keys and values, each read by as many heads", "heads")
    bias: bool = flag_field("one added number per channel of each projection", usually=True)

    def check_input(self, x: Shape) -> None:
        must_split("attention", self.dim, "channels (dim)", self.heads, "heads")
        must_split("attention", self.heads, "heads", self.kv_heads, "heads of keys and values")

    @property
    def kv_dim(self) -> int:
        """Channels of the keys, and of the values."""
        if self.kv_heads == self.heads:
            return self.dim
        return exact_quotient(self.dim * self.kv_heads, self.heads)

    def weights(self, x: Shape) -> int:
        # Queries, keys and values are read off the input; the output projection goes back.
        inner = 3 * x.channels * self.dim
        if self.kv_heads != self.heads:
            inner = x.channels * self.dim + 2 * x.channels * self.kv_dim
        return inner + self.dim * x.channels

    @property
    def inner_dim(self) -> int:
        """Channels of queries, keys and values together."""
        return 3 * self.dim if self.kv_heads == self.heads else self.dim + 2 * self.kv_dim

    def biases(self, x: Shape) -> int:
        return self.inner_dim + x.channels if self.bias else 0

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        shapes = {
            "in_proj_weight": (self.inner_dim, x.channels),
            "in_proj_bias": (self.inner_dim,),
            "out_proj.weight": (x.channels, self.dim),
            "out_proj.bias": (x.channels,),
        }
        return {key: shape for key, shape in shapes.items() if self.bias or "weight" in key}

    def connections(self, x: Shape, y: Shape) -> int:
        # A weight works once per position; queries x keys, and their products x values, meet
        # every pair of positions, over all heads `dim` times each.
        return self.weights(x) * x.positions + 2 * x.positions * x.positions * self.dim

    def bias_connections(self, x: Shape, y: Shape) -> int:
        return self.biases(x) * x.positions
