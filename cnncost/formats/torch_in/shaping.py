"""Views, slices, concatenations and reductions of a traced program."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from cnncost.formats.torch_in.builder import Builder, Call, subject
from cnncost.formats.value import Constant, Shape, Value

MANY = 8
"""Slices along an axis that are summed one by one; more are a reduction."""


class Batched(Exception):
    """The batch would be turned or split: what is seen is no longer one example."""


def axis_of(dim: int, rank: int) -> int:
    """The axis without the batch, of a dimension counted with it.

    Raises:
        Batched: it is the batch's own.
    """
    axis = dim % (rank + 1) - 1
    if axis < 0:
        raise Batched
    return axis


def view(b: Builder, call: Call) -> Value:
    """Every view whose order stays: view, reshape, flatten, squeeze, unsqueeze."""
    x: Value = call.arguments["self"]
    if call.shapes[0][0] != 1:
        raise Batched
    return _unspread(b, call, x).reshaped(call.shape)


def _unspread(b: Builder, call: Call, x: Value) -> Value:
    return Value(b.solid(call, x), x.spread) if x.spread else x


def permute(b: Builder, call: Call) -> Value:
    """Axes in another order, the batch first."""
    x: Value = call.arguments["self"]
    rank = len(x.shape)
    dims = [dim % (rank + 1) for dim in call.arguments["dims"]]
    if dims[0] != 0:
        raise Batched
    return _unspread(b, call, x).permuted(tuple(dim - 1 for dim in dims[1:]))


def transpose(b: Builder, call: Call) -> Value:
    """Two axes exchanged."""
    x: Value = call.arguments["self"]
    rank = len(x.shape)
    one, other = (
        axis_of(call.arguments[key], rank)
        for key in (("dim0", "dim1") if "dim0" in call.arguments else ("axis0", "axis1"))
    )
    order = list(range(rank))
    order[one], order[other] = order[other], order[one]
    return _unspread(b, call, x).permuted(tuple(order))


def movedim(b: Builder, call: Call) -> Value:
    """Axes taken out and put in elsewhere; the others keep their order."""
    x: Value = call.arguments["self"]
    rank = len(x.shape)
    moved = {}
    for key in ("source", "destination"):
        given = call.arguments[key]
        listed = [given] if isinstance(given, int) else given
        moved[key] = [axis_of(axis, rank) for axis in listed]
    order = [axis for axis in range(rank) if axis not in moved["source"]]
    for to, axis in sorted(zip(moved["destination"], moved["source"], strict=True)):
        order.insert(to, axis)
    return _unspread(b, call, x).permuted(tuple(order))


def expand(b: Builder, call: Call) -> Value:
    """Repeated along axes of one, once something needs it so."""
    x: Value = call.arguments["self"]
    shape = call.shape
    if call.shapes[0][0] != 1:
        raise Batched
    x = x.reshaped((1,) * (len(shape) - len(x.shape)) + x.shape)
    return x if x.shape == shape else replace(x, spread=shape)


def cut(b: Builder, call: Call, x: Value, axis: int, start: int, end: int) -> Value:
    """A part of one axis: a slice of channels, or a crop of positions."""
    size = x.shape[axis]
    if (start, end) == (0, size):
        return x
    if axis > 0 and not x.steps:
        amounts = [(0, 0)] * (len(x.shape) - 1)
        amounts[axis - 1] = (start, size - end)
        shape = (*x.shape[:axis], end - start, *x.shape[axis + 1 :])
        return b.layer(call, "crop", [x], shape, amount=tuple(amounts))
    front = x.front(axis)
    made = b.layer(call, "slice", [front], (end - start, *front.shape[1:]), span=(start, end))
    return made.back(axis)


def slice_(b: Builder, call: Call) -> Value:
    """Part of an axis, each or every so many."""
    a = call.arguments
    x = _unspread(b, call, a["self"])
    axis = axis_of(a.get("dim", 0), len(x.shape)) if a.get("dim", 0) else -1
    if axis < 0:
        return x  # of the batch, of which there is one example
    size = x.shape[axis]
    start, end = (_bound(a.get(key), size, other) for key, other in (("start", 0), ("end", size)))
    part = cut(b, call, x, axis, start, end)
    step = a.get("step") or 1
    return part if step == 1 else _every(b, call, part, axis, step)


def _bound(value: int | None, size: int, otherwise: int) -> int:
    if value is None:
        return otherwise
    return min(max(value + size if value < 0 else value, 0), size)


def _every(b: Builder, call: Call, x: Value, axis: int, step: int) -> Value:
    """Each so many positions: a window of one with a stride."""
    if axis == 0:
        raise Batched
    strides = tuple(step if other == axis else 1 for other in range(1, len(x.shape)))
    count = -(-x.shape[axis] // step)
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    return b.layer(call, "maxpool", [x], shape, kernel=1, stride=strides)


def split(b: Builder, call: Call) -> list[Value]:
    """Parts of an axis in a row; their sizes are those of the results."""
    x = _unspread(b, call, call.arguments["self"])
    axis = axis_of(call.arguments.get("dim", 0), len(x.shape))
    parts, start = [], 0
    for shape in call.shapes:
        size = shape[axis + 1]
        parts.append(cut(b, call, x, axis, start, start + size))
        start += size
    return parts


def unbind(b: Builder, call: Call) -> list[Value]:
    """Every position of an axis by itself."""
    x = _unspread(b, call, call.arguments["self"])
    axis = axis_of(call.arguments.get("dim", 0), len(x.shape))
    return [_one(b, call, x, axis, index) for index in range(x.shape[axis])]


def select(b: Builder, call: Call) -> Value:
    """One position of an axis."""
    x = _unspread(b, call, call.arguments["self"])
    axis = axis_of(call.arguments["dim"], len(x.shape))
    return _one(b, call, x, axis, call.arguments["index"] % x.shape[axis])


def _one(b: Builder, call: Call, x: Value, axis: int, index: int) -> Value:
    part = cut(b, call, x, axis, index, index + 1)
    return part.reshaped((*x.shape[:axis], *x.shape[axis + 1 :]))


def concatenate(b: Builder, call: Call) -> Value:
    """Along an axis, which is brought in front as channels are."""
    tensors = call.arguments["tensors"]
    if not all(isinstance(tensor, Value) for tensor in tensors):
        return b.opaque(call, "concat_parameters", call.values(), call.shape)
    axis = axis_of(call.arguments.get("dim", 0), len(call.shape))
    fronts = [_unspread(b, call, tensor).front(axis) for tensor in tensors]
    if len(fronts) == 1:
        return fronts[0].back(axis)
    shape = (call.shape[axis], *(s for i, s in enumerate(call.shape) if i != axis))
    return b.layer(call, "concat", fronts, shape).back(axis)


def stack(b: Builder, call: Call) -> Value:
    """Along a new axis."""
    axis = axis_of(call.arguments.get("dim", 0), len(call.shape))
    one = (*call.shape[:axis], 1, *call.shape[axis + 1 :])
    tensors = [_unspread(b, call, t).reshaped(one) for t in call.arguments["tensors"]]
    return concatenate(b, replace(call, arguments={"tensors": tensors, "dim": axis + 1}))


def rearrange(b: Builder, call: Call) -> Value:
    """Channels and positions exchanged in blocks, or channels shuffled in groups."""
    word, main, given = _REARRANGED[call.target]
    argument: dict[str, Any] = {main: call.arguments[given]}  # Any: of all kinds
    return b.layer(call, word, [subject(call)], call.shape, **argument)


_REARRANGED = {
    "pixel_shuffle": ("pixel_shuffle", "factor", "upscale_factor"),
    "pixel_unshuffle": ("space_to_depth", "factor", "downscale_factor"),
    "channel_shuffle": ("channel_shuffle", "groups", "groups"),
    "native_channel_shuffle": ("channel_shuffle", "groups", "groups"),
}
"""A layer's word, its main argument, and what PyTorch calls that."""


