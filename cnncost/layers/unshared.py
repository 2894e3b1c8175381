"""Windows whose weights no two positions share."""

from __future__ import annotations

from math import prod

from cnncost.layers.base import layer, must_split
from cnncost.layers.kinds import GroupsKind, field_of_kind, flag_field, per_axis_field, whole_field
from cnncost.layers.list_fields import Padding
from cnncost.layers.sliding_window import Pairs, Windowed
from cnncost.shape import Shape, Window
from cnncost.term import exact_quotient, name_extents


@layer("locally_connected", main="filters")
class LocallyConnected(Windowed):
    """A convolution without sharing: every unit has a window of weights, and a bias, of its own
    (LeCun 1989; Taigman et al. 2014)."""

    counted = True
    filters: int = whole_field("output channels")
    kernel: tuple[int, ...] = per_axis_field("extents of the window")
    stride: tuple[int, ...] = per_axis_field("step of the window", 1)
    padding: Pairs | str = field_of_kind(Padding("zeros around the map", 0))
    dilation: tuple[int, ...] = per_axis_field("step between the window's taps", 1)
    groups: int = field_of_kind(GroupsKind("channels and filters split into this many", 1))
    bias: bool = flag_field("one added number a unit", usually=True)

    def check_input(self, x: Shape) -> None:
        super().check_input(x)
        must_split(f"input {x}", x.channels, "channels", self.groups)
        must_split("locally_connected", self.filters, "filters", self.groups)

    def output_shape(self, x: Shape) -> Shape:
        return Shape(self.filters, self.slide_windows(x))

    def weights(self, x: Shape) -> int:
        # A whole window for each unit; at the edges some of it lies on padding.
        return self.window_weights(x) * name_extents(self.output_shape(x)).units

    def window_weights(self, x: Shape) -> int:
        """Count the weights of one unit."""
        return prod(self.kernel) * exact_quotient(x.channels, self.groups)

    def biases(self, x: Shape) -> int:
        return name_extents(self.output_shape(x)).units if self.bias else 0

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        # PyTorch has no such layer: for each unit its window.
        y = self.output_shape(x)
        weight = (*y.dims, x.channels // self.groups, *self.kernel)
        return {"weight": weight, **({"bias": y.dims} if self.bias else {})}

    def connections(self, x: Shape, y: Shape) -> int:
        # Nothing is shared: a weight is a connection.
        return self.weights(x)

    def inside_connections(self, x: Shape, y: Shape) -> int:
        # As a convolution's: the pairs of output and tap that touch the input.
        touching = map(Window.count_touching_pairs, self.resolve_windows(x), x.extents, y.extents)
        seen = exact_quotient(x.channels, self.groups)
        return seen * self.filters * prod(touching)

    def bias_connections(self, x: Shape, y: Shape) -> int:
        return self.biases(x)
