"""Convolutions: windows of weights that every position shares (LeCun et al. 1998, sec. II)."""

from __future__ import annotations

from math import prod

from cnncost.errors import Refused
from cnncost.layers.base import layer, must_split
from cnncost.layers.kinds import GroupsKind, field_of_kind, flag_field, per_axis_field, whole_field
from cnncost.layers.list_fields import Connects, Padding
from cnncost.layers.sliding_window import Pairs, Windowed
from cnncost.shape import Shape, Window, same_cropping
from cnncost.term import exact_quotient


class Convolving(Windowed):
    """What all convolutions have in common: each weight is used once per position."""

    counted = True
    bias: bool
    dilation: tuple[int, ...]

    def output_channels(self, x: Shape) -> int:
        """Return the number of output channels."""
        raise NotImplementedError

    def biases(self, x: Shape) -> int:
        return self.output_channels(x) if self.bias else 0

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        bias = {"bias": (self.output_channels(x),)} if self.bias else {}
        return {"weight": self.weight_shape(x), **bias}

    def weight_shape(self, x: Shape) -> tuple[int, ...]:
        """Return the shape of the weight tensor in PyTorch's layout."""
        raise NotImplementedError

    def connections(self, x: Shape, y: Shape) -> int:
        # A weight works once per output position.
        return self.weights(x) * y.positions

    def inside_connections(self, x: Shape, y: Shape) -> int:
        # A window's taps hang over the edge along each axis apart: the pairs of output
        # and tap that touch the input, instead of kernel x output.
        touching = map(Window.count_touching_pairs, self.resolve_windows(x), x.extents, y.extents)
        return exact_quotient(self.weights(x), prod(self.kernel)) * prod(touching)

    def bias_connections(self, x: Shape, y: Shape) -> int:
        return y.units if self.bias else 0


