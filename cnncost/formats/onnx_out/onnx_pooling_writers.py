"""Write pools, and layers that move or resize a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writer, Writers
from cnncost.network import Node
from cnncost.shape import Window

if TYPE_CHECKING:
    from cnncost.layers import pooling, reshaping

LOWEST = -3.0e38
"""A number that is never the largest of a window: near the lowest of 32 bits."""


def _pool_writer(op: str) -> Writer:
    def write_pool(emitter: Emitter, node: Node[pooling.Pooling], x: list[str]) -> str:
        kernel, stride = node.layer.kernel, node.layer.stride
        x, sides, extents = _split_padding(emitter, node, x, op)
        given: dict[str, Any] = {}  # Any: attributes
        if op == "MaxPool":
            given["dilations"] = node.layer.dilation
        else:
            given["count_include_pad"] = 1
        windows = node.layer.resolve_windows(node.inputs[0])
        needs = [
            (m - 1) * w.stride + w.reach for m, w in zip(node.output.extents, windows, strict=True)
        ]
        held = [n + a + b for n, (a, b) in zip(extents, sides, strict=True)]
        if any(n > m for n, m in zip(needs, held, strict=True)):
            given["ceil_mode"] = 1
        pads = [a for a, _ in sides] + [b for _, b in sides]
        return emitter.add_step(op, x, kernel_shape=kernel, strides=stride, pads=pads, **given)

    return write_pool


def _split_padding(
    emitter: Emitter, node: Node[pooling.Pooling], x: list[str], op: str
) -> tuple[list[str], list[tuple[int, int]], list[int]]:
    """Return what the pool reads, its own padding, and the extents.

    A pool's padding must be shorter than its window and cannot be negative; any other padding
    becomes a step before the pool.
    """
    windows = node.layer.resolve_windows(node.inputs[0])
    extents = list(node.inputs[0].extents)
    shapes = zip(windows, extents, node.output.extents, strict=True)
    ceil = node.layer.ceil
    sides = [(w.before, _trailing_padding(w, n, m) if ceil else w.after) for w, n, m in shapes]
    if all(max(p) < w.kernel and min(p) >= 0 for p, w in zip(sides, windows, strict=True)):
        return x, sides, extents
    whole = [0, 0, *(a for a, _ in sides), 0, 0, *(b for _, b in sides)]
    fill = [emitter.add_number(LOWEST)] if op == "MaxPool" else []
    made = emitter.add_step("Pad", [*x, emitter.add_integers(whole), *fill])
    return [made], [(0, 0)] * len(sides), [n + sum(p) for n, p in zip(extents, sides, strict=True)]


def _trailing_padding(window: Window, extent: int, made: int) -> int:
    """Return the padding at the end of a pool with ceil, cut off where the last window ends.

    PyTorch starts no window in the padding; ONNX's rule of that opset does.
    """
    hanging = -(-(extent + window.before + window.after - window.reach) // window.stride) + 1
    if hanging <= made:
        return window.after
    return (made - 1) * window.stride + window.reach - extent - window.before


def _global_writer(op: str) -> Writer:
    return lambda emitter, node, x: emitter.add_step(op, x)


def _adaptive_writer(op: str) -> Writer:
    """Make a writer: equal windows become a pool; others are cut out one by one, axis by axis."""

    def write_adaptive_pool(emitter: Emitter, node: Node, x: list[str]) -> str:
        extents, size = node.inputs[0].extents, node.output.extents
        if all(n % m == 0 for n, m in zip(extents, size, strict=True)):
            kernel = [n // m for n, m in zip(extents, size, strict=True)]
            return emitter.add_step(op, x, kernel_shape=kernel, strides=kernel)
        (made,) = x
        for axis, (n, m) in enumerate(zip(extents, size, strict=True)):
            parts = [
                _write_window(emitter, made, op, axis + 2, (i * n // m, -(-(i + 1) * n // m)))
                for i in range(m)
            ]
            made = emitter.add_step("Concat", parts, axis=axis + 2) if m > 1 else parts[0]
        return made

    return write_adaptive_pool


def _write_window(emitter: Emitter, x: str, op: str, axis: int, span: tuple[int, int]) -> str:
    at = [emitter.add_integers([n]) for n in (*span, axis)]
    part = emitter.add_step("Slice", [x, *at])
    reduced = "ReduceMax" if op == "MaxPool" else "ReduceMean"
    return emitter.add_step(reduced, [part], axes=[axis], keepdims=1)


def _write_subsample(emitter: Emitter, node: Node[pooling.Subsample], x: list[str]) -> str:
    """The mean times a coefficient, and a bias: the window's sum with another coefficient."""
    kernel = node.layer.kernel
    mean = emitter.add_step("AveragePool", x, kernel_shape=kernel, strides=kernel)
    scaled = emitter.add_step("Mul", [mean, emitter.add_channel_parameter(node, "weight", 1.0)])
    return emitter.add_step("Add", [scaled, emitter.add_channel_parameter(node, "bias", 0.0)])


