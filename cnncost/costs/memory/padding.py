"""The padded copy that a layer works on where PyTorch's operation cannot pad its input itself."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, cast

from cnncost.network import Node

if TYPE_CHECKING:
    from cnncost.layers.windowed import Windowed

CONVOLUTIONS, POOLS = ("conv", "depthwise_conv"), ("maxpool", "avgpool")


def padded_copy(node: Node, batch: int, size: int) -> int:
    """Bytes of the copy; none where both ends of each axis are padded alike.

    A pool pads at most half of its kernel by itself. The copy stands in the input's place: the
    backward pass keeps it instead (measured on M5, whose last pool is padded at its end).
    """
    if node.layer is None or node.layer.word not in (*CONVOLUTIONS, *POOLS):
        return 0
    x = node.inputs[0]
    windows = cast("Windowed", node.layer).windows(x)
    uneven = any(window.before != window.after for window in windows)
    kernel = cast("tuple[int, ...]", vars(node.layer)["kernel"])
    wide = any(2 * w.before > k for w, k in zip(windows, kernel, strict=True))
    if not uneven and not (wide and node.layer.word in POOLS):
        return 0
    extents = (n + w.before + w.after for n, w in zip(x.extents, windows, strict=True))
    return size * batch * x.channels * prod(extents)
