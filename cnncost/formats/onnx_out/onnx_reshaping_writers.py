"""Layers that move numbers: shapes, cuts, shuffles, other grids."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writers, field
from cnncost.network import Node


def _flatten(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add("Flatten", x, axis=1)


def _reshape(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add("Reshape", [*x, emitter.integers([1, *node.output.dims])])


def _permute(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add("Transpose", x, perm=[0, *field(node, "axes")])


def _pad(emitter: Emitter, node: Node, x: list[str]) -> str:
    amount = field(node, "amount")
    pads = [0, 0, *(a for a, _ in amount), 0, 0, *(b for _, b in amount)]
    return emitter.add("Pad", [*x, emitter.integers(pads)])


def _crop(emitter: Emitter, node: Node, x: list[str]) -> str:
    amount, extents = field(node, "amount"), node.inputs[0].extents
    starts = [a for a, _ in amount]
    ends = [n - b for n, (_, b) in zip(extents, amount, strict=True)]
    axes = range(2, 2 + len(extents))
    return emitter.add("Slice", [*x, *map(emitter.integers, (starts, ends, list(axes)))])


def _slice(emitter: Emitter, node: Node, x: list[str]) -> str:
    start, end = field(node, "span")
    return emitter.add("Slice", [*x, *map(emitter.integers, ([start], [end], [1]))])


def _moved(
    emitter: Emitter, x: list[str], split: list[int], order: list[int], dims: Sequence[int]
) -> str:
    """Axes split, put in another order, and joined."""
    apart = emitter.add("Reshape", [*x, emitter.integers([1, *split])])
    turned = emitter.add("Transpose", [apart], perm=[0, *(axis + 1 for axis in order)])
    return emitter.add("Reshape", [turned, emitter.integers([1, *dims])])


def _channel_shuffle(emitter: Emitter, node: Node, x: list[str]) -> str:
    shape, groups = node.inputs[0], field(node, "groups")
    split = [groups, shape.channels // groups, *shape.extents]
    return _moved(emitter, x, split, [1, 0, *range(2, len(split))], shape.dims)


def _pixel_shuffle(emitter: Emitter, node: Node, x: list[str]) -> str:
    """Channels split into what is left and a factor an axis, each put behind its extent."""
    shape, factor, y = node.inputs[0], field(node, "factor"), node.output
    axes = len(factor)
    split = [y.channels, *factor, *shape.extents]
    order = [0, *(axis for i in range(axes) for axis in (1 + axes + i, 1 + i))]
    return _moved(emitter, x, split, order, y.dims)


def _space_to_depth(emitter: Emitter, node: Node, x: list[str]) -> str:
    shape, factor, y = node.inputs[0], field(node, "factor"), node.output
    axes = len(factor)
    pairs = [(n // f, f) for n, f in zip(shape.extents, factor, strict=True)]
    split = [shape.channels, *(n for pair in pairs for n in pair)]
    order = [0, *(2 + 2 * i for i in range(axes)), *(1 + 2 * i for i in range(axes))]
    return _moved(emitter, x, split, order, y.dims)


def _upsample(emitter: Emitter, node: Node, x: list[str]) -> str:
    mode = "nearest" if field(node, "mode") == "nearest" else "linear"
    given = {"nearest_mode": "floor"} if mode == "nearest" else {}
    sizes = emitter.integers([1, *node.output.dims])
    transformation = "asymmetric" if mode == "nearest" else "half_pixel"
    return emitter.add(
        "Resize",
        [*x, "", "", sizes],
        mode=mode,
        coordinate_transformation_mode=transformation,
        **given,
    )


WRITERS: Writers = {
    "flatten": _flatten,
    "reshape": _reshape,
    "permute": _permute,
    "pad": _pad,
    "crop": _crop,
    "slice": _slice,
    "channel_shuffle": _channel_shuffle,
    "pixel_shuffle": _pixel_shuffle,
    "space_to_depth": _space_to_depth,
    "upsample": _upsample,
}