def reduce(b: Builder, call: Call) -> Value:
    """Mean or maximum over axes: a global pool over positions, once the others are channels."""
    a = call.arguments
    x = _unspread(b, call, subject(call))
    rank = len(x.shape)
    dims = a.get("dim")
    dims = list(range(1, rank + 1)) if dims in (None, []) else dims
    axes = sorted({axis_of(dim, rank) for dim in ([dims] if isinstance(dims, int) else dims)})
    if call.target == "sum" and len(axes) == 1 and x.shape[axes[0]] <= MANY:
        return _summed(b, call, x, axes[0])
    word = "global_maxpool" if "max" in call.target else "global_avgpool"
    if call.target not in ("mean", "amax"):
        b.standing_in(f"{call.target} over positions", word)
    kept = [axis for axis in range(rank) if axis not in axes]
    channels = prod(x.shape[axis] for axis in kept)
    over = x.permuted((*kept, *axes)).reshaped((channels, *_within(x.shape, axes)))
    made = b.layer(call, word, [over], (channels, *(1 for _ in over.shape[1:])))
    return made.reshaped(call.shape)


def _within(shape: Shape, axes: list[int]) -> Shape:
    """The extents reduced, as at most three."""
    sizes = [shape[axis] for axis in axes]
    return tuple(sizes) if len(sizes) <= 3 else (prod(sizes),)


def _summed(b: Builder, call: Call, x: Value, axis: int) -> Value:
    parts = [_one(b, call, x, axis, index) for index in range(x.shape[axis])]
    made = parts[0] if len(parts) == 1 else b.layer(call, "add", parts, parts[0].shape)
    return made.reshaped(call.shape)


def constant(call: Call) -> Any:  # Any: one constant, or a list of them
    """What an operation without activations makes."""
    sources = call.sources()
    made = [Constant(shape, sources) for shape in call.shapes]
    return made if call.target in ("split", "split_with_sizes", "chunk", "unbind") else made[0]
