"""Layers that move numbers: shapes, cuts, shuffles, other grids."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writers, field_of
from cnncost.network import Node


def _write_flatten(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step("Flatten", x, axis=1)


def _write_reshape(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step("Reshape", [*x, emitter.add_integers([1, *node.output.dims])])


def _write_permute(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step("Transpose", x, perm=[0, *field_of(node, "axes")])


def _write_pad(emitter: Emitter, node: Node, x: list[str]) -> str:
    amount = field_of(node, "amount")
    pads = [0, 0, *(a for a, _ in amount), 0, 0, *(b for _, b in amount)]
    return emitter.add_step("Pad", [*x, emitter.add_integers(pads)])


def _write_crop(emitter: Emitter, node: Node, x: list[str]) -> str:
    amount, extents = field_of(node, "amount"), node.inputs[0].extents
    starts = [a for a, _ in amount]
    ends = [n - b for n, (_, b) in zip(extents, amount, strict=True)]
    axes = range(2, 2 + len(extents))
    return emitter.add_step("Slice", [*x, *map(emitter.add_integers, (starts, ends, list(axes)))])


def _write_slice(emitter: Emitter, node: Node, x: list[str]) -> str:
    start, end = field_of(node, "span")
    return emitter.add_step("Slice", [*x, *map(emitter.add_integers, ([start], [end], [1]))])


def _write_move(
    emitter: Emitter, x: list[str], split: list[int], order: list[int], dims: Sequence[int]
) -> str:
    """Axes split, put in another order, and joined."""
    apart = emitter.add_step("Reshape", [*x, emitter.add_integers([1, *split])])
    turned = emitter.add_step("Transpose", [apart], perm=[0, *(axis + 1 for axis in order)])
    return emitter.add_step("Reshape", [turned, emitter.add_integers([1, *dims])])


def _write_channel_shuffle(emitter: Emitter, node: Node, x: list[str]) -> str:
    shape, groups = node.inputs[0], field_of(node, "groups")
    split = [groups, shape.channels // groups, *shape.extents]
    return _write_move(emitter, x, split, [1, 0, *range(2, len(split))], shape.dims)


def _write_pixel_shuffle(emitter: Emitter, node: Node, x: list[str]) -> str:
    """Channels split into what is left and a factor an axis, each put behind its extent."""
    shape, factor, y = node.inputs[0], field_of(node, "factor"), node.output
    axes = len(factor)
    split = [y.channels, *factor, *shape.extents]
    order = [0, *(axis for i in range(axes) for axis in (1 + axes + i, 1 + i))]
    return _write_move(emitter, x, split, order, y.dims)


def _write_space_to_depth(emitter: Emitter, node: Node, x: list[str]) -> str:
    shape, factor, y = node.inputs[0], field_of(node, "factor"), node.output
    axes = len(factor)
    pairs = [(n // f, f) for n, f in zip(shape.extents, factor, strict=True)]
    split = [shape.channels, *(n for pair in pairs for n in pair)]
    order = [0, *(2 + 2 * i for i in range(axes)), *(1 + 2 * i for i in range(axes))]
    return _write_move(emitter, x, split, order, y.dims)


def _write_upsample(emitter: Emitter, node: Node, x: list[str]) -> str:
    mode = "nearest" if field_of(node, "mode") == "nearest" else "linear"
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


WRITERS: Writers = {
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
