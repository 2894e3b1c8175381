"""Parts of an axis, cut out or put side by side."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from cnncost.formats.onnx_in.inexpressible import OnnxInexpressible
from cnncost.formats.onnx_in.onnx_axes import over
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_joins import natural
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.onnx_in.onnx_windows import alike
from cnncost.formats.pads import tidy
from cnncost.formats.tensor_value import Value


def concat(importer: OnnxImporter, step: OnnxNode) -> None:
    """Along an axis, which becomes the channels."""
    rank = max(len(importer.dims(t)) for t in step.inputs)
    axis = step.attributes["axis"] % rank
    known = [t for t in step.inputs if importer.known(t)]
    if len(known) == 1:
        _beside(importer, step, known[0], axis)
        return
    if len(known) < len(step.inputs):
        raise OnnxInexpressible("constants among activations")
    values = [importer.see(t) for t in known]
    if any(value.shape[0] != 1 for value in values) or rank > 5 or axis == 0:
        order = (axis, *(other for other in range(rank) if other != axis))
        columns = [value.permuted(order) for value in values]
        rest = columns[0].shape[1:]
        names = [importer.solid(step, c.reshaped((c.shape[0], prod(rest)))) for c in columns]
        made = importer.emit(step, "concat", names)
        whole = made.reshaped((made.made[0], *rest))
        importer.values[step.outputs[0]] = whole.permuted(
            tuple(order.index(other) for other in range(rank))
        )
        return
    names = [importer.channels_first(step, t, axis) for t in known]
    importer.put(step, importer.emit(step, "concat", names), axis, rank)


def _beside(importer: OnnxImporter, step: OnnxNode, tensor: str, axis: int) -> None:
    """Constants before and after one activation: zeros are a padding, others, as a class token,
    are counted and cost nothing else."""
    at = step.inputs.index(tensor)
    others = [t for t in step.inputs if t != tensor and importer.constants[t].size]
    value = importer.see(tensor)
    if not all(_zeros(importer, t) for t in others):
        added = sum(importer.constants[t].dims[axis] for t in others)
        dims = (*value.shape[:axis], value.shape[axis] + added, *value.shape[axis + 1 :])
        importer.opaque(step, dims, "", others)
        return
    before, after = (
        sum(importer.constants[t].dims[axis] for t in side)
        for side in (step.inputs[:at], step.inputs[at + 1 :])
    )
    if before or after:
        name, positions, back = over(importer, step, value, [axis])
        amount = tuple((before, after) if other == axis else (0, 0) for other in positions)
        value = back(importer.emit(replace(step, name=""), "pad", [name], amount=tidy(amount)))
    importer.values[step.outputs[0]] = value


def _zeros(importer: OnnxImporter, tensor: str) -> bool:
    """Whether a constant is zeros that nobody learns: no tensor of the file by its own name."""
    item = importer.constants[tensor]
    named = any(source in importer.model.constants for source in item.sources)
    return item.values is not None and not named and not item.values.any()


def split(importer: OnnxImporter, step: OnnxNode) -> None:
    """Into parts along an axis."""
    value = importer.see(step.inputs[0])
    axis = step.attributes.get("axis", 0) % len(value.shape)
    parts = len(step.outputs)
    if len(step.inputs) > 1 and step.inputs[1]:
        sizes = importer.numbers(step.inputs[1])
    else:
        each = -(-value.shape[axis] // parts)
        left = value.shape[axis] - each * (parts - 1)
        sizes = list(step.attributes.get("split") or [each] * (parts - 1) + [left])
    if len(sizes) != parts or min(sizes) < 1 or sum(sizes) != value.shape[axis]:
        raise OnnxInexpressible(f"{value.shape[axis]} split into {sizes}")
    start = 0
    for tensor, size in zip(step.outputs, sizes, strict=True):
        if importer.consumers.get(tensor) or tensor in importer.model.outputs:
            part = replace(step, outputs=(tensor,))
            importer.values[tensor] = cut(importer, part, value, axis, (start, start + size))
        start += size


def cut(
    importer: OnnxImporter, step: OnnxNode, value: Value, axis: int, span: tuple[int, int]
) -> Value:
    """Some of an axis: a slice of the channels, or the map without its edges."""
    start, end = span
    if (start, end) == (0, value.shape[axis]):
        return value
    rank, quiet = len(value.shape), replace(step, name="")
    if value.shape[0] == 1 and rank > 2 and axis not in (0, natural(value)):
        name, positions, back = over(importer, step, value, [axis])
        amount = tuple(
            (start, value.shape[axis] - end) if other == axis else (0, 0) for other in positions
        )
        return back(importer.emit(quiet, "crop", [name], amount=tidy(amount)))
    rest = [other for other in range(rank) if other != axis]
    first = value.permuted((axis, *rest))
    extents = tuple(first.shape[1:])
    inner = extents[1:] if extents[:1] == (1,) else extents
    if len(inner) > 3:
        inner = (prod(inner),)
    name = importer.solid(step, first.reshaped((value.shape[axis], *inner)))
    made = importer.emit(quiet, "slice", [name], span=(start, end))
    turned = made.reshaped((end - start, *extents))
    order = tuple(range(1, rank))
    return turned.permuted((*order[:axis], 0, *order[axis:]))


def slices(importer: OnnxImporter, step: OnnxNode) -> None:
    """Slice: a span of each axis; a stride along the map is a pool of windows of one."""
    value = importer.see(step.inputs[0])
    rank = len(value.shape)
    if len(step.inputs) > 1:
        lists = [importer.numbers(t) if t else None for t in step.inputs[1:]]
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
            raise OnnxInexpressible(f"slice {start}:{end}:{by} of {n}")
        value = cut(importer, step, value, axis, (first, last))
        if by > 1 and last - first > 1:
            value = _strided(importer, step, value, axis, by)
    importer.values[step.outputs[0]] = value


def _strided(importer: OnnxImporter, step: OnnxNode, value: Value, axis: int, by: int) -> Value:
    name, positions, back = over(importer, step, value, [axis])
    stride = alike(tuple(by if other == axis else 1 for other in positions))
    return back(importer.emit(replace(step, name=""), "maxpool", [name], kernel=1, stride=stride))


def gather(importer: OnnxImporter, step: OnnxNode) -> None:
    """One index or a run of them along an axis; all of them in another shape."""
    if step.inputs[0] in importer.constants:
        _embed(importer, step)
        return
    value = importer.see(step.inputs[0])
    axis = step.attributes.get("axis", 0) % len(value.shape)
    indices = importer.numbers(step.inputs[1])
    n = value.shape[axis]
    indices = [index + n if index < 0 else index for index in indices]
    if not indices or indices != list(range(indices[0], indices[0] + len(indices))):
        raise OnnxInexpressible("indices that are no run")
    if indices[-1] >= n:
        raise OnnxInexpressible(f"index {indices[-1]} of {n}")
    if n == len(indices):
        part = value
    else:
        part = cut(importer, step, value, axis, (indices[0], indices[-1] + 1))
    dims = importer.constants[step.inputs[1]].dims
    importer.values[step.outputs[0]] = part.reshaped(
        (*value.shape[:axis], *dims, *value.shape[axis + 1 :])
    )


def _embed(importer: OnnxImporter, step: OnnxNode) -> None:
    """Rows of a learned table by indices that are computed: the table's numbers, and no product."""
    table = importer.constants[step.inputs[0]].dims
    axis = step.attributes.get("axis", 0) % len(table)
    dims = (*table[:axis], *importer.dims(step.inputs[1]), *table[axis + 1 :])
    importer.opaque(step, dims, "", step.inputs[:1])


OPERATIONS = {
    "Concat": concat,
    "Split": split,
    "Slice": slices,
    "Gather": gather,
}
