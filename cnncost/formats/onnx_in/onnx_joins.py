"""Adds and multiplies two activations; the smaller is repeated to the shape of both."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from cnncost.formats.importing import AXES, Inexpressible, dims_text
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.onnx_in.tensor_states import elementwise_shape, pad_rank
from cnncost.formats.tensor_value import Shape, Value
from cnncost.formats.tensor_views import order_of

JOINED = {
    **dict.fromkeys(("Add", "Sub", "Sum", "Mean", "Max", "Min"), "add"),
    **dict.fromkeys(("Mul", "Div"), "mul"),
}
"""How two activations are joined. Those that are no sum or product cost the same: nothing."""

PLAIN = ("Add", "Sum", "Mul")
"""Those that are what they are written as."""


def channel_axis(value: Value) -> int:
    """Return the axis of the channels: the second, or the last if that is nearer to what was
    made."""
    rank = len(value.shape)
    if rank < 3 or value.shape[0] != 1:
        return 1
    last = value.permute_axes((0, rank - 1, *range(1, rank - 1))).reshape_to(
        (value.shape[-1], *value.shape[1:-1])
    )
    first = value.reshape_to(value.shape[1:])
    if not any(step.order for step in first.steps):
        return 1
    if len(last.steps) < len(first.steps):
        return rank - 1
    order = order_of(last.made, last.steps)
    return rank - 1 if order is not None and order.is_identity else 1


def emit_join(importer: OnnxImporter, step: OnnxNode, a: str, b: str) -> Value:
    """Emit the sum or product of two activations.

    Raises:
        Inexpressible: it is no such step, or their shapes do not go together.
    """
    if step.op not in JOINED:
        raise Inexpressible("no sum or product")
    word = JOINED[step.op]
    left, right = importer.emit_value(a), importer.emit_value(b)
    dims = elementwise_shape([left.shape, right.shape])
    if step.op not in PLAIN:
        importer.notes.add_stand_in(step.op, word)
    if left.made == right.made and left.steps == right.steps:
        return replace(left, base=importer.emit_layer(step, word, [left.base, right.base]).base)
    rank, channel = len(dims), channel_axis(max(left, right, key=lambda side: prod(side.shape)))
    order = tuple(range(rank))
    if dims[0] == 1 and rank > 1:
        order = (0, channel, *(axis for axis in range(1, rank) if axis != channel))
    sides = [
        side.reshape_to(pad_rank(side.shape, rank)).permute_axes(order) for side in (left, right)
    ]
    want = tuple(dims[axis] for axis in order)
    made = _emit_aligned_join(importer, step, word, *sides).reshape_to(want)
    return made.permute_axes(tuple(order.index(axis) for axis in range(rank)))


def _emit_aligned_join(
    importer: OnnxImporter, step: OnnxNode, word: str, left: Value, right: Value
) -> Value:
    """Emit the join of two activations of one rank, channels first; a batch of one is left out."""
    want = elementwise_shape([left.shape, right.shape])
    if want[0] == 1 and len(want) > 1:
        left, right, want = (*(s.reshape_to(s.shape[1:]) for s in (left, right)), want[1:])
    gate = _count_gate_axes(left.shape, right.shape, want) if word == "mul" else 0
    if gate:
        # The axes that both have are the channels, those of the larger alone the positions.
        extents = want[gate:] if len(want) - gate < AXES else (prod(want[gate:]),)
        shapes = ((prod(want[:gate]), *extents), (prod(want[:gate]), *(1 for _ in extents)))
        sides = [
            side.reshape_to(shapes[0] if side.shape == want else shapes[1])
            for side in (left, right)
        ]
    else:
        sides = [
            s if s.shape == want else emit_repeat(importer, step, s, want) for s in (left, right)
        ]
        if len(want) > AXES:
            sides = [side.reshape_to((want[0], prod(want[1:]))) for side in sides]
    return importer.emit_layer(step, word, [importer.emit_views(step, side) for side in sides])


def _count_gate_axes(left: Shape, right: Shape, want: Shape) -> int:
    """Count the axes of a gate that come before those along which it has size one; 0 if it is no
    gate."""
    if want not in (left, right) or left == right:
        return 0
    small = right if left == want else left
    kept = [axis for axis, (n, m) in enumerate(zip(small, want, strict=True)) if n == m]
    wide = [axis for axis in kept if want[axis] != 1]
    last = wide[-1] + 1 if wide else 1
    return last if all(axis in kept for axis in range(last)) else 0


def emit_repeat(importer: OnnxImporter, step: OnnxNode, value: Value, want: Shape) -> Value:
    """Repeat along axes of one, as an upsampling: of the map, or of a column of its units.

    Raises:
        Inexpressible: other axes differ.
    """
    rank = len(want)
    if rank > 1 and value.shape[0] == want[0] == 1:
        inner = value.reshape_to(value.shape[1:])
        return emit_repeat(importer, step, inner, want[1:]).reshape_to(want)
    kept = tuple(axis for axis in range(rank) if value.shape[axis] == want[axis])
    over = tuple(axis for axis in range(rank) if axis not in kept)
    if not over:
        return value
    if any(value.shape[axis] != 1 for axis in over):
        raise Inexpressible(f"{dims_text(value.shape)} repeated to {dims_text(want)}")
    quiet = OnnxNode("", "", (), step.outputs, {})
    if kept == (0,) and rank <= AXES:
        name = importer.emit_views(step, value)
        return importer.emit_layer(quiet, "upsample", [name], size=want[1:])
    order = (*kept, *over)
    column = value.permute_axes(order).reshape_to((prod(value.shape), 1))
    wide = (prod(want[axis] for axis in over),)
    made = importer.emit_layer(quiet, "upsample", [importer.emit_views(step, column)], size=wide)
    turned = made.reshape_to(tuple(want[axis] for axis in order))
    return turned.permute_axes(tuple(order.index(axis) for axis in range(rank)))
