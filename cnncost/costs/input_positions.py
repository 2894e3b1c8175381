"""For each layer type, the positions of its input that one position of its output reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.layers import FAMILIES
from cnncost.shape import Shape, Window

if TYPE_CHECKING:
    from cnncost.layers import Layer
    from cnncost.layers.convolution import ConvTranspose
    from cnncost.layers.reshaping import Crop, Pad, Permute, PixelShuffle, SpaceToDepth, Upsample
    from cnncost.layers.sliding_window import Windowed
    from cnncost.network import Node

Taps = Sequence[int]
"""The positions that one output position reads, ascending."""


class AxisReading(NamedTuple):
    """Which positions along one input axis each position along one output axis reads.

    The pattern repeats: an output position that is `period` further reads positions that are
    `shift` further.
    """

    source: int
    """The input's axis, from 0."""
    taps: Callable[[int], Taps]
    period: int = 1
    shift: int = 1


def read_same_position(q: int) -> Taps:
    """Return the one position that a position reads: the same."""
    return range(q, q + 1)


Rule = Callable[[Any, Shape, Shape], tuple[AxisReading, ...] | None]
"""From a layer (Any: each rule names its layer type) and the shapes of its input and output to
one reading per axis of the output; None if nobody knows.

Every output position reads all of an input axis that no reading names.
"""


