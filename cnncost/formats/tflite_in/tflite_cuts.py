"""Reads parts of tensors, and tensors put together: slices, splits, concatenations."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.importing import AXES, Inexpressible, dims_text, shorten_pads
from cnncost.formats.tflite_in.known_cost import KnownCost
from cnncost.formats.tflite_in.tflite_activations import emit_fused
from cnncost.formats.tflite_in.tflite_importer import UNNAMED, TfliteImporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.formats.tensor_value import Value
    from cnncost.formats.tflite_in.tflite_model import TfliteStep


def emit_cut(
    importer: TfliteImporter, step: TfliteStep, value: Value, axis: int, span: tuple[int, int]
) -> Value:
    """Keep a span of an axis: a slice of the channels, or the map without its edges."""
    start, end = span
    shape, rank = value.shape, len(value.shape)
    if span == (0, shape[axis]):
        return value
    if 2 < rank < AXES + 2 and shape[0] == 1 and 0 < axis < rank - 1:
        name, back = importer.open_map(step, value)
        sides = [(0, 0)] * (rank - 2)
        sides[axis - 1] = start, shape[axis] - end
        return back(importer.emit_layer(step, "crop", [name], amount=shorten_pads(tuple(sides))))
    first = value.move_to_front(axis)
    inner = first.shape[2:] if first.shape[1:2] == (1,) else first.shape[1:]
    inner = inner if len(inner) < AXES else (prod(inner),)
    name = importer.emit_views(step, first.reshape_to((shape[axis], *inner)))
    made = importer.emit_layer(step, "slice", [name], span=span)
    return made.reshape_to((end - start, *first.shape[1:])).move_from_front(axis)


def emit_split(importer: TfliteImporter, step: TfliteStep) -> None:
    """SPLIT and SPLIT_V: parts of an axis side by side."""
    varied = step.op == "SPLIT_V"
    value = importer.get_value(step.find_input(0 if varied else 1))
    axis = importer.read_numbers(step.find_input(2 if varied else 0))[0] % len(value.shape)
    whole, parts = value.shape[axis], len(step.outputs)
    sizes = list(importer.read_numbers(step.find_input(1))) if varied else [whole // parts] * parts
    if -1 in sizes:
        sizes[sizes.index(-1)] = whole - sum(sizes) - 1
    if len(sizes) != parts or min(sizes) < 1 or sum(sizes) != whole:
        raise Inexpressible(f"{whole} split into {sizes}")
    start = 0
    for tensor, size in zip(step.outputs, sizes, strict=True):
        part = step.with_outputs(tensor)
        importer.values[tensor] = emit_cut(importer, part, value, axis, (start, start + size))
        start += size


def emit_unpack(importer: TfliteImporter, step: TfliteStep) -> None:
    """UNPACK: each place of an axis is a tensor of its own, without that axis."""
    value = importer.get_value(step.find_input(0))
    axis = step.options["axis"] % len(value.shape)
    if value.shape[axis] != len(step.outputs):
        raise Inexpressible(f"{value.shape[axis]} unpacked to {len(step.outputs)}")
    rest = value.shape[:axis] + value.shape[axis + 1 :]
    for i, tensor in enumerate(step.outputs):
        part = emit_cut(importer, step.with_outputs(tensor), value, axis, (i, i + 1))
        importer.values[tensor] = part.reshape_to(rest or (1,))


def emit_slice(importer: TfliteImporter, step: TfliteStep) -> None:
    """SLICE: a start and a size for each axis; -1 is all that follows."""
    value = importer.get_value(step.find_input(0))
    starts, sizes = (importer.read_numbers(step.find_input(place)) for place in (1, 2))
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        end = value.shape[axis] if size == -1 else start + size
        value = _cut_checked(importer, step, value, axis, (start, end))
    importer.values[step.outputs[0]] = value


def _cut_checked(
    importer: TfliteImporter, step: TfliteStep, value: Value, axis: int, span: tuple[int, int]
) -> Value:
    if not 0 <= span[0] < span[1] <= value.shape[axis]:
        raise Inexpressible(f"{span[0]} to {span[1]} of {value.shape[axis]}")
    return emit_cut(importer, step, value, axis, span)


def emit_strided_slice(importer: TfliteImporter, step: TfliteStep) -> None:
    """STRIDED_SLICE: a span of each axis; a mask says where an end is the axis' own."""
    value = importer.get_value(step.find_input(0))
    starts, ends, strides = (importer.read_numbers(step.find_input(i)) for i in (1, 2, 3))
    given = step.options
    if given["ellipsis_mask"] or given["new_axis_mask"] or given["offset"]:
        raise Inexpressible("a slice with new axes")
    dims, shrunk = value.shape, []
    for axis, (start, end, by) in enumerate(zip(starts, ends, strides, strict=True)):
        bit = 1 << axis
        if given["shrink_axis_mask"] & bit:
            start %= dims[axis]
            first, last, by = start, start + 1, 1
            shrunk.append(axis)
        else:
            span = slice(
                None if given["begin_mask"] & bit else start,
                None if given["end_mask"] & bit else end,
            )
            first, last, _ = span.indices(dims[axis])
        if by < 1:
            raise Inexpressible(f"a slice by {by}")
        value = _cut_checked(importer, step, value, axis, (first, last))
        if by > 1:
            value = _emit_strided(importer, step, value, axis, by)
    left = tuple(n for axis, n in enumerate(value.shape) if axis not in shrunk)
    importer.values[step.outputs[0]] = value.reshape_to(left or (1,))


