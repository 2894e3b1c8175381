"""Views, parts, concatenations and reductions of a traced program; all axes, the batch's too."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from cnncost.formats.importing import AXES, as_map_shape
from cnncost.formats.tensor_value import Constant, Shape, Value
from cnncost.formats.torch_in.torch_importer import (
    TorchCall,
    TorchImporter,
    subject_of,
)

PART: dict[str, Any] = {"stands_for": "slice"}  # Any: as arguments are
"""What makes a window of one a part of what it sees."""
MANY = 8
"""Slices along an axis that are summed one by one; more are a reduction."""


def emit_view(b: TorchImporter, call: TorchCall) -> Value:
    """Return the input in another shape of the same order (view, flatten, squeeze)."""
    return b.emit_whole(call, call.arguments["self"]).reshape_to(call.shape)


def emit_permute(b: TorchImporter, call: TorchCall) -> Value:
    """Return the input with its axes in another order."""
    x: Value = call.arguments["self"]
    rank = len(x.shape)
    return b.emit_whole(call, x).permute_axes(tuple(dim % rank for dim in call.arguments["dims"]))


def emit_transpose(b: TorchImporter, call: TorchCall) -> Value:
    """Return the input with two axes exchanged, the last two where none are named."""
    x: Value = call.arguments["self"]
    rank = len(x.shape)
    given = [call.arguments[k] for k in ("dim0", "dim1", "axis0", "axis1") if k in call.arguments]
    if rank < 2:
        return x
    one, other = (dim % rank for dim in (given or (-1, -2)))
    order = list(range(rank))
    order[one], order[other] = order[other], order[one]
    return b.emit_whole(call, x).permute_axes(tuple(order))


def emit_movedim(b: TorchImporter, call: TorchCall) -> Value:
    """Return the input with some axes put elsewhere; the others keep their order."""
    x: Value = call.arguments["self"]
    rank = len(x.shape)
    moved = {}
    for key in ("source", "destination"):
        given = call.arguments[key]
        moved[key] = [axis % rank for axis in ([given] if isinstance(given, int) else given)]
    order = [axis for axis in range(rank) if axis not in moved["source"]]
    for to, axis in sorted(zip(moved["destination"], moved["source"], strict=True)):
        order.insert(to, axis)
    return b.emit_whole(call, x).permute_axes(tuple(order))


def emit_expand(b: TorchImporter, call: TorchCall) -> Value:
    """Return the input as repeated along axes of one; a layer does so if one reads it."""
    x, shape = b.emit_whole(call, call.arguments["self"]), call.shape
    x = x.reshape_to((1,) * (len(shape) - len(x.shape)) + x.shape)
    return x if x.shape == shape else replace(x, spread=shape)


def emit_cut(b: TorchImporter, call: TorchCall, x: Value, axis: int, start: int, end: int) -> Value:
    """Emit the part from `start` to `end` of an axis: a slice, or a crop of positions."""
    size = x.shape[axis]
    if (start, end) == (0, size):
        return x
    shape = (*x.shape[:axis], end - start, *x.shape[axis + 1 :])
    if len(x.shape) > 1 and x.shape[0] == 1 and axis:
        return emit_cut(b, call, x.reshape_to(x.shape[1:]), axis - 1, start, end).reshape_to(shape)
    if axis > 0 and not x.steps:
        amounts = [(0, 0)] * (len(x.shape) - 1)
        amounts[axis - 1] = (start, size - end)
        return b.emit_layer(call, "crop", [x], shape, amount=tuple(amounts))
    front = x.move_to_front(axis)
    kept = front.shape
    plain = front.reshape_to(kept if len(kept) <= AXES else (size, prod(kept[1:])))
    dims = (end - start, *plain.shape[1:])
    made = b.emit_layer(call, "slice", [plain], dims, span=(start, end))
    return made.reshape_to((end - start, *kept[1:])).move_from_front(axis)


def emit_slice(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a part of an axis, each position or every so many."""
    a = call.arguments
    x = b.emit_whole(call, a["self"])
    axis = a.get("dim", 0) % len(x.shape)
    start, end = slice_bounds(a, x.shape[axis])
    end = start + a["length"] if "length" in a else end  # as narrow has it
    part = emit_cut(b, call, x, axis, start, end)
    step = a.get("step") or 1
    return part if step == 1 else _emit_strided(b, call, part, axis, step)


def slice_bounds(arguments: dict[str, Any], size: int) -> tuple[int, int]:  # Any: ints or None
    """Return where a slice starts and ends on an axis of that size."""
    start, end = (
        other if value is None else min(max(value + size if value < 0 else value, 0), size)
        for value, other in ((arguments.get("start"), 0), (arguments.get("end"), size))
    )
    return start, end


