"""The padded copy that a layer works on where PyTorch's operation cannot pad its input itself."""

from __future__ import annotations

from math import prod
from operator import gt
from typing import TYPE_CHECKING, TypeGuard

from cnncost.network import Node

if TYPE_CHECKING:
    from cnncost.layers.windowed import Pairs, Windowed
    from cnncost.shape import Window

CONVOLUTIONS, POOLS = ("conv", "depthwise_conv"), ("maxpool", "avgpool")


def padded_copy(node: Node, batch: int, size: int) -> int:
    """Bytes of the copy; none where the operation pads its input itself.

    The copy stands in the input's place: the backward pass keeps it instead (measured on M5,
    whose last pool is padded at its end).
    """
    if not _may_be_padded(node):
        return 0
    ends, itself = find_padding(node)
    if itself:
        return 0
    x = node.inputs[0]
    extents = (n + before + after for n, (before, after) in zip(x.extents, ends, strict=True))
    return size * batch * x.channels * prod(extents)


def padded_gradient(node: Node, batch: int, size: int) -> int | None:
    """Bytes of the gradient of a padded copy, of which the backward pass cuts the input's
    gradient out once it is done with the copy and with its output's gradient (measured); zero
    without a copy, None for types that have none whatever they are padded by."""
    return padded_copy(node, batch, size) if _may_be_padded(node) else None


def _may_be_padded(node: Node) -> TypeGuard[Node[Windowed]]:
    return node.layer.word in (*CONVOLUTIONS, *POOLS)


def find_padding(node: Node[Windowed]) -> tuple[Pairs, bool]:
    """What is padded before and after each axis in PyTorch, and whether its operation does that
    itself: both ends alike, by a pool at most half of its kernel, and by a mean over a volume
    no window larger than the volume."""
    layer = node.layer
    windows = layer.resolve_windows(node.inputs[0])
    ends = tuple((window.before, window.after) for window in windows)
    if _pads_itself(node, ends):
        return ends, True
    if getattr(layer, "ceil", False):
        extents = zip(windows, node.inputs[0].extents, node.output.extents, strict=True)
        ends = tuple(_trim_padding(window, n, y) for window, n, y in extents)
    return ends, _pads_itself(node, ends)


def _pads_itself(node: Node[Windowed], ends: Pairs) -> bool:
    if any(before != after for before, after in ends):
        return False
    kernel, extents = node.layer.kernel, node.inputs[0].extents
    if node.layer.word == "avgpool" and len(kernel) == 3 and any(map(gt, kernel, extents)):
        return False  # avg_pool3d refuses a window larger than its input, whatever it pads
    wide = any(2 * before > k for (before, _), k in zip(ends, kernel, strict=True))
    return not (wide and node.layer.word in POOLS)


def _trim_padding(window: Window, n: int, y: int) -> tuple[int, int]:
    """The padding of an axis, less what only a window beyond the `y` outputs would see: padded
    by hand the end is input to PyTorch, and with `ceil` a window more would start there."""
    seen = (y - 1) * window.stride + window.reach - n - window.before
    return window.before, max(0, min(window.after, seen))
