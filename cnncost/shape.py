"""The shape of one activation, and the arithmetic of a window that slides over it."""

from __future__ import annotations

from math import prod
from typing import NamedTuple


class Shape(NamedTuple):
    """Channels and spatial extents of one activation, without the batch.

    A map has one to three extents (`96x55x55`: 96 channels, height 55, width
    55); a vector has none: N channels and no positions.
    """

    channels: int
    extents: tuple[int, ...] = ()

    @property
    def positions(self) -> int:
        """How many places of the map each channel has; 1 for a vector."""
        return prod(self.extents)

    @property
    def units(self) -> int:
        """Channels x positions."""
        return self.channels * self.positions

    @property
    def is_vector(self) -> bool:
        return not self.extents

    @property
    def dims(self) -> tuple[int, ...]:
        """Channels first, then the extents."""
        return (self.channels, *self.extents)

    @property
    def words(self) -> str:
        """`3 channels of 227x227`; a vector, whose channels have no positions: `784 units`."""
        if self.is_vector:
            return f"{int(self.channels)} unit{'' if self.channels == 1 else 's'}"
        extents = "x".join(str(int(n)) for n in self.extents)
        return f"{int(self.channels)} channel{'' if self.channels == 1 else 's'} of {extents}"

    def __str__(self) -> str:
        return "x".join(str(int(n)) for n in self.dims)


AXES = {0: (), 1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""The names of the spatial axes by their number."""


class Window(NamedTuple):
    """A sliding window along one axis (Dumoulin & Visin 2016, sec. 2 and 4).

    `before` and `after` are the zeros padded at either end.
    """

    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1

    @property
    def reach(self) -> int:
        """Positions from the first tap to the last, both included."""
        if self.dilation == 1:
            return self.kernel
        return self.dilation * (self.kernel - 1) + 1

    def count_outputs(self, n: int) -> int:
        """Count the outputs over `n` inputs: the starts that are a stride apart and fit."""
        return (n + self.before + self.after - self.reach) // self.stride + 1

    def count_outputs_ceil(self, n: int) -> int:
        """Count the outputs with a last window that may hang over the end (PyTorch's ceil_mode):
        but none starts beyond the input and its left padding."""
        hanging = -(-(n + self.before + self.after - self.reach) // self.stride) + 1
        starting = -(-(n + self.before) // self.stride)
        return min(hanging, starting)

    def count_transposed_outputs(self, n: int, extra: int = 0) -> int:
        """Count the outputs of a transposed window: each input paints `reach` outputs, a stride
        apart, and padding crops; `extra` is the output padding."""
        return (n - 1) * self.stride + self.reach - self.before - self.after + extra

    def count_touching_pairs(self, n: int, y: int) -> int:
        """Count the (output, tap) pairs of `y` outputs that fall on the `n` real inputs.

        Output o and tap k read input o*stride + k*dilation - before. Pairs left of
        the input and pairs right of it are counted and taken off. The same number
        answers for a transposed window with the roles of inputs and outputs swapped.
        """
        kernel, stride, before, dilation = (
            int(self.kernel),
            int(self.stride),
            int(self.before),
            int(self.dilation),
        )
        left = _pairs_below(before, int(y), stride, kernel, dilation)
        # Mirrored: the last output's last tap counts as 0 and the right edge is below.
        last = (int(y) - 1) * stride + (kernel - 1) * dilation - before
        right = _pairs_below(last - int(n) + 1, int(y), stride, kernel, dilation)
        return y * self.kernel - left - right


def same_padding(n: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Return TensorFlow's `same`: the zeros before and after that give ceil(n / stride) outputs,
    the odd one after."""
    reach = Window(kernel, stride, dilation=dilation).reach
    total = max((-(-n // stride) - 1) * stride + reach - n, 0)
    return total // 2, total - total // 2


def same_cropping(kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Return `same` for a transposed window: what is cropped so that n inputs give n * stride
    outputs; a kernel narrower than its stride adds outputs at the end instead."""
    surplus = Window(kernel, stride, dilation=dilation).reach - stride
    before = max(surplus, 0) // 2
    return before, surplus - before


def _pairs_below(bound: int, outputs: int, stride: int, taps: int, dilation: int) -> int:
    """Count the pairs (o, k), 0 <= o < outputs and 0 <= k < taps, with o*stride + k*dilation <
    bound."""
    if bound <= 0:
        return 0
    # Tap k leaves ceil((bound - k*dilation) / stride) outputs, at most all of them.
    taps = min(taps, -(-bound // dilation))
    full = min(taps, max(0, (bound - 1 - (outputs - 1) * stride) // dilation + 1))
    rest = taps - full
    if not rest:
        return full * outputs
    # Summed from the last tap backwards: ceil(v / s) = floor((v + s - 1) / s).
    low = bound - (taps - 1) * dilation
    return full * outputs + _floor_sum(rest, stride, dilation, low + stride - 1)


def _floor_sum(terms: int, divisor: int, step: int, start: int) -> int:
    """Compute the sum of floor((start + i*step) / divisor) for i = 0 .. terms - 1, in O(log) steps:
    lattice points under a line (Graham, Knuth & Patashnik 1994, sec. 3.5)."""
    total = 0
    while terms:
        total += (terms * (terms - 1) // 2) * (step // divisor) + terms * (start // divisor)
        step, start = step % divisor, start % divisor
        top = step * terms + start
        # What is left is below `divisor` a term: count by columns, the axes swapped.
        terms, start = divmod(top, divisor)
        divisor, step = step, divisor
    return total
