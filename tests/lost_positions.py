"""Which edits leave positions of a map out or starve a kernel, by walking every window."""

from __future__ import annotations

from typing import Any

import cnncost

Node = Any  # a node of a network, whose layer may have any fields


def padding_before(layer: Any, axis: int, n: int, reach: int) -> int:
    if layer.padding == "same":
        short = (-(-n // layer.stride[axis]) - 1) * layer.stride[axis] + reach - n
        return int(max(short, 0) // 2)
    return int(layer.padding[axis][0])


def read_to(node: Node, axis: int) -> int:
    """The last position along an axis that a window reads, counted from 1."""
    layer, n = node.layer, node.inputs[0].extents[axis]
    dilation = (getattr(layer, "dilation", None) or (1,) * 3)[axis]
    taps = range(layer.kernel[axis])
    before = padding_before(layer, axis, n, 1 + dilation * (len(taps) - 1))
    starts = [i * layer.stride[axis] - before for i in range(node.output.extents[axis])]
    # A window reads at least up to its last tap, if that is on the map.
    read = [start + tap * dilation for start in starts for tap in taps]
    return max((position + 1 for position in read if position < n), default=0)


def left_out(node: Node) -> int:
    """How many positions lie beyond what the windows of a node read."""
    if not hasattr(node.layer, "kernel") or node.layer.word == "conv_transpose":
        return 0
    x, read = node.inputs[0], 1
    for axis in range(len(x.extents)):
        read *= read_to(node, axis)
    return int(x.positions) - read


def is_starved(old: Node, new: Node) -> bool:
    kernel = getattr(old.layer, "kernel", ())
    for axis, taps in enumerate(kernel):
        before, after = (node.inputs[0].extents[axis] for node in (old, new))
        if before >= taps > after:
            return True
    return False


def loses_positions(before: cnncost.Spec, after: cnncost.Spec) -> bool:
    """Whether a layer that changed, or a new one, reads less of its map than was read there, or a
    kernel no longer fits its map. At most one layer is new, a pool."""
    olds, news = list(before.network.layers), list(after.network.layers)
    if len(news) > len(olds):
        words = [node.layer.word for node in olds]
        at = next(
            at
            for at, node in enumerate(news)
            if node.layer.word == "maxpool" and words[at : at + 1] != ["maxpool"]
        )
        if left_out(news.pop(at)):
            return True
    for old, new in zip(olds, news, strict=True):
        if is_starved(old, new):
            return True
        if new.layer != old.layer and left_out(new) > left_out(old):
            return True
    return False


def starves(before: cnncost.Spec, after: cnncost.Spec) -> bool:
    """Whether a kernel that fitted its map no longer does, in a network of the same layers."""
    olds, news = before.network.layers, after.network.layers
    if len(olds) != len(news):
        return False
    return any(is_starved(old, new) for old, new in zip(olds, news, strict=True))
