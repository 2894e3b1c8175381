"""Activations, sums and products number by number, and dropout of a traced program."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

from cnncost.formats.graph import Op
from cnncost.formats.tensor_value import Constant, Shape, Value
from cnncost.formats.torch_in.torch_importer import (
    TorchCall,
    TorchImporter,
    as_map_shape,
    subject_of,
)

ACTIVATIONS = {
    "relu": "relu", "relu6": "relu6", "leaky_relu": "leaky_relu", "elu": "elu", "selu": "selu",
    "celu": "elu", "gelu": "gelu", "silu": "silu", "hardswish": "hardswish",
    "sigmoid": "sigmoid", "hardsigmoid": "hardsigmoid", "tanh": "tanh", "softplus": "softplus",
    "mish": "mish", "softmax": "softmax", "log_softmax": "logsoftmax", "_softmax": "softmax",
    "_log_softmax": "logsoftmax",
}  # fmt: skip
INPLACE = ("relu", "relu6", "silu", "hardswish", "hardsigmoid", "mish")
MEETS = ("add", "sub", "rsub", "maximum", "minimum", "where")
"""Operations of two that are written as a sum; others as a product."""


def emit_elementwise(
    b: TorchImporter, call: TorchCall, word: str, **arguments: Any
) -> Value:  # Any: of all kinds
    """A layer that treats every number alike commutes with views: they stay views."""
    x = subject_of(call)
    made = b.emit_layer(call, word, [Value(x.base, x.made)], x.made, **arguments)
    return replace(made, steps=x.steps, spread=x.spread)


def emit_activation(b: TorchImporter, call: TorchCall) -> Value:
    """An activation function."""
    word = ACTIVATIONS[call.target]
    if call.target == "celu":
        b.note_stand_in("celu", "elu")
    given = {"inplace": True} if call.inplace and word in INPLACE else {}
    return emit_elementwise(b, call, word, **given)


def emit_hardtanh(b: TorchImporter, call: TorchCall) -> Value:
    """Between 0 and 6 it is ReLU6."""
    low, high = call.arguments.get("min_val", -1), call.arguments.get("max_val", 1)
    if (low, high) == (0, 6):
        return emit_elementwise(b, call, "relu6", **({"inplace": True} if call.inplace else {}))
    b.note_stand_in(f"hardtanh({low}, {high})", "hardsigmoid")
    return emit_elementwise(b, call, "hardsigmoid")


def emit_prelu(b: TorchImporter, call: TorchCall) -> Value:
    """One slope a channel, which is the axis behind the batch, or one in all."""
    x, slopes = b.emit_whole(call, call.arguments["self"]), call.arguments["weight"]
    if not isinstance(slopes, Constant):
        return b.emit_moved(call, "prelu", call.read_values(), call.shape)
    axis = 1 if len(x.shape) > 1 and slopes.size > 1 else 0
    plain = x.reshape_to(as_map_shape(x.shape)) if slopes.size == 1 else as_channels(x, [axis])
    given = {"shared": True} if slopes.size == 1 else {}
    made = b.emit_layer(call, "prelu", [plain], plain.shape, learned=[slopes], **given)
    return made.reshape_to(x.shape) if slopes.size == 1 else from_channels(made, x.shape, [axis])


def emit_dropout(b: TorchImporter, call: TorchCall) -> Value:
    """Dropout, which does nothing at rate 0."""
    rate = Fraction(str(call.arguments.get("p", 0.5)))
    return emit_elementwise(b, call, "dropout", rate=rate) if 0 < rate < 1 else subject_of(call)


def emit_stand_in(b: TorchImporter, call: TorchCall) -> Value:
    """A function of each number that the language has no word for: no cost, the same shape."""
    b.note_stand_in(call.target, "identity")
    return emit_elementwise(b, call, "identity")


def pass_through(b: TorchImporter, call: TorchCall) -> Any:  # Any: the argument itself
    """What changes neither shape nor numbers."""
    return subject_of(call)


def emit_join(b: TorchImporter, call: TorchCall) -> Any:  # Any: a value, or the argument passed on
    """Sums, differences, products and quotients of two, either of which may be no activation."""
    word = "add" if call.target in MEETS else "mul"
    one, other = call.arguments["self"], call.arguments["other"]
    if not isinstance(one, Value):
        one, other = other, one
    if isinstance(other, Constant):
        return emit_with_constant(b, call, one, other, word)
    if not isinstance(other, Value):
        return one
    if call.target not in ("add", "mul"):
        b.note_stand_in(call.target, word)
    if one == other:
        return emit_stand_in(b, replace(call, arguments={"self": one}))
    if one.steps == other.steps and one.made == other.made and one.spread == other.spread:
        made = b.emit_layer(
            call, word, [Value(one.base, one.made), Value(other.base, one.made)], one.made
        )
        return replace(made, steps=one.steps, spread=one.spread)
    return _emit_broadcast_join(b, call, word, one, other)


def _emit_broadcast_join(
    b: TorchImporter, call: TorchCall, word: str, one: Value, other: Value
) -> Value:
    """A sum or a product of two shapes, brought to one shape without a batch of one."""
    rank = len(call.shape)
    one, other = _pad_rank(b, call, one, rank), _pad_rank(b, call, other, rank)
    shape = call.shape[1:] if rank > 1 and call.shape[0] == 1 else call.shape or (1,)
    one, other = (
        one.reshape_to(one.shape[-len(shape) :] if one.shape else (1,)),
        other.reshape_to(other.shape[-len(shape) :] if other.shape else (1,)),
    )
    return _emit_aligned_join(b, call, word, one, other, shape).reshape_to(call.shape)


def _emit_aligned_join(
    b: TorchImporter, call: TorchCall, word: str, one: Value, other: Value, shape: Shape
) -> Value:
    if one.shape != shape:
        one, other = other, one
    if one.shape != shape:
        one = b.emit_spread_over(call, one, shape, _kept_axes(one.shape, shape))
    if other.shape == shape:
        plain = as_map_shape((1, *shape))
        return b.emit_layer(call, word, [one.reshape_to(plain), other.reshape_to(plain)], plain)
    kept = _kept_axes(other.shape, shape)
    if word == "add":
        wide = b.emit_spread_over(call, other, shape, kept)
        return _emit_aligned_join(b, call, word, one, wide, shape)
    return _emit_gate(b, call, one, other, kept).reshape_to(shape)


def _kept_axes(small: Shape, shape: Shape) -> list[int]:
    return [axis for axis, size in enumerate(shape) if small[axis] == size and size != 1]


def _emit_gate(
    b: TorchImporter, call: TorchCall, one: Value, gate: Value, kept: list[int]
) -> Value:
    """A product with a gate: its own axes are channels, those that it is spread over positions."""
    shape = one.shape
    over = [axis for axis in range(len(shape)) if axis not in kept]
    if kept == [0] and gate.shape[1:] == (1,) * (len(shape) - 1) and len(shape) <= 4:
        return b.emit_layer(call, "mul", [one, gate], shape)
    order = (*kept, *over)
    sizes = (prod(shape[axis] for axis in kept), prod(shape[axis] for axis in over))
    flat = one.permute_axes(order).reshape_to(sizes)
    column = gate.permute_axes(order).reshape_to((sizes[0], 1))
    made = b.emit_layer(call, "mul", [flat, column], sizes)
    turned = made.reshape_to(tuple(shape[axis] for axis in order))
    return turned.permute_axes(tuple(order.index(axis) for axis in range(len(shape))))


def _pad_rank(b: TorchImporter, call: TorchCall, value: Value, rank: int) -> Value:
    """With axes of one in front, as broadcasting has it; what is spread takes part unspread."""
    if value.spread:
        value = replace(value, spread=())
    missing = rank - len(value.shape)
    return value.reshape_to((1,) * missing + value.shape) if missing > 0 else value


def as_channels(x: Value, axes: list[int]) -> Value:
    """With these axes as the channels and the others as positions, as a spec's map."""
    rest = [axis for axis in range(len(x.shape)) if axis not in axes]
    inner = [x.shape[axis] for axis in rest]
    while len(inner) > 0 and inner[0] == 1 and rest[0] == 0:
        inner, rest = inner[1:], rest[1:]
    order = [axis for axis in range(len(x.shape)) if axis not in axes]
    positions = tuple(inner) if len(inner) < 4 else (prod(inner),)
    channels = prod(x.shape[axis] for axis in axes)
    return x.permute_axes((*axes, *order)).reshape_to((channels, *positions))


