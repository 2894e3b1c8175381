"""The padded copy of its input that a layer reads if PyTorch's operation cannot pad by itself."""

from __future__ import annotations

from math import prod
from operator import gt
from typing import TYPE_CHECKING, TypeGuard

from cnncost.network import Node

if TYPE_CHECKING:
    from cnncost.layers.sliding_window import Pairs, Windowed
    from cnncost.shape import Window

CONVOLUTIONS, POOLS = ("conv", "depthwise_conv"), ("maxpool", "avgpool")


def padded_copy(node: Node, batch: int, size: int) -> int:
    """Count the bytes of the padded copy for the batch; 0 if the operation pads by itself.

    The backward pass keeps the copy in place of the input (measured on M5, whose last pool is
    padded at its end).
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
    """Count the bytes of the gradient of a padded copy.

    The backward pass cuts the input's gradient out of it, once it is done with the copy and
    with its output's gradient (measured). 0 if there is no copy, None for layer types that
    never have one.
    """
    return padded_copy(node, batch, size) if _may_be_padded(node) else None


def _may_be_padded(node: Node) -> TypeGuard[Node[Windowed]]:
    return node.layer.word in (*CONVOLUTIONS, *POOLS)


def find_padding(node: Node[Windowed]) -> tuple[Pairs, bool]:
    """Find how much PyTorch pads before and after each axis, and whether its operation does so.

    An operation can pad by itself if both ends are alike, a pool at most half of its kernel, a
    mean over a volume only if no window is larger than the volume.
    """
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
    """Cut off the padding of an axis that no window of its `y` outputs reads.

    Padding that is added by hand is input to PyTorch: with `ceil` another window would start
    in it.
    """
    seen = (y - 1) * window.stride + window.reach - n - window.before
    return window.before, max(0, min(window.after, seen))