def _emit_strided(
    importer: TfliteImporter, step: TfliteStep, value: Value, axis: int, by: int
) -> Value:
    """Keep every so many positions: a pool with windows of one."""
    rank = len(value.shape)
    if not (2 < rank < AXES + 2 and value.shape[0] == 1 and 0 < axis < rank - 1):
        raise Inexpressible("channels with a stride")
    name, back = importer.open_map(step, value)
    stride = tuple(by if other == axis else 1 for other in range(1, rank - 1))
    return back(importer.emit_layer(step, "maxpool", [name], kernel=1, stride=stride))


def emit_concatenation(importer: TfliteImporter, step: TfliteStep) -> None:
    """CONCATENATION, along any axis: it becomes the channels."""
    values = [importer.get_value(tensor) for tensor in step.inputs]
    axis = step.options["axis"] % len(values[0].shape)
    made = join_along_axis(importer, step, values, axis)
    importer.values[step.outputs[0]] = emit_fused(importer, step, made)


def emit_pack(importer: TfliteImporter, step: TfliteStep) -> None:
    """PACK: tensors side by side along a new axis."""
    values = [importer.get_value(tensor) for tensor in step.inputs]
    shape = values[0].shape
    axis = step.options["axis"] % (len(shape) + 1)
    wide = (*shape[:axis], 1, *shape[axis:])
    made = join_along_axis(importer, step, [value.reshape_to(wide) for value in values], axis)
    importer.values[step.outputs[0]] = made


def join_along_axis(
    importer: TfliteImporter, step: TfliteStep, values: Sequence[Value], axis: int
) -> Value:
    """Put tensors of one shape but for an axis side by side along it."""
    rests = {(*value.shape[:axis], *value.shape[axis + 1 :]) for value in values}
    if len(rests) > 1:
        raise Inexpressible(" and ".join(dims_text(value.shape) for value in values[:3]))
    if len(values) == 1:
        return values[0]
    if axis == len(values[0].shape) - 1 and len(values[0].shape) < AXES + 2:
        opened = [importer.open_map(step, value) for value in values]
        return opened[0][1](importer.emit_layer(step, "concat", [name for name, _ in opened]))
    rest = next(iter(rests))
    inner = rest[1:] if rest[:1] == (1,) else rest
    inner = inner if len(inner) < AXES else (prod(inner),)
    names = [
        importer.emit_views(
            UNNAMED, value.move_to_front(axis).reshape_to((value.shape[axis], *inner))
        )
        for value in values
    ]
    made = importer.emit_layer(step, "concat", names)
    return made.reshape_to((made.made[0], *rest)).move_from_front(axis)


def emit_gather(importer: TfliteImporter, step: TfliteStep) -> None:
    """GATHER and EMBEDDING_LOOKUP: rows of a learned table, of which the numbers are counted."""
    places = (1, 0) if step.op == "EMBEDDING_LOOKUP" else (0, 1)
    table = step.find_input(places[0])
    if table in importer.values:
        raise Inexpressible("numbers picked out of an activation")
    held = importer.get_constant(table)
    indices = importer.get_value(step.find_input(places[1])).shape
    axis = step.options.get("axis", 0) % len(held.dims)
    dims = importer.recorded_dims(step.outputs[0]) or (
        *held.dims[:axis], *indices, *held.dims[axis + 1 :]
    )  # fmt: skip
    importer.values[step.outputs[0]] = importer.emit_known(step, dims, KnownCost(extras=held.size))


OPERATIONS = {
    **dict.fromkeys(("SPLIT", "SPLIT_V"), emit_split),
    "UNPACK": emit_unpack,
    "SLICE": emit_slice,
    "STRIDED_SLICE": emit_strided_slice,
    "CONCATENATION": emit_concatenation,
    "PACK": emit_pack,
    **dict.fromkeys(("GATHER", "EMBEDDING_LOOKUP"), emit_gather),
}