def from_channels(made: Value, shape: Shape, axes: list[int]) -> Value:
    """The way back to a shape."""
    order = [*axes, *(axis for axis in range(len(shape)) if axis not in axes)]
    turned = made.reshape_to(tuple(shape[axis] for axis in order))
    return turned.permute_axes(tuple(order.index(axis) for axis in range(len(shape))))


def emit_with_constant(
    b: TorchImporter, call: TorchCall, x: Value, constant: Constant, word: str
) -> Value:
    """Learned factors are a scale; learned terms the bias of what is before them."""
    rank, shape = len(call.shape), call.shape
    x = b.emit_whole(call, x)
    x = x.reshape_to((1,) * (rank - len(x.shape)) + x.shape)
    if x.shape != shape:
        x = replace(x, spread=shape)
    if not constant.sources:
        return x
    x = b.emit_whole(call, x)
    sizes = (1,) * (rank - len(constant.shape)) + constant.shape
    axes = [axis for axis, size in enumerate(sizes) if size != 1]
    if constant.size == 1 and prod(shape) > 1:
        if word == "add":
            b.note_stand_in("a learned shift", "scale")
        plain = x.reshape_to(as_map_shape(shape))
        made = b.emit_layer(call, "scale", [plain], plain.shape, learned=[constant], shared=True)
        return made.reshape_to(shape)
    seen = as_channels(x, axes)
    made = _emit_scaled(b, call, seen, constant, word)
    return from_channels(made, shape, axes)