POOLS: Writers = {
    "maxpool": _pool_writer("MaxPool"),
    "avgpool": _pool_writer("AveragePool"),
    "global_avgpool": _global_writer("GlobalAveragePool"),
    "global_maxpool": _global_writer("GlobalMaxPool"),
    "adaptive_avgpool": _adaptive_writer("AveragePool"),
    "adaptive_maxpool": _adaptive_writer("MaxPool"),
    "subsample": _write_subsample,
}


# Layers that move or resize a map


def _write_flatten(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step("Flatten", x, axis=1)


def _write_reshape(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step("Reshape", [*x, emitter.add_integers([1, *node.output.dims])])


def _write_permute(emitter: Emitter, node: Node[reshaping.Permute], x: list[str]) -> str:
    return emitter.add_step("Transpose", x, perm=[0, *node.layer.axes])


def _write_pad(emitter: Emitter, node: Node[reshaping.Pad], x: list[str]) -> str:
    amount = node.layer.amount
    pads = [0, 0, *(a for a, _ in amount), 0, 0, *(b for _, b in amount)]
    return emitter.add_step("Pad", [*x, emitter.add_integers(pads)])


def _write_crop(emitter: Emitter, node: Node[reshaping.Crop], x: list[str]) -> str:
    amount, extents = node.layer.amount, node.inputs[0].extents
    starts = [a for a, _ in amount]
    ends = [n - b for n, (_, b) in zip(extents, amount, strict=True)]
    axes = range(2, 2 + len(extents))
    return emitter.add_step("Slice", [*x, *map(emitter.add_integers, (starts, ends, list(axes)))])


def _write_slice(emitter: Emitter, node: Node[reshaping.Slice], x: list[str]) -> str:
    start, end = node.layer.span
    return emitter.add_step("Slice", [*x, *map(emitter.add_integers, ([start], [end], [1]))])


def _write_move(
    emitter: Emitter, x: list[str], split: list[int], order: list[int], dims: Sequence[int]
) -> str:
    """Split axes, put them in another order, and join them."""
    apart = emitter.add_step("Reshape", [*x, emitter.add_integers([1, *split])])
    turned = emitter.add_step("Transpose", [apart], perm=[0, *(axis + 1 for axis in order)])
    return emitter.add_step("Reshape", [turned, emitter.add_integers([1, *dims])])


def _write_channel_shuffle(
    emitter: Emitter, node: Node[reshaping.ChannelShuffle], x: list[str]
) -> str:
    shape, groups = node.inputs[0], node.layer.groups
    split = [groups, shape.channels // groups, *shape.extents]
    return _write_move(emitter, x, split, [1, 0, *range(2, len(split))], shape.dims)


def _write_pixel_shuffle(emitter: Emitter, node: Node[reshaping.PixelShuffle], x: list[str]) -> str:
    """Split channels into the rest and one factor per axis, and put each factor behind its axis."""
    shape, factor, y = node.inputs[0], node.layer.factor, node.output
    axes = len(factor)
    split = [y.channels, *factor, *shape.extents]
    order = [0, *(axis for i in range(axes) for axis in (1 + axes + i, 1 + i))]
    return _write_move(emitter, x, split, order, y.dims)


def _write_space_to_depth(
    emitter: Emitter, node: Node[reshaping.SpaceToDepth], x: list[str]
) -> str:
    shape, factor, y = node.inputs[0], node.layer.factor, node.output
    axes = len(factor)
    pairs = [(n // f, f) for n, f in zip(shape.extents, factor, strict=True)]
    split = [shape.channels, *(n for pair in pairs for n in pair)]
    order = [0, *(2 + 2 * i for i in range(axes)), *(1 + 2 * i for i in range(axes))]
    return _write_move(emitter, x, split, order, y.dims)


def _write_upsample(emitter: Emitter, node: Node[reshaping.Upsample], x: list[str]) -> str:
    mode = "nearest" if node.layer.mode == "nearest" else "linear"
    given = {"nearest_mode": "floor"} if mode == "nearest" else {}
    sizes = emitter.add_integers([1, *node.output.dims])
    transformation = "asymmetric" if mode == "nearest" else "half_pixel"
    return emitter.add_step(
        "Resize",
        [*x, "", "", sizes],
        mode=mode,
        coordinate_transformation_mode=transformation,
        **given,
    )


RESHAPING: Writers = {
    "flatten": _write_flatten,
    "reshape": _write_reshape,
    "permute": _write_permute,
    "pad": _write_pad,
    "crop": _write_crop,
    "slice": _write_slice,
    "channel_shuffle": _write_channel_shuffle,
    "pixel_shuffle": _write_pixel_shuffle,
    "space_to_depth": _write_space_to_depth,
    "upsample": _write_upsample,
}