def _emit_strided(b: TorchImporter, call: TorchCall, x: Value, axis: int, step: int) -> Value:
    """Emit every so many positions of an axis, as a window of one with a stride."""
    count = -(-x.shape[axis] // step)
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    seen = x.reshape_to(x.shape[1:]) if x.shape[0] == 1 and axis else x
    at = axis - (len(x.shape) - len(seen.shape))
    if at and len(seen.shape) <= AXES:
        strides = tuple(step if other == at else 1 for other in range(1, len(seen.shape)))
        dims = (*seen.shape[:at], count, *seen.shape[at + 1 :])
        made = b.emit_layer(call, "maxpool", [seen], dims, kernel=1, stride=strides, **PART)
        return made.reshape_to(shape)
    front = x.move_to_front(axis)
    rows = front.reshape_to((x.shape[axis], prod(front.shape[1:]))).permute_axes((1, 0))
    made = b.emit_layer(
        call, "maxpool", [rows], (rows.shape[0], count), kernel=1, stride=step, **PART
    )
    return made.permute_axes((1, 0)).reshape_to((count, *front.shape[1:])).move_from_front(axis)


def emit_split(b: TorchImporter, call: TorchCall) -> list[Value]:
    """Emit the parts of an axis in a row; the results have their sizes."""
    x = b.emit_whole(call, call.arguments["self"])
    axis = call.arguments.get("dim", 0) % len(x.shape)
    parts, start = [], 0
    for shape in call.shapes:
        parts.append(emit_cut(b, call, x, axis, start, start + shape[axis]))
        start += shape[axis]
    return parts


def emit_unbind(b: TorchImporter, call: TorchCall) -> list[Value]:
    """Emit each position of an axis by itself."""
    x = b.emit_whole(call, call.arguments["self"])
    axis = call.arguments.get("dim", 0) % len(x.shape)
    return [_emit_position(b, call, x, axis, index) for index in range(x.shape[axis])]


def emit_select(b: TorchImporter, call: TorchCall) -> Value:
    """Emit one position of an axis."""
    x = b.emit_whole(call, call.arguments["self"])
    axis = call.arguments["dim"] % len(x.shape)
    return _emit_position(b, call, x, axis, call.arguments["index"] % x.shape[axis])


def _emit_position(b: TorchImporter, call: TorchCall, x: Value, axis: int, index: int) -> Value:
    part = emit_cut(b, call, x, axis, index, index + 1)
    return part.reshape_to((*x.shape[:axis], *x.shape[axis + 1 :]))


def emit_concatenate(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a concatenation along an axis, which becomes the channels; if some parts are learned, an
    opaque layer has them as weights."""
    tensors = [t for t in call.arguments["tensors"] if t is None or prod(t.shape)]
    if not all(isinstance(tensor, Value) for tensor in tensors):
        return b.emit_costed(
            call, call.target, call.read_values(), call.shape, 0, call.read_constants()
        )
    return emit_joined_values(b, call, tensors, call.arguments.get("dim", 0) % len(call.shape))


def emit_joined_values(b: TorchImporter, call: TorchCall, tensors: list[Value], axis: int) -> Value:
    """Emit the concatenation of these values along an axis."""
    shape = list(tensors[0].shape)
    shape[axis] = sum(tensor.shape[axis] for tensor in tensors)
    if len(tensors) == 1:
        return tensors[0]
    if len(shape) > 1 and shape[0] == 1 and axis:
        inner = [b.emit_whole(call, t).reshape_to(t.shape[1:]) for t in tensors]
        return emit_joined_values(b, call, inner, axis - 1).reshape_to(tuple(shape))
    fronts = [b.emit_whole(call, tensor).move_to_front(axis) for tensor in tensors]
    rest = fronts[0].shape[1:]
    plain = rest if len(rest) < AXES else (prod(rest),)
    flat = [front.reshape_to((front.shape[0], *plain)) for front in fronts]
    made = b.emit_layer(call, "concat", flat, (shape[axis], *plain))
    return made.reshape_to((shape[axis], *rest)).move_from_front(axis)


def emit_stack(b: TorchImporter, call: TorchCall) -> Value:
    """Emit the concatenation of the inputs along a new axis."""
    axis = call.arguments.get("dim", 0) % len(call.shape)
    one = (*call.shape[:axis], 1, *call.shape[axis + 1 :])
    tensors = call.arguments["tensors"]
    if not all(isinstance(tensor, Value) for tensor in tensors):
        return b.emit_costed(
            call, call.target, call.read_values(), call.shape, 0, call.read_constants()
        )
    return emit_joined_values(
        b, call, [b.emit_whole(call, t).reshape_to(one) for t in tensors], axis
    )


def emit_scattered(b: TorchImporter, call: TorchCall) -> Value:
    """Emit what is before a written part of an axis, the part, and what is behind it."""
    a = call.arguments
    x, source = a["self"], a["src"]
    if not isinstance(x, Value) or not isinstance(source, Value) or (a.get("step") or 1) != 1:
        return b.emit_costed(
            call, call.target, call.read_values(), call.shape, 0, call.read_constants()
        )
    x = b.emit_whole(call, x)
    axis = a.get("dim", 0) % len(x.shape)
    size = x.shape[axis]
    if call.target == "select_scatter":
        start = a["index"] % size
        end = start + 1
    else:
        start, end = slice_bounds(a, size)
    part = b.emit_whole(call, source).reshape_to(
        (*x.shape[:axis], end - start, *x.shape[axis + 1 :])
    )
    sides = [emit_cut(b, call, x, axis, *at) for at in ((0, start), (end, size)) if at[0] < at[1]]
    parts = [*sides[: start > 0], part, *sides[start > 0 :]]
    return emit_joined_values(b, call, parts, axis)


def emit_copy(b: TorchImporter, call: TorchCall) -> Any:  # Any: a value or a constant
    """Return the source, which is written over all of a tensor."""
    source = call.arguments["src"]
    if isinstance(source, Constant):
        return Constant(call.shape, source.parts, source.place, source.work)
    if not isinstance(source, Value):
        return Constant(call.shape)
    source = b.emit_whole(call, source)
    if source.shape == call.shape:
        return source
    ranked = source.reshape_to((1,) * (len(call.shape) - len(source.shape)) + source.shape)
    return ranked if ranked.shape == call.shape else replace(ranked, spread=call.shape)


def emit_rearranged(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a layer that exchanges channels and positions in blocks, or shuffles channels."""
    word, main, given = _REARRANGED[call.target]
    x = b.emit_whole(call, subject_of(call))
    if len(as_map_shape(x.shape)) != len(x.shape) - 1 or x.shape[0] != 1:
        return b.emit_moved(call, call.target, [x], call.shape)
    argument: dict[str, Any] = {main: call.arguments[given]}  # Any: of all kinds
    inner = x.reshape_to(as_map_shape(x.shape))
    return b.emit_layer(call, word, [inner], as_map_shape(call.shape), **argument).reshape_to(
        call.shape
    )


_REARRANGED = {
    "pixel_shuffle": ("pixel_shuffle", "factor", "upscale_factor"),
    "pixel_unshuffle": ("space_to_depth", "factor", "downscale_factor"),
    "channel_shuffle": ("channel_shuffle", "groups", "groups"),
    "native_channel_shuffle": ("channel_shuffle", "groups", "groups"),
}
"""A layer's word, its main argument, and what PyTorch calls that."""


def emit_reduction(b: TorchImporter, call: TorchCall) -> Any:  # Any: a value, or it and places
    """Emit a mean or maximum over axes as a global pool; the other axes become its channels."""
    a = call.arguments
    x = b.emit_whole(call, subject_of(call))
    rank = len(x.shape)
    dims = a.get("dim")
    dims = list(range(rank)) if dims in (None, []) else dims
    axes = sorted({dim % rank for dim in ([dims] if isinstance(dims, int) else dims)})
    if call.target == "sum" and len(axes) == 1 and x.shape[axes[0]] <= MANY:
        return _emit_sum(b, call, x, axes[0])
    word = "global_maxpool" if "max" in call.target else "global_avgpool"
    if call.target not in ("mean", "amax", "max"):
        b.notes.add_stand_in(f"{call.target} over positions", word)
    kept = [axis for axis in range(rank) if axis not in axes]
    channels = prod(x.shape[axis] for axis in kept)
    over = x.permute_axes((*kept, *axes)).reshape_to((channels, *_reduced_extents(x.shape, axes)))
    made = b.emit_layer(call, word, [over], (channels, *(1 for _ in over.shape[1:])))
    if call.target != "mean":
        made = b.emit_layer(
            call, "identity", [made], made.shape, stands_for=f"{call.target}_of_all"
        )
    found = made.reshape_to(call.shape)
    return [found, *(found for _ in call.shapes[1:])] if len(call.shapes) > 1 else found


def _reduced_extents(shape: Shape, axes: list[int]) -> Shape:
    """Return the sizes of the axes, as at most three; a batch of one is left out."""
    sizes = [shape[axis] for axis in axes]
    sizes = sizes[1:] if axes[0] == 0 and sizes[0] == 1 < len(sizes) else sizes
    return tuple(sizes) if len(sizes) < AXES else (prod(sizes),)


def _emit_sum(b: TorchImporter, call: TorchCall, x: Value, axis: int) -> Value:
    parts = [_emit_position(b, call, x, axis, index) for index in range(x.shape[axis])]
    flat = [part.reshape_to(as_map_shape(part.shape)) for part in parts]
    given: dict[str, Any] = {"stands_for": "sum"} if len(flat) > 1 else {}
    made = flat[0] if len(flat) == 1 else b.emit_layer(call, "add", flat, flat[0].shape, **given)
    return made.reshape_to(call.shape)