def _emit_scaled(
    b: TorchImporter, call: TorchCall, x: Value, constant: Constant, word: str
) -> Value:
    if word == "mul":
        return b.emit_layer(call, "scale", [x], x.shape, learned=[constant])
    before = b.ops.get(x.base)
    if not x.steps and before and b.count_uses(x.base) == 0 and b.learned[x.base]:
        if before.word == "scale" and not before.arguments:
            b.note_stand_in("a learned scale and shift", "batchnorm")
            b.replace_operation(replace(before, word="batchnorm"), [constant])
            return x
        if before.arguments.get("bias") is False:
            given = {key: v for key, v in before.arguments.items() if key != "bias"}
            b.replace_operation(Op(before.name, before.word, given, before.reads), [constant])
            return x
    b.note_stand_in("a learned shift", "scale")
    return b.emit_layer(call, "scale", [x], x.shape, learned=[constant])


def emit_addcmul(b: TorchImporter, call: TorchCall) -> Value:
    """a + b c, any of which may be parameters."""
    a = call.arguments
    one, other = a["tensor1"], a["tensor2"]
    if not isinstance(one, Value) and not isinstance(other, Value):
        return b.emit_moved(call, call.target, call.read_values(), call.shape)
    shape = _broadcast_shape(one, other)
    product = emit_join(
        b, replace(call, target="mul", arguments=_operand_pair(one, other), shapes=(shape,))
    )
    made: Value = emit_join(
        b, replace(call, target="add", arguments=_operand_pair(product, a["self"]))
    )
    return made


def _broadcast_shape(one: Any, other: Any) -> Shape:  # Any: values and constants
    """The shape that two are broadcast to."""
    shapes = [getattr(t, "spread", ()) or t.shape for t in (one, other)]
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(max(pair) for pair in zip(*padded, strict=True))


def _operand_pair(one: object, other: object) -> dict[str, object]:
    return {"self": one, "other": other}