@layer("conv", main="filters")
class Conv(Convolving):
    """A convolution: every filter sees a window of all channels of its group.

    Krizhevsky et al. 2012, sec. 3.5: AlexNet's two towers are two groups.
    """

    by_rows = True
    filters: int = whole_field("output channels")
    kernel: tuple[int, ...] = per_axis_field("extents of the window")
    stride: tuple[int, ...] = per_axis_field("step of the window", 1)
    padding: Pairs | str = field_of_kind(Padding("zeros around the map", 0))
    dilation: tuple[int, ...] = per_axis_field("step between the window's taps", 1)
    groups: int = field_of_kind(GroupsKind("channels and filters split into this many", 1))
    bias: bool = flag_field("one added number a filter", usually=True)
    connects: tuple[tuple[int, ...], ...] | None = field_of_kind(
        Connects("the input maps that each filter sees (LeNet-5's C3)", ())
    )

    def check_input(self, x: Shape) -> None:
        super().check_input(x)
        must_split(f"input {x}", x.channels, "channels", self.groups)
        must_split("conv", self.filters, "filters", self.groups)
        if self.connects and len(self.connects) != self.filters:
            raise Refused(
                f"connects lists {len(self.connects)} filters, but conv has {self.filters}",
                "give one list of input maps a filter",
            )
        if self.connects and self.groups > 1:
            raise Refused("connects and groups both say which maps a filter sees", "drop one")

    def output_channels(self, x: Shape) -> int:
        return self.filters

    def output_shape(self, x: Shape) -> Shape:
        return Shape(self.output_channels(x), self.slide_windows(x))

    def weights(self, x: Shape) -> int:
        if self.connects:
            # A filter has one window for each map that it sees.
            return prod(self.kernel) * sum(len(maps) for maps in self.connects)
        return prod(self.kernel) * exact_quotient(x.channels, self.groups) * self.filters

    def weight_shape(self, x: Shape) -> tuple[int, ...]:
        if self.connects:
            # PyTorch has no such layer: the windows one after another.
            return (sum(map(len, self.connects)), *self.kernel)
        return (self.filters, x.channels // self.groups, *self.kernel)


@layer("depthwise_conv", main="kernel")
class DepthwiseConv(Convolving):
    """One window, or `multiplier` of them, for each channel alone (Howard et al. 2017)."""

    by_rows = True
    kernel: tuple[int, ...] = per_axis_field("extents of the window")
    multiplier: int = whole_field("filters a channel", 1)
    stride: tuple[int, ...] = per_axis_field("step of the window", 1)
    padding: Pairs | str = field_of_kind(Padding("zeros around the map", 0))
    dilation: tuple[int, ...] = per_axis_field("step between the window's taps", 1)
    bias: bool = flag_field("one added number a filter", usually=True)

    def output_channels(self, x: Shape) -> int:
        return x.channels * self.multiplier

    def output_shape(self, x: Shape) -> Shape:
        return Shape(self.output_channels(x), self.slide_windows(x))

    def weights(self, x: Shape) -> int:
        return prod(self.kernel) * self.output_channels(x)

    def weight_shape(self, x: Shape) -> tuple[int, ...]:
        return (self.output_channels(x), 1, *self.kernel)


@layer("conv_transpose", main="filters")
class ConvTranspose(Convolving):
    """Each input unit paints a window of the output (Dumoulin & Visin 2016, sec. 4)."""

    filters: int = whole_field("output channels")
    kernel: tuple[int, ...] = per_axis_field("extents of the window")
    stride: tuple[int, ...] = per_axis_field("step between painted windows", 1)
    padding: Pairs | str = field_of_kind(Padding("outputs cropped at each edge", 0))
    output_padding: tuple[int, ...] = per_axis_field("outputs added at the end", 0, minimum=0)
    dilation: tuple[int, ...] = per_axis_field("step between the window's taps", 1)
    groups: int = field_of_kind(GroupsKind("channels and filters split into this many", 1))
    bias: bool = flag_field("one added number a filter", usually=True)

    def resolve_windows(self, x: Shape) -> tuple[Window, ...]:
        if isinstance(self.padding, str):
            padding = tuple(map(same_cropping, self.kernel, self.stride, self.dilation))
        else:
            padding = self.padding
        return tuple(
            Window(kernel, stride, before, after, spread)
            for kernel, stride, (before, after), spread in zip(
                self.kernel, self.stride, padding, self.dilation, strict=True
            )
        )

    def check_input(self, x: Shape) -> None:
        must_split(f"input {x}", x.channels, "channels", self.groups)
        must_split("conv_transpose", self.filters, "filters", self.groups)
        for extra, stride, dilation in zip(
            self.output_padding, self.stride, self.dilation, strict=True
        ):
            if extra >= max(stride, dilation):
                raise Refused(
                    f"output_padding {extra} reaches the stride {stride} and dilation {dilation}",
                    "it must be smaller than one of them: it picks one of the output sizes "
                    "that a stride folds together",
                )
        y = self.output_shape(x)
        if min(y.extents) < 1:
            raise Refused(f"padding crops all of the output: {y}", "less padding")

    def output_channels(self, x: Shape) -> int:
        return self.filters

    def output_shape(self, x: Shape) -> Shape:
        if isinstance(self.padding, str):
            # `same`: the inverse of the strided convolution's ceil(n / stride).
            extents = tuple(n * s for n, s in zip(x.extents, self.stride, strict=True))
        else:
            extents = tuple(
                map(
                    Window.count_transposed_outputs,
                    self.resolve_windows(x),
                    x.extents,
                    self.output_padding,
                )
            )
        return Shape(self.output_channels(x), extents)

    def weights(self, x: Shape) -> int:
        return prod(self.kernel) * x.channels * exact_quotient(self.filters, self.groups)

    def weight_shape(self, x: Shape) -> tuple[int, ...]:
        return (x.channels, self.filters // self.groups, *self.kernel)

    def connections(self, x: Shape, y: Shape) -> int:
        # A weight works once per *input* position.
        return self.weights(x) * x.positions

    def inside_connections(self, x: Shape, y: Shape) -> int:
        # The pairs of input and tap that land on the output, not on what padding crops.
        landing = map(Window.count_touching_pairs, self.resolve_windows(x), y.extents, x.extents)
        return exact_quotient(self.weights(x), prod(self.kernel)) * prod(landing)
