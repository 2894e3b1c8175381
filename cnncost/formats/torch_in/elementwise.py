"""Activations, sums, products and norms of a traced program."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

from cnncost.formats.graph import Op
from cnncost.formats.torch_in.builder import Builder, Call, subject
from cnncost.formats.value import Constant, Shape, Value

ACTIVATIONS = {
    "relu": "relu", "relu6": "relu6", "leaky_relu": "leaky_relu", "elu": "elu", "selu": "selu",
    "celu": "elu", "gelu": "gelu", "silu": "silu", "hardswish": "hardswish",
    "sigmoid": "sigmoid", "hardsigmoid": "hardsigmoid", "tanh": "tanh", "softplus": "softplus",
    "mish": "mish", "softmax": "softmax", "log_softmax": "logsoftmax",
}  # fmt: skip
INPLACE = ("relu", "relu6", "silu", "hardswish", "hardsigmoid", "mish")


def on_each(b: Builder, call: Call, word: str, **arguments: Any) -> Value:  # Any: of all kinds
    """A layer that treats every number alike commutes with views: they stay views."""
    x = subject(call)
    plain = Value(x.base, x.made)
    made = b.layer(call, word, [plain], x.made, **arguments)
    return replace(made, steps=x.steps, spread=x.spread)


def activation(b: Builder, call: Call) -> Value:
    """An activation function."""
    word = ACTIVATIONS[call.target]
    if call.target == "celu":
        b.standing_in("celu", "elu")
    given = {"inplace": True} if call.inplace and word in INPLACE else {}
    return on_each(b, call, word, **given)


def hardtanh(b: Builder, call: Call) -> Value:
    """Between 0 and 6 it is ReLU6."""
    low, high = call.arguments.get("min_val", -1), call.arguments.get("max_val", 1)
    if (low, high) == (0, 6):
        return on_each(b, call, "relu6", **({"inplace": True} if call.inplace else {}))
    b.standing_in(f"hardtanh({low}, {high})", "hardsigmoid")
    return on_each(b, call, "hardsigmoid")


def prelu(b: Builder, call: Call) -> Value:
    """One slope a channel, or one in all."""
    x, slopes = call.arguments["self"], call.arguments["weight"]
    given = {"shared": True} if slopes.size == 1 else {}
    return b.layer(call, "prelu", [x], x.shape, learned=[slopes], **given)


def dropout(b: Builder, call: Call) -> Value:
    """Dropout, which does nothing at rate 0."""
    rate = Fraction(str(call.arguments.get("p", 0.5)))
    return on_each(b, call, "dropout", rate=rate) if rate else subject(call)


def stand_in(b: Builder, call: Call) -> Value:
    """A function of each number that the language has no word for: no cost, the same shape."""
    b.standing_in(call.target, "identity")
    return on_each(b, call, "identity")


def passed(b: Builder, call: Call) -> Any:  # Any: the argument itself
    """What changes neither shape nor numbers."""
    return subject(call)


def join(b: Builder, call: Call) -> Any:  # Any: a value, or the argument passed on
    """Sums, differences, products and quotients of two, either of which may be no activation."""
    word = "add" if call.target in ("add", "sub", "rsub", "maximum", "minimum") else "mul"
    one, other = call.arguments["self"], call.arguments["other"]
    if not isinstance(one, Value):
        one, other = other, one
    if isinstance(other, Constant):
        return with_constant(b, call, one, other, word)
    if not isinstance(other, Value):
        return one
    if call.target not in ("add", "mul"):
        b.standing_in(call.target, word)
    if one == other:
        return stand_in(b, replace(call, arguments={"self": one}))
    if one.steps == other.steps and one.made == other.made and one.spread == other.spread:
        plain = [Value(one.base, one.made), Value(other.base, other.made)]
        made = b.layer(call, word, plain, one.made)
        return replace(made, steps=one.steps, spread=one.spread)
    return _broadcast(b, call, word, one, other)


def _broadcast(b: Builder, call: Call, word: str, one: Value, other: Value) -> Value:
    shape = call.shape
    one, other = _ranked(one, len(shape)), _ranked(other, len(shape))
    if one.shape == other.shape == shape:
        return b.layer(call, word, [one, other], shape)
    if one.shape != shape:
        one, other = other, one
    if one.shape != shape:
        one = b.spread_over(call, one, shape, _kept(one.shape, shape))
    if other.shape == shape:
        return b.layer(call, word, [one, other], shape)
    kept = _kept(other.shape, shape)
    if word == "add":
        return b.layer(call, word, [one, b.spread_over(call, other, shape, kept)], shape)
    return _gated(b, call, one, other, kept)


def _kept(small: Shape, shape: Shape) -> list[int]:
    return [axis for axis, size in enumerate(shape) if small[axis] == size and size != 1]


def _gated(b: Builder, call: Call, one: Value, gate: Value, kept: list[int]) -> Value:
    """A product with a gate: its own axes are channels, those that it is spread over positions."""
    shape = one.shape
    over = [axis for axis in range(len(shape)) if axis not in kept]
    if kept in ([0], []) and gate.shape[1:] == (1,) * (len(shape) - 1) and kept == [0]:
        return b.layer(call, "mul", [one, gate], shape)
    order = (*kept, *over)
    sizes = (prod(shape[axis] for axis in kept), prod(shape[axis] for axis in over))
    flat = one.permuted(order).reshaped(sizes)
    column = gate.permuted(order).reshaped((sizes[0], 1))
    made = b.layer(call, "mul", [flat, column], sizes)
    turned = made.reshaped(tuple(shape[axis] for axis in order))
    return turned.permuted(tuple(order.index(axis) for axis in range(len(shape))))


def _ranked(value: Value, rank: int) -> Value:
    """With axes of one in front, as broadcasting has it."""
    if value.spread:
        value = replace(value, spread=())
    missing = rank - len(value.shape)
    return value.reshaped((1,) * missing + value.shape) if missing > 0 else value


def with_constant(b: Builder, call: Call, x: Value, constant: Constant, word: str) -> Value:
    """Learned factors are a scale; learned terms the bias of what is before them."""
    if not constant.sources:
        return x
    # The constant's axes are the last of the whole shape, the batch's included.
    axes = [axis for axis, size in enumerate(constant.shape) if size != 1]
    axis = len(x.shape) - len(constant.shape) + axes[0] if len(axes) == 1 else -1
    if constant.size == 1:
        if word == "add":
            b.standing_in("a learned shift", "scale")
        return b.layer(call, "scale", [x], x.shape, learned=[constant], shared=True)
    if len(axes) > 1 or axis < 0 or x.shape[axis] != constant.size:
        return b.opaque(call, f"{call.target}_parameters", [x], x.shape)
    front = x.front(axis)
    if word == "mul":
        return b.layer(call, "scale", [front], front.shape, learned=[constant]).back(axis)
    before = b.ops.get(front.base)
    if not front.steps and before and b.uses(front.base) == 0:
        if before.word == "scale" and not before.arguments:
            b.standing_in("a learned scale and shift", "batchnorm")
            return _replaced(b, before, "batchnorm", {}, constant, front).back(axis)
        if before.arguments.get("bias") is False:
            given = {key: v for key, v in before.arguments.items() if key != "bias"}
            return _replaced(b, before, before.word, given, constant, front).back(axis)
    b.standing_in("a learned shift", "scale")
    return b.layer(call, "scale", [front], front.shape, learned=[constant]).back(axis)


def _replaced(
    b: Builder, op: Op, word: str, arguments: dict[str, Any], learned: Constant, value: Value
) -> Value:  # Any: arguments of all kinds
    b.replace(Op(op.name, word, arguments, op.reads, op.shares, op.frozen), [learned])
    return value


def addcmul(b: Builder, call: Call) -> Value:
    """a + b c, any of which may be parameters."""
    a = call.arguments
    product = join(b, replace(call, target="mul", arguments=_pair(a["tensor1"], a["tensor2"])))
    made: Value = join(b, replace(call, target="add", arguments=_pair(product, a["self"])))
    return made


def _pair(one: object, other: object) -> dict[str, object]:
    return {"self": one, "other": other}


def norm(b: Builder, call: Call) -> Value:
    """Batch, instance and group norms: over channels, which are the first axis."""
    a = call.arguments
    x: Value = a["input"]
    word = call.target.replace("_", "")
    weight, bias = a.get("weight"), a.get("bias")
    given: dict[str, Any] = {"groups": a["num_groups"]} if word == "groupnorm" else {}
    return _affine(b, call, word, x, weight, bias, given)


def layer_norm(b: Builder, call: Call) -> Value:
    """Over the last axis, as channels; over all axes it is a group norm of one group."""
    a = call.arguments
    x: Value = a["input"]
    if len(a["normalized_shape"]) != 1:
        return b.opaque(call, "layer_norm_axes", [x], call.shape)
    last = len(x.shape) - 1
    front = x.front(last)
    return _affine(b, call, "layernorm", front, a.get("weight"), a.get("bias"), {}).back(last)


def rms_norm(b: Builder, call: Call) -> Value:
    """A layer norm without a mean and without biases."""
    b.standing_in("rms_norm", "layernorm")
    return layer_norm(b, call)


def _affine(
    b: Builder, call: Call, word: str, x: Value, weight: Constant | None,
    bias: Constant | None, given: dict[str, Any],
) -> Value:  # fmt: skip  # Any: arguments of all kinds
    """With factors and terms; with factors alone a scale stands behind it."""
    if weight is not None and bias is not None:
        return b.layer(call, word, [x], x.shape, learned=[weight, bias], **given)
    made = b.layer(call, word, [x], x.shape, affine=False, **given)
    if weight is not None:
        return b.layer(call, "scale", [made], made.shape, learned=[weight])
    return made
