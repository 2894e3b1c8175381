"""What convolutions and pooling share: a window along each axis, which must fit."""

from __future__ import annotations

from cnncost.errors import Refused
from cnncost.layers.base import Layer
from cnncost.shape import AXES, Shape, Window, same_padding

Pairs = tuple[tuple[int, int], ...]
"""Padding as it is stored: one pair (before, after) per axis."""


class Windowed(Layer):
    """A layer that slides a window over a map."""

    maps_only = True
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Pairs | str
    dilation: tuple[int, ...] | None = None

    def resolve_windows(self, x: Shape) -> tuple[Window, ...]:
        """Return one window per axis of `x`, with `same` and `valid` padding turned to numbers."""
        dilation = self.dilation or (1,) * len(self.kernel)
        if isinstance(self.padding, str):
            padding = tuple(map(same_padding, x.extents, self.kernel, self.stride, dilation))
        else:
            padding = self.padding
        return tuple(
            Window(kernel, stride, before, after, spread)
            for kernel, stride, (before, after), spread in zip(
                self.kernel, self.stride, padding, dilation, strict=True
            )
        )

    def check_input(self, x: Shape) -> None:
        for axis, n, window in zip(
            AXES[len(x.extents)], x.extents, self.resolve_windows(x), strict=True
        ):
            if not self.fits_axis(window, n):
                padded = window.before + window.after
                raise Refused(
                    f"the window reaches over {window.reach} positions, but the {axis} "
                    f"of its input {x} has {n}{f' + {padded} padded' if padded else ''}",
                    "a smaller kernel or dilation, more padding, or fewer strides above",
                )

    def fits_axis(self, window: Window, n: int) -> bool:
        """Whether the window has a place on an axis of `n` positions."""
        return window.reach <= n + window.before + window.after

    def slide_windows(self, x: Shape) -> tuple[int, ...]:
        """Return the output's extents: how many positions the window has along each axis."""
        if self.padding == "same":
            # ceil(n / stride): the padding was chosen to give just that.
            return tuple(-(-n // s) for n, s in zip(x.extents, self.stride, strict=True))
        return tuple(
            w.count_outputs(n) for n, w in zip(x.extents, self.resolve_windows(x), strict=True)
        )
