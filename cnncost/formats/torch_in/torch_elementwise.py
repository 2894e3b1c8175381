"""Sums, products and other functions number by number of a traced program."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from cnncost.formats.graph import Op
from cnncost.formats.importing import as_map_shape
from cnncost.formats.tensor_value import Constant, Shape, Value
from cnncost.formats.torch_in.torch_importer import (
    TorchCall,
    TorchImporter,
    subject_of,
)

MEETS = ("add", "sub", "rsub", "maximum", "minimum", "where")
"""Operations of two that are written as a sum; others as a product."""


def emit_elementwise(
    b: TorchImporter, call: TorchCall, word: str, **arguments: Any
) -> Value:  # Any: of all kinds
    """Emit a layer that treats every number alike on what was made; the views of its input become
    views of its result."""
    x = subject_of(call)
    made = b.emit_layer(call, word, [Value(x.base, x.made)], x.made, **arguments)
    return replace(made, steps=x.steps, spread=x.spread)


def emit_stand_in(b: TorchImporter, call: TorchCall) -> Value:
    """Emit an identity for a function of each number that the language has no word for."""
    b.notes.add_stand_in(call.target, "identity")
    return _emit_function(b, call, _function_name(call))


def _function_name(call: TorchCall) -> str:
    """Return what memory depends on: the function, which bounds a clamp has, and whether it works
    in place."""
    name = call.target
    if name == "clamp":
        low, high = call.arguments.get("min"), call.arguments.get("max")
        name = "clamp_max" if low is None else "clamp_min" if high is None else "clamp"
    tensors = sum(isinstance(a, Value | Constant) for a in call.arguments.values())
    if tensors > 1 or (name == "pow" and call.arguments.get("exponent") in (0, 1)):
        return f"{name}_of_several"
    return f"{name}_" if call.inplace else name


def _emit_function(b: TorchImporter, call: TorchCall, what: str) -> Value:
    """Emit a layer without costs that stands for a function of each number."""
    return emit_elementwise(b, call, "identity", stands_for=what)


def pass_through(b: TorchImporter, call: TorchCall) -> Any:  # Any: the argument itself
    """Return the input of an operation that changes neither shape nor numbers."""
    return subject_of(call)


def emit_join(b: TorchImporter, call: TorchCall) -> Any:  # Any: a value, or the argument passed on
    """Emit a sum, difference, product or quotient of two operands, of which one may be a constant
    or a number."""
    word = "add" if call.target in MEETS else "mul"
    one, other = call.arguments["self"], call.arguments["other"]
    if not isinstance(one, Value):
        one, other = other, one
    if isinstance(other, Constant):
        return emit_with_constant(b, call, one, other, word)
    if not isinstance(other, Value):
        return _with_number(b, call, one)
    if call.target not in ("add", "mul"):
        b.notes.add_stand_in(call.target, word)
    if one == other:
        b.notes.add_stand_in(call.target, "identity")
        what = {"add": "doubled", "mul": "squared"}.get(call.target, f"{call.target}_of_itself")
        return _emit_function(b, replace(call, arguments={"self": one}), _in_place(call, what))
    given = _join_arguments(call)
    if one.steps == other.steps and one.made == other.made and one.spread == other.spread:
        reads = [Value(one.base, one.made), Value(other.base, one.made)]
        made = b.emit_layer(call, word, reads, one.made, **given)
        return replace(made, steps=one.steps, spread=one.spread)
    return _emit_broadcast_join(b, call, word, one, other, given)


def _join_arguments(call: TorchCall) -> dict[str, Any]:  # Any: a flag or a word
    """Return the arguments of a sum or product that its memory depends on; none where it is as
    usual."""
    scaled = call.arguments.get("alpha", 1) != 1
    plain = call.target in ("add", "mul") and not scaled
    if call.target == "add" and call.inplace and not scaled:
        return {"inplace": True}
    if plain and not call.inplace:
        return {}
    what = f"{call.target}_of_multiples" if scaled else call.target
    return {"stands_for": _in_place(call, what)}


def _in_place(call: TorchCall, what: str) -> str:
    return f"{what}_" if call.inplace else what


def _with_number(b: TorchImporter, call: TorchCall, x: Value) -> Value:
    """Emit an identity for a sum or product with a number: it costs nothing and allocates its
    result."""
    turned = call.target == "rsub" or (
        call.target in ("sub", "div") and not isinstance(call.arguments["self"], Value)
    )
    if call.target in ("add", "sub") and not turned:
        return (
            x if call.inplace else _emit_function(b, replace(call, arguments={"self": x}), "shift")
        )
    if call.target in ("mul", "div") and not turned:
        what = _in_place(call, "factor")
    elif turned and call.target != "div":
        what = _in_place(call, "neg")
    else:
        what = f"{call.target}_and_a_number"
    return _emit_function(b, replace(call, arguments={"self": x}), what)


def _emit_broadcast_join(
    b: TorchImporter, call: TorchCall, word: str, one: Value, other: Value, given: dict[str, Any]
) -> Value:
    """Emit a sum or product of two shapes, each brought to the common shape without a batch of
    one."""
    rank = len(call.shape)
    one, other = _pad_rank(b, call, one, rank), _pad_rank(b, call, other, rank)
    shape = call.shape[1:] if rank > 1 and call.shape[0] == 1 else call.shape or (1,)
    one, other = (
        one.reshape_to(one.shape[-len(shape) :] if one.shape else (1,)),
        other.reshape_to(other.shape[-len(shape) :] if other.shape else (1,)),
    )
    return _emit_aligned_join(b, call, word, (one, other), shape, given).reshape_to(call.shape)


TURNED = {"sub": "rsub", "rsub": "sub"}
"""What the difference is once its sides are exchanged."""


def _emit_aligned_join(
    b: TorchImporter, call: TorchCall, word: str, both: tuple[Value, Value], shape: Shape,
    given: dict[str, Any],
) -> Value:  # fmt: skip
    one, other = both
    if one.shape != shape:
        one, other = other, one
        if "stands_for" in given:
            stood = given["stands_for"]
            given = {"stands_for": TURNED.get(stood, f"{stood}_turned")}
    if one.shape != shape:
        one = b.emit_spread_over(call, one, shape, _kept_axes(one.shape, shape))
    if other.shape == shape:
        plain = as_map_shape((1, *shape))
        return b.emit_layer(
            call, word, [one.reshape_to(plain), other.reshape_to(plain)], plain, **given
        )
    kept = _kept_axes(other.shape, shape)
    if word == "add":
        wide = b.emit_spread_over(call, other, shape, kept)
        return _emit_aligned_join(b, call, word, (one, wide), shape, given)
    if "stands_for" in given:
        given = {"stands_for": f"{given['stands_for']}_by_a_gate"}
    return _emit_gate(b, call, one, other, kept, given).reshape_to(shape)


def _kept_axes(small: Shape, shape: Shape) -> list[int]:
    return [axis for axis, size in enumerate(shape) if small[axis] == size and size != 1]


def _emit_gate(
    b: TorchImporter, call: TorchCall, one: Value, gate: Value, kept: list[int],
    given: dict[str, Any],
) -> Value:  # fmt: skip
    """Emit a product with a gate: the axes that the gate has become channels, those that it is
    spread over positions."""
    shape = one.shape
    over = [axis for axis in range(len(shape)) if axis not in kept]
    if kept == [0] and gate.shape[1:] == (1,) * (len(shape) - 1) and len(shape) <= 4:
        return b.emit_layer(call, "mul", [one, gate], shape, **given)
    order = (*kept, *over)
    sizes = (prod(shape[axis] for axis in kept), prod(shape[axis] for axis in over))
    flat = one.permute_axes(order).reshape_to(sizes)
    column = gate.permute_axes(order).reshape_to((sizes[0], 1))
    made = b.emit_layer(call, "mul", [flat, column], sizes, **given)
    turned = made.reshape_to(tuple(shape[axis] for axis in order))
    return turned.permute_axes(tuple(order.index(axis) for axis in range(len(shape))))


def _pad_rank(b: TorchImporter, call: TorchCall, value: Value, rank: int) -> Value:
    """Return the value with axes of one in front, as broadcasting adds them; a spread value is
    returned unspread."""
    if value.spread:
        value = replace(value, spread=())
    missing = rank - len(value.shape)
    return value.reshape_to((1,) * missing + value.shape) if missing > 0 else value


def as_channels(x: Value, axes: list[int]) -> Value:
    """Return the value with these axes as its channels and the others as its positions."""
    rest = [axis for axis in range(len(x.shape)) if axis not in axes]
    inner = [x.shape[axis] for axis in rest]
    while len(inner) > 0 and inner[0] == 1 and rest[0] == 0:
        inner, rest = inner[1:], rest[1:]
    order = [axis for axis in range(len(x.shape)) if axis not in axes]
    positions = tuple(inner) if len(inner) < 4 else (prod(inner),)
    channels = prod(x.shape[axis] for axis in axes)
    return x.permute_axes((*axes, *order)).reshape_to((channels, *positions))


def from_channels(made: Value, shape: Shape, axes: list[int]) -> Value:
    """Return the value in this shape again, which `as_channels` turned."""
    order = [*axes, *(axis for axis in range(len(shape)) if axis not in axes)]
    turned = made.reshape_to(tuple(shape[axis] for axis in order))
    return turned.permute_axes(tuple(order.index(axis) for axis in range(len(shape))))


def emit_with_constant(
    b: TorchImporter, call: TorchCall, x: Value, constant: Constant, word: str
) -> Value:
    """Emit a join with a constant: learned factors are a scale, learned terms the bias of the layer
    before."""
    rank, shape = len(call.shape), call.shape
    x = b.emit_whole(call, x)
    x = x.reshape_to((1,) * (rank - len(x.shape)) + x.shape)
    if x.shape != shape:
        x = replace(x, spread=shape)
    if not constant.sources:
        b.notes.add_stand_in(f"{call.target} of a constant", "identity")
        alone = replace(call, arguments={"self": x})
        shifted = call.target == "add" or (call.target == "sub" and call.arguments["self"] == x)
        return _emit_function(b, alone, _in_place(call, "shift" if shifted else "constant_factor"))
    x = b.emit_whole(call, x)
    sizes = (1,) * (rank - len(constant.shape)) + constant.shape
    axes = [axis for axis, size in enumerate(sizes) if size != 1]
    if constant.size == 1 and prod(shape) > 1:
        if word == "add":
            b.notes.add_stand_in("a learned shift", "scale")
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
            b.notes.add_stand_in("a learned scale and shift", "batchnorm")
            b.replace_operation(replace(before, word="batchnorm"), [constant])
            return x
        if before.arguments.get("bias") is False:
            given = {key: v for key, v in before.arguments.items() if key != "bias"}
            b.replace_operation(Op(before.name, before.word, given, before.reads), [constant])
            return x
    b.notes.add_stand_in("a learned shift", "scale")
    return b.emit_layer(call, "scale", [x], x.shape, learned=[constant])


def emit_addcmul(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a + b c, of which any may be parameters."""
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
    """Return the shape that two shapes are broadcast to."""
    shapes = [getattr(t, "spread", ()) or t.shape for t in (one, other)]
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(max(pair) for pair in zip(*padded, strict=True))


def _operand_pair(one: object, other: object) -> dict[str, object]:
    return {"self": one, "other": other}
