"""Sums and products of two activations, the smaller repeated to the shape of both."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.number_order import order_of
from cnncost.formats.onnx_in.inexpressible import OnnxInexpressible
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.tensor_value import Shape, Value

if TYPE_CHECKING:
    from cnncost.formats.onnx_in.onnx_importer import OnnxImporter

JOINED = {
    **dict.fromkeys(("Add", "Sub", "Sum", "Mean", "Max", "Min"), "add"),
    **dict.fromkeys(("Mul", "Div"), "mul"),
}
"""How two activations are joined. Those that are no sum or product cost the same: nothing."""

PLAIN = ("Add", "Sum", "Mul")
"""Those that are what they are written as."""

AXES = 4
"""Of a layer's output, channels and up to three extents."""


def broadcast(dims: list[Shape]) -> Shape:
    """The dimensions of an elementwise result.

    Raises:
        Inexpressible: they do not go together.
    """
    rank = max(map(len, dims))
    padded = [_ranked(d, rank) for d in dims]
    out = []
    for sizes in zip(*padded, strict=True):
        wide = {n for n in sizes if n != 1}
        if len(wide) > 1:
            raise OnnxInexpressible(f"dimensions {sorted(wide)} do not go together")
        out.append(wide.pop() if wide else 1)
    return tuple(out)


def broadest(dims: list[Shape]) -> Shape:
    """The same; the first dimensions where they do not go together."""
    try:
        return broadcast(dims)
    except OnnxInexpressible:
        return dims[0]


def _ranked(dims: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(dims)) + dims


def natural(value: Value) -> int:
    """The axis of the channels: the second, or the last where that is nearer to what was made."""
    rank = len(value.shape)
    if rank < 3 or value.shape[0] != 1:
        return 1
    last = value.permuted((0, rank - 1, *range(1, rank - 1))).reshaped(
        (value.shape[-1], *value.shape[1:-1])
    )
    first = value.reshaped(value.shape[1:])
    if not any(step.order for step in first.steps):
        return 1
    if len(last.steps) < len(first.steps):
        return rank - 1
    order = order_of(last.made, last.steps)
    return rank - 1 if order is not None and order.kept else 1


def join(importer: OnnxImporter, step: OnnxNode, a: str, b: str) -> Value:
    """Two activations added or multiplied.

    Raises:
        Inexpressible: it is no such step, or their shapes do not go together.
    """
    if step.op not in JOINED:
        raise OnnxInexpressible("no sum or product")
    word = JOINED[step.op]
    left, right = importer.see(a), importer.see(b)
    dims = broadcast([left.shape, right.shape])
    if step.op not in PLAIN:
        importer.notes[f"{step.op} is written as {word}"] = None
    if left.made == right.made and left.steps == right.steps:
        return replace(left, base=importer.emit(step, word, [left.base, right.base]).base)
    rank, channel = len(dims), natural(max(left, right, key=lambda side: prod(side.shape)))
    order = tuple(range(rank))
    if dims[0] == 1 and rank > 1:
        order = (0, channel, *(axis for axis in range(1, rank) if axis != channel))
    sides = [side.reshaped(_ranked(side.shape, rank)).permuted(order) for side in (left, right)]
    want = tuple(dims[axis] for axis in order)
    made = _joined(importer, step, word, *sides).reshaped(want)
    return made.permuted(tuple(order.index(axis) for axis in range(rank)))


def _joined(importer: OnnxImporter, step: OnnxNode, word: str, left: Value, right: Value) -> Value:
    """Of one rank, channels first; a batch of one is left out."""
    want = broadcast([left.shape, right.shape])
    if want[0] == 1 and len(want) > 1:
        left, right, want = (*(s.reshaped(s.shape[1:]) for s in (left, right)), want[1:])
    gate = _gated(left.shape, right.shape, want) if word == "mul" else 0
    if gate:
        # The axes that both have are the channels, those of the larger alone the positions.
        extents = want[gate:] if len(want) - gate < AXES else (prod(want[gate:]),)
        shapes = ((prod(want[:gate]), *extents), (prod(want[:gate]), *(1 for _ in extents)))
        sides = [
            side.reshaped(shapes[0] if side.shape == want else shapes[1]) for side in (left, right)
        ]
    else:
        sides = [s if s.shape == want else spread(importer, step, s, want) for s in (left, right)]
        if len(want) > AXES:
            sides = [side.reshaped((want[0], prod(want[1:]))) for side in sides]
    return importer.emit(step, word, [importer.solid(step, side) for side in sides])


def _gated(left: Shape, right: Shape, want: Shape) -> int:
    """How many axes a gate has, of size one along all further ones; none if it is no gate."""
    if want not in (left, right) or left == right:
        return 0
    small = right if left == want else left
    kept = [axis for axis, (n, m) in enumerate(zip(small, want, strict=True)) if n == m]
    wide = [axis for axis in kept if want[axis] != 1]
    last = wide[-1] + 1 if wide else 1
    return last if all(axis in kept for axis in range(last)) else 0


def spread(importer: OnnxImporter, step: OnnxNode, value: Value, want: Shape) -> Value:
    """Repeat along axes of one, as an upsampling: of the map, or of a column of its units.

    Raises:
        Inexpressible: other axes differ.
    """
    rank = len(want)
    if rank > 1 and value.shape[0] == want[0] == 1:
        inner = value.reshaped(value.shape[1:])
        return spread(importer, step, inner, want[1:]).reshaped(want)
    kept = tuple(axis for axis in range(rank) if value.shape[axis] == want[axis])
    over = tuple(axis for axis in range(rank) if axis not in kept)
    if not over:
        return value
    if any(value.shape[axis] != 1 for axis in over):
        sizes = ("x".join(map(str, shape)) for shape in (value.shape, want))
        raise OnnxInexpressible(" repeated to ".join(sizes))
    quiet = OnnxNode("", "", (), step.outputs, {})
    if kept == (0,) and rank <= AXES:
        name = importer.solid(step, value)
        return importer.emit(quiet, "upsample", [name], size=want[1:])
    order = (*kept, *over)
    column = value.permuted(order).reshaped((prod(value.shape), 1))
    wide = (prod(want[axis] for axis in over),)
    made = importer.emit(quiet, "upsample", [importer.solid(step, column)], size=wide)
    turned = made.reshaped(tuple(want[axis] for axis in order))
    return turned.permuted(tuple(order.index(axis) for axis in range(rank)))
