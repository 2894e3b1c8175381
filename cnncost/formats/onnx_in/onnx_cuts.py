"""Cuts out parts of an axis, and puts tensors side by side along one."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from cnncost.formats.importing import Inexpressible, one_or_all, shorten_pads
from cnncost.formats.onnx_in.onnx_axes import emit_as_positions
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_joins import channel_axis
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.tensor_value import Value


def emit_concat(importer: OnnxImporter, step: OnnxNode) -> None:
    """Concat: the axis along which tensors stand side by side becomes the channels."""
    rank = max(len(importer.tensor_dims(t)) for t in step.inputs)
    axis = step.attributes["axis"] % rank
    known = [t for t in step.inputs if importer.is_activation(t)]
    if len(known) == 1:
        _emit_constants_beside(importer, step, known[0], axis)
        return
    if len(known) < len(step.inputs):
        raise Inexpressible("constants among activations")
    values = [importer.emit_value(t) for t in known]
    if any(value.shape[0] != 1 for value in values) or rank > 5 or axis == 0:
        order = (axis, *(other for other in range(rank) if other != axis))
        columns = [value.permute_axes(order) for value in values]
        rest = columns[0].shape[1:]
        names = [importer.emit_views(step, c.reshape_to((c.shape[0], prod(rest)))) for c in columns]
        made = importer.emit_layer(step, "concat", names)
        whole = made.reshape_to((made.made[0], *rest))
        importer.values[step.outputs[0]] = whole.permute_axes(
            tuple(order.index(other) for other in range(rank))
        )
        return
    names = [importer.emit_channels_first(step, t, axis) for t in known]
    importer.set_output(step, importer.emit_layer(step, "concat", names), axis, rank)


def _emit_constants_beside(importer: OnnxImporter, step: OnnxNode, tensor: str, axis: int) -> None:
    """Put constants before and after one activation: zeros are a padding; others, as a class token,
    are counted and multiply nothing."""
    at = step.inputs.index(tensor)
    others = [t for t in step.inputs if t != tensor and importer.constants[t].size]
    value = importer.emit_value(tensor)
    if not all(_is_unlearned_zeros(importer, t) for t in others):
        added = sum(importer.constants[t].dims[axis] for t in others)
        dims = (*value.shape[:axis], value.shape[axis] + added, *value.shape[axis + 1 :])
        importer.emit_opaque(step, dims, "", others)
        return
    before, after = (
        sum(importer.constants[t].dims[axis] for t in side)
        for side in (step.inputs[:at], step.inputs[at + 1 :])
    )
    if before or after:
        name, positions, back = emit_as_positions(importer, step, value, [axis])
        amount = tuple((before, after) if other == axis else (0, 0) for other in positions)
        value = back(
            importer.emit_layer(replace(step, name=""), "pad", [name], amount=shorten_pads(amount))
        )
    importer.values[step.outputs[0]] = value


def _is_unlearned_zeros(importer: OnnxImporter, tensor: str) -> bool:
    """Tell whether a constant is zeros that are no tensor of the file by its own name."""
    item = importer.constants[tensor]
    named = any(source in importer.model.constants for source in item.sources)
    return item.values is not None and not named and not item.values.any()


def emit_split(importer: OnnxImporter, step: OnnxNode) -> None:
    """Split: each part that something reads is a cut."""
    value = importer.emit_value(step.inputs[0])
    axis = step.attributes.get("axis", 0) % len(value.shape)
    parts = len(step.outputs)
    if len(step.inputs) > 1 and step.inputs[1]:
        sizes = importer.constant_numbers(step.inputs[1])
    else:
        each = -(-value.shape[axis] // parts)
        left = value.shape[axis] - each * (parts - 1)
        sizes = list(step.attributes.get("split") or [each] * (parts - 1) + [left])
    if len(sizes) != parts or min(sizes) < 1 or sum(sizes) != value.shape[axis]:
        raise Inexpressible(f"{value.shape[axis]} split into {sizes}")
    start = 0
    for tensor, size in zip(step.outputs, sizes, strict=True):
        if importer.consumers.get(tensor) or tensor in importer.model.outputs:
            part = replace(step, outputs=(tensor,))
            importer.values[tensor] = emit_cut(importer, part, value, axis, (start, start + size))
        start += size


def emit_cut(
    importer: OnnxImporter, step: OnnxNode, value: Value, axis: int, span: tuple[int, int]
) -> Value:
    """Keep a span of an axis: a slice of the channels, or the map without its edges."""
    start, end = span
    if (start, end) == (0, value.shape[axis]):
        return value
    rank, quiet = len(value.shape), replace(step, name="")
    if value.shape[0] == 1 and rank > 2 and axis not in (0, channel_axis(value)):
        name, positions, back = emit_as_positions(importer, step, value, [axis])
        amount = tuple(
            (start, value.shape[axis] - end) if other == axis else (0, 0) for other in positions
        )
        return back(importer.emit_layer(quiet, "crop", [name], amount=shorten_pads(amount)))
    rest = [other for other in range(rank) if other != axis]
    first = value.permute_axes((axis, *rest))
    extents = tuple(first.shape[1:])
    inner = extents[1:] if extents[:1] == (1,) else extents
    if len(inner) > 3:
        inner = (prod(inner),)
    name = importer.emit_views(step, first.reshape_to((value.shape[axis], *inner)))
    made = importer.emit_layer(quiet, "slice", [name], span=(start, end))
    turned = made.reshape_to((end - start, *extents))
    order = tuple(range(1, rank))
    return turned.permute_axes((*order[:axis], 0, *order[axis:]))


def emit_slices(importer: OnnxImporter, step: OnnxNode) -> None:
    """Slice: a span of each axis; a stride along the map is a pool with windows of one position."""
    value = importer.emit_value(step.inputs[0])
    rank = len(value.shape)
    if len(step.inputs) > 1:
        lists = [importer.constant_numbers(t) if t else None for t in step.inputs[1:]]
    else:
        lists = [step.attributes.get(key) for key in ("starts", "ends", "axes")]
    lists += [None] * (4 - len(lists))
    starts, ends = lists[0] or [], lists[1] or []
    axes = lists[2] if lists[2] is not None else range(len(starts))
    strides = lists[3] if lists[3] is not None else [1] * len(starts)
    for axis, start, end, by in zip(axes, starts, ends, strides, strict=True):
        axis %= rank
        n = value.shape[axis]
        first, last, _ = slice(start, end, None).indices(n)
        if by < 1 or last <= first:
            raise Inexpressible(f"slice {start}:{end}:{by} of {n}")
        value = emit_cut(importer, step, value, axis, (first, last))
        if by > 1 and last - first > 1:
            value = _emit_strided(importer, step, value, axis, by)
    importer.values[step.outputs[0]] = value


def _emit_strided(
    importer: OnnxImporter, step: OnnxNode, value: Value, axis: int, by: int
) -> Value:
    name, positions, back = emit_as_positions(importer, step, value, [axis])
    stride = one_or_all(tuple(by if other == axis else 1 for other in positions))
    return back(
        importer.emit_layer(replace(step, name=""), "maxpool", [name], kernel=1, stride=stride)
    )


def emit_gather(importer: OnnxImporter, step: OnnxNode) -> None:
    """Gather: a run of indices along an axis is a cut; all of them are another shape."""
    if step.inputs[0] in importer.constants:
        _emit_embedding(importer, step)
        return
    value = importer.emit_value(step.inputs[0])
    axis = step.attributes.get("axis", 0) % len(value.shape)
    indices = importer.constant_numbers(step.inputs[1])
    n = value.shape[axis]
    indices = [index + n if index < 0 else index for index in indices]
    if not indices or indices != list(range(indices[0], indices[0] + len(indices))):
        raise Inexpressible("indices that are no run")
    if indices[-1] >= n:
        raise Inexpressible(f"index {indices[-1]} of {n}")
    if n == len(indices):
        part = value
    else:
        part = emit_cut(importer, step, value, axis, (indices[0], indices[-1] + 1))
    dims = importer.constants[step.inputs[1]].dims
    importer.values[step.outputs[0]] = part.reshape_to(
        (*value.shape[:axis], *dims, *value.shape[axis + 1 :])
    )


def _emit_embedding(importer: OnnxImporter, step: OnnxNode) -> None:
    """Emit rows of a learned table by computed indices: the table's numbers are counted, and
    nothing is multiplied."""
    item, indices = importer.constants[step.inputs[0]], importer.tensor_dims(step.inputs[1])
    table, plain = item.dims, item.learned and prod(indices) == max(indices, default=0)
    if len(table) == 2 and not step.attributes.get("axis", 0) and plain:
        line = importer.emit_value(step.inputs[1]).reshape_to((prod(indices),))
        made = importer.emit_layer(
            step, "embedding", [importer.emit_views(step, line)],
            learned=step.inputs[:1], dim=table[1], vocabulary=table[0],
        )  # fmt: skip
        importer.values[step.outputs[0]] = made.permute_axes((1, 0)).reshape_to(
            (*indices, table[1])
        )
        return
    axis = step.attributes.get("axis", 0) % len(table)
    dims = (*table[:axis], *importer.tensor_dims(step.inputs[1]), *table[axis + 1 :])
    importer.emit_opaque(step, dims, "", step.inputs[:1])


OPERATIONS = {
    "Concat": emit_concat,
    "Split": emit_split,
    "Slice": emit_slices,
    "Gather": emit_gather,
}
