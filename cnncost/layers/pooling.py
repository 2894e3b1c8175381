"""Pooling: a window of each channel becomes one number."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncost.errors import Refused
from cnncost.layers.base import Layer, layer
from cnncost.layers.kinds import STAND_IN, field_of_kind, flag_field, per_axis_field
from cnncost.layers.list_fields import Padding
from cnncost.layers.sliding_window import Pairs, Windowed
from cnncost.shape import AXES, Shape, Window

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw


class Pooling(Windowed):
    """A window of one channel becomes one unit; no weights."""

    ceil: bool

    def fits_axis(self, window: Window, n: int) -> bool:
        # A window larger than the padded input hangs over the end, if it may start at all.
        return super().fits_axis(window, n) or (self.ceil and window.count_outputs_ceil(n) >= 1)

    def output_shape(self, x: Shape) -> Shape:
        if self.ceil:  # after `same` no window hangs over: the same ceil(n / stride)
            extents = map(Window.count_outputs_ceil, self.resolve_windows(x), x.extents)
            return Shape(x.channels, tuple(extents))
        return Shape(x.channels, self.slide_windows(x))


SAME_AS_KERNEL: Raw = "kernel"
"""The default of a pooling stride: windows that neither overlap nor leave gaps."""


@layer("maxpool", main="kernel")
class MaxPool(Pooling):
    """The largest of each window (Krizhevsky et al. 2012, sec. 3.4)."""

    kernel: tuple[int, ...] = per_axis_field("extents of the window")
    stride: tuple[int, ...] = per_axis_field("step of the window", SAME_AS_KERNEL)
    padding: Pairs | str = field_of_kind(Padding("positions around the map that never win", 0))
    ceil: bool = flag_field("a last window may hang over the end (PyTorch's rule)", usually=False)
    dilation: tuple[int, ...] = per_axis_field("step between the window's taps", 1)
    stands_for: str = field_of_kind(STAND_IN)


@layer("avgpool", main="kernel")
class AvgPool(Pooling):
    """The mean of each window (LeCun et al. 1998, sec. II-B, without the coefficient)."""

    kernel: tuple[int, ...] = per_axis_field("extents of the window")
    stride: tuple[int, ...] = per_axis_field("step of the window", SAME_AS_KERNEL)
    padding: Pairs | str = field_of_kind(Padding("zeros around the map", 0))
    ceil: bool = flag_field("a last window may hang over the end (PyTorch's rule)", usually=False)

    def check_input(self, x: Shape) -> None:
        super().check_input(x)
        if not self._must_lie_inside or self.padding == "same":
            return
        for axis, n, window in zip(
            AXES[len(x.extents)], x.extents, self.resolve_windows(x), strict=True
        ):
            if window.before == window.after and window.reach > n:
                raise Refused(
                    f"the window reaches over {window.reach} positions, but the {axis} of its "
                    f"input {x} has {n}; its padding does not count here",
                    "with ceil, PyTorch's avg_pool3d takes no window larger than its input",
                )

    def fits_axis(self, window: Window, n: int) -> bool:
        return (
            Windowed.fits_axis(self, window, n)
            if self._must_lie_inside
            else super().fits_axis(window, n)
        )

    @property
    def _must_lie_inside(self) -> bool:
        """Whether PyTorch refuses windows larger than the input (avg_pool3d with ceil_mode)."""
        return self.ceil and len(self.kernel) == 3


class GlobalPooling(Layer):
    """The whole map is one window; a 1x1 map is kept (Lin et al. 2014, sec. 3.2)."""

    maps_only = True

    def output_shape(self, x: Shape) -> Shape:
        return Shape(x.channels, (1,) * len(x.extents))


@layer("global_avgpool")
class GlobalAvgPool(GlobalPooling):
    """The mean of each channel's whole map."""


@layer("global_maxpool")
class GlobalMaxPool(GlobalPooling):
    """The largest of each channel's whole map."""


class AdaptivePooling(Layer):
    """As many windows as the output has positions, of nearly equal extents."""

    maps_only = True
    size: tuple[int, ...]

    def output_shape(self, x: Shape) -> Shape:
        return Shape(x.channels, self.size)


@layer("adaptive_avgpool", main="size")
class AdaptiveAvgPool(AdaptivePooling):
    """The mean of each window, the windows spread evenly (PyTorch's rule)."""

    size: tuple[int, ...] = per_axis_field("extents of the output")


@layer("adaptive_maxpool", main="size")
class AdaptiveMaxPool(AdaptivePooling):
    """The largest of each window, the windows spread evenly (PyTorch's rule)."""

    size: tuple[int, ...] = per_axis_field("extents of the output")


@layer("subsample", main="kernel")
class Subsample(Windowed):
    """LeNet-5's trainable pooling: the sum of a window, times the map's coefficient, plus
    its bias (LeCun et al. 1998, sec. II-B)."""

    counted = True
    padding = ()
    kernel: tuple[int, ...] = per_axis_field("extents of the window, and its step")

    def resolve_windows(self, x: Shape) -> tuple[Window, ...]:
        return tuple(Window(kernel, stride=kernel) for kernel in self.kernel)

    def output_shape(self, x: Shape) -> Shape:
        return Shape(x.channels, self.slide_windows(x))

    def weights(self, x: Shape) -> int:
        return x.channels

    def biases(self, x: Shape) -> int:
        return x.channels

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"weight": (x.channels,), "bias": (x.channels,)}

    def connections(self, x: Shape, y: Shape) -> int:
        # Every input of a window is connected to its unit by the map's one coefficient.
        return prod(self.kernel) * y.units

    def bias_connections(self, x: Shape, y: Shape) -> int:
        return y.units