def _keep_positions(layer: Layer, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    """Each position reads the same position: activations, joins, layers that mix channels only.

    As is usual, a norm's statistics are left out: they are constants once it is trained, or
    hardly depend on one position.
    """
    return tuple(AxisReading(axis, read_same_position) for axis in range(len(y.extents)))


def _read_everything(layer: Layer, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    return ()


def _read_index(layer: Layer, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    """Read the unit of a vector, which has no positions: that counts as all of it."""
    return ()


def _read_unknown(layer: Layer, x: Shape, y: Shape) -> None:
    return None


def _read_windows(layer: Windowed, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    return tuple(
        _window_reading(axis, window) for axis, window in enumerate(layer.resolve_windows(x))
    )


def _window_reading(axis: int, window: Window) -> AxisReading:
    def taps(q: int) -> Taps:
        start = q * window.stride - window.before
        return range(start, start + window.reach, window.dilation)

    return AxisReading(axis, taps, 1, window.stride)


def _read_transposed_windows(layer: ConvTranspose, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    return tuple(
        _transposed_reading(axis, window) for axis, window in enumerate(layer.resolve_windows(x))
    )


def _transposed_reading(axis: int, window: Window) -> AxisReading:
    """Input p paints the outputs p*stride + k*dilation - before, k over the kernel."""
    common = gcd(window.stride, window.dilation)
    again = window.stride // common
    """How many taps further the same residue returns."""

    def taps(q: int) -> Taps:
        for k in range(min(window.kernel, again)):
            p, rest = divmod(q + window.before - k * window.dilation, window.stride)
            if not rest:
                times = (window.kernel - 1 - k) // again
                step = window.dilation // common
                return range(p - times * step, p + 1, step)
        return ()  # a kernel smaller than its stride leaves gaps

    return AxisReading(axis, taps, window.stride, 1)


def _read_pixel_shuffle(layer: PixelShuffle, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    return tuple(_nearest_reading(axis, 1, factor) for axis, factor in enumerate(layer.factor))


def _read_space_to_depth(layer: SpaceToDepth, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    return tuple(_window_reading(axis, Window(f, stride=f)) for axis, f in enumerate(layer.factor))


def _read_upsample(layer: Upsample, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    between = _bilinear_reading if layer.mode == "bilinear" else _nearest_reading
    return tuple(
        between(axis, n, m) for axis, (n, m) in enumerate(zip(x.extents, y.extents, strict=True))
    )


def _nearest_reading(axis: int, n: int, m: int) -> AxisReading:
    """Each of m output positions reads the one of n input positions that it lies on."""
    common = gcd(n, m)

    def taps(q: int) -> Taps:
        return range(q * n // m, q * n // m + 1)

    return AxisReading(axis, taps, m // common, n // common)


def _bilinear_reading(axis: int, n: int, m: int) -> AxisReading:
    """Each of m output positions reads the two of n input positions that its centre lies
    between, or the one that it lies on (PyTorch's align_corners=False)."""
    common = gcd(n, m)

    def taps(q: int) -> Taps:
        # The centre (q + 1/2) n/m - 1/2, over the common denominator 2m.
        first, rest = divmod((2 * q + 1) * n - m, 2 * m)
        return range(first, first + (2 if rest else 1))

    return AxisReading(axis, taps, m // common, n // common)


def _read_adaptive_windows(layer: Layer, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    return tuple(
        _adaptive_reading(axis, n, m)
        for axis, (n, m) in enumerate(zip(x.extents, y.extents, strict=True))
    )


def _adaptive_reading(axis: int, n: int, m: int) -> AxisReading:
    """Output position q of m reads the input positions from floor(q n / m) up to, but without,
    ceil((q + 1) n / m) of n."""
    common = gcd(n, m)

    def taps(q: int) -> Taps:
        return range(q * n // m, -(-(q + 1) * n // m))

    return AxisReading(axis, taps, m // common, n // common)


def _read_pad(layer: Pad, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    return tuple(
        _window_reading(axis, Window(1, 1, pair[0])) for axis, pair in enumerate(layer.amount)
    )


def _read_crop(layer: Crop, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    return tuple(
        _window_reading(axis, Window(1, 1, -pair[0])) for axis, pair in enumerate(layer.amount)
    )


def _read_permute(layer: Permute, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    # Axis 1 is the channels', which hold no positions: -1, the axis of no track. An axis that
    # becomes the channels is read whole.
    return tuple(AxisReading(axis - 2, read_same_position) for axis in layer.axes[1:])


def _read_reshape(layer: Layer, x: Shape, y: Shape) -> tuple[AxisReading, ...]:
    # Positions stay where only channels are regrouped; else their order means nothing.
    return _keep_positions(layer, x, y) if x == y else ()


_ALIKE: dict[Rule, tuple[str, ...]] = {
    _keep_positions: (
        *FAMILIES["normalisation"],
        *FAMILIES["activation"],
        *FAMILIES["regularisation"],
        *FAMILIES["scaling"],
        *FAMILIES["joins"],
        *("linear", "position_embedding", "slice", "channel_shuffle", "identity"),
    ),
    _read_windows: (
        *("conv", "depthwise_conv", "locally_connected"),
        *("maxpool", "avgpool", "subsample"),
    ),
    _read_transposed_windows: ("conv_transpose",),
    _read_everything: (
        *("dense", "global_avgpool", "global_maxpool", "flatten", "attention"),
        *FAMILIES["recurrent"],
    ),
    _read_index: ("embedding",),
    _read_adaptive_windows: ("adaptive_avgpool", "adaptive_maxpool"),
    _read_reshape: ("reshape",),
    _read_permute: ("permute",),
    _read_pad: ("pad",),
    _read_crop: ("crop",),
    _read_pixel_shuffle: ("pixel_shuffle",),
    _read_space_to_depth: ("space_to_depth",),
    _read_upsample: ("upsample",),
    _read_unknown: ("opaque",),
}

READINGS: dict[str, Rule] = {word: rule for rule, words in _ALIKE.items() for word in words}
"""The rule of each layer type."""


def find_readings(node: Node, at: int) -> tuple[AxisReading, ...] | None:
    """Find which positions of its input `at` (from 0) a node's positions read."""
    if node.layer.word == "matmul" and at == 0:
        return ()  # a position of the product is a sum over all positions of the first factor
    return READINGS[node.layer.word](node.layer, node.inputs[at], node.output)
