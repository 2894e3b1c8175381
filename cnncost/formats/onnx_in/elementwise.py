"""Functions of each number: activations, products, sums, and what they do with constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from cnncost.formats.onnx_in.curves import (
    BINARY,
    POINTS,
    UNARY,
    Curve,
    hardsigmoid,
    known,
    word_of,
)
from cnncost.formats.onnx_in.importer import DEEPEST_CURVE, Importer, Inexpressible, Pending
from cnncost.formats.onnx_in.model import Step
from cnncost.formats.torch_in.value import Shape, Value

_JOINED = {"Add": "add", "Sub": "add", "Mul": "mul", "Div": "mul", "Max": "add", "Min": "add"}
"""How two activations are joined. Those that are no sum or product cost the same: nothing."""


def broadcast(dims: list[Shape]) -> Shape:
    """The dimensions of an elementwise result.

    Raises:
        Inexpressible: they do not go together.
    """
    rank = max(map(len, dims))
    padded = [(1,) * (rank - len(d)) + d for d in dims]
    out = []
    for sizes in zip(*padded, strict=True):
        wide = {n for n in sizes if n != 1}
        if len(wide) > 1:
            raise Inexpressible(f"dimensions {sorted(wide)} do not go together")
        out.append(wide.pop() if wide else 1)
    return tuple(out)


def unary(importer: Importer, step: Step) -> None:
    """A function of one number, or one with constant bounds and slopes."""
    function = _function(importer, step)
    curves: dict[str, Curve] = {}
    for source, curve in _sources(importer, step.inputs[0]).items():
        _sample(curves, source, function, curve)
    importer.pending[step.outputs[0]] = Pending(step, (step.inputs[0],), curves)


def _function(importer: Importer, step: Step) -> Callable[[float], float]:
    from math import exp, expm1

    given = step.attributes
    if step.op in UNARY:
        return UNARY[step.op]
    if step.op == "Clip":
        low, high = _bounds(importer, step)
        return lambda x: min(high, max(low, x))
    if step.op == "HardSigmoid":
        # Keras' slope is 1/5, PyTorch's 1/6; the language has one hardsigmoid for both.
        return hardsigmoid
    if step.op == "LeakyRelu":
        slope = given.get("alpha", 0.01)
        return lambda x: x if x > 0 else slope * x
    if step.op in ("Elu", "Celu"):
        alpha = given.get("alpha", 1.0)
        return lambda x: x if x > 0 else alpha * expm1(x)
    if step.op == "Selu":
        return lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * expm1(x))
    if step.op == "Swish":
        return lambda x: x / (1 + exp(-x))
    return known("gelu")


def _bounds(importer: Importer, step: Step) -> tuple[float, float]:
    """Clip's, from its inputs or, in old files, its attributes."""
    found = [step.attributes.get("min", float("-inf")), step.attributes.get("max", float("inf"))]
    for i, tensor in enumerate(step.inputs[1:3]):
        if tensor:
            constant = importer.constants.get(tensor)
            if constant is None or constant.values is None or not constant.size:
                raise Inexpressible("bounds that are not known before the network runs")
            found[i] = float(constant.values.reshape(-1)[0])
    return found[0], found[1]


def binary(importer: Importer, step: Step) -> None:
    """A sum, product and the like of two tensors, at least one of them an activation."""
    if len(step.inputs) > 2:
        _several(importer, step)
        return
    a, b = step.inputs if len(step.inputs) == 2 else (step.inputs[0], step.inputs[0])
    constant = next((t for t in (a, b) if t in importer.constants), None)
    if constant is not None and importer.constants[constant].size != 1:
        from cnncost.formats.onnx_in.learned import with_constant

        with_constant(importer, step, b if constant == a else a, constant)
        return
    if step.op == "Div" and constant is None:
        from cnncost.formats.onnx_in.norms import by_parts

        if by_parts(importer, step):
            return
    curves: dict[str, Curve] = {}
    sides = [_sources(importer, t) if t != constant else None for t in (a, b)]
    scalar = _scalar(importer, constant) if constant is not None else None
    function = BINARY[step.op]
    for source in next(side for side in sides if side is not None):
        ys = [side.get(source) if side is not None else None for side in sides]
        if scalar is None and constant is not None:
            continue
        left = ys[0] if sides[0] is not None else (scalar,) * len(POINTS)
        right = ys[1] if sides[1] is not None else (scalar,) * len(POINTS)
        if left is not None and right is not None:
            _sample_pairs(curves, source, function, left, right)
    if constant is not None and not curves and step.op != "Pow":
        # A learned scalar whose value is not in the file: nothing is counted for it.
        nearest = a if constant == b else b
        curves[nearest] = POINTS
    parents = tuple(t for t in (a, b) if t != constant)
    importer.pending[step.outputs[0]] = Pending(step, parents, curves)


def _several(importer: Importer, step: Step) -> None:
    """Sum, Max and the like of three tensors or more."""
    reads = [t for t in step.inputs if importer.known(t)]
    word = _JOINED.get(step.op, "add")
    names = [importer.channels_first(step, t) for t in reads]
    if len({importer.shapes[name] for name in names}) > 1 or len(names) < 2:
        raise Inexpressible("several tensors of unlike shapes")
    importer.put(step, importer.emit(step, word, names))


def _scalar(importer: Importer, tensor: str) -> float | None:
    constant = importer.constants[tensor]
    return None if constant.values is None else float(constant.values.reshape(-1)[0])


def _sources(importer: Importer, tensor: str) -> dict[str, Curve]:
    """What a tensor may be a function of: itself, and what it was held back over."""
    held = importer.pending.get(tensor)
    older = list(held.curves.items())[-DEEPEST_CURVE:] if held else []
    return {**dict(older), tensor: POINTS}


def _sample(
    curves: dict[str, Curve], source: str, function: Callable[[float], float], xs: Curve
) -> None:
    try:
        curves[source] = tuple(function(x) for x in xs)
    except (ValueError, OverflowError, ZeroDivisionError, TypeError):
        return  # not a function that is defined everywhere, so none of the language's


def _sample_pairs(
    curves: dict[str, Curve],
    source: str,
    function: Callable[[float, float], float],
    left: tuple[float | None, ...],
    right: tuple[float | None, ...],
) -> None:
    try:
        pairs = zip(left, right, strict=True)
        curves[source] = tuple(function(x, y) for x, y in pairs)  # type: ignore[arg-type]  # no None is left
    except (ValueError, OverflowError, ZeroDivisionError, TypeError):
        return


def settle(importer: Importer, tensor: str) -> Value:
    """Emit a step that was held back: as an activation over the furthest tensor for which it is
    one, else as what it is by itself."""
    held = importer.pending[tensor]
    passing = ""
    for source, curve in held.curves.items():
        word = word_of(curve)
        if word == "identity":
            passing = passing or source
        elif word:
            value = importer.see(source)
            made = importer.emit(held.step, word, [value.base])
            return replace(value, base=made.base)
    if passing:
        return importer.see(passing)
    if len(held.parents) == 2:
        return join(importer, held.step, *held.parents)
    value = importer.see(held.parents[0])
    importer.opaque(held.step, value.shape, "no activation of the language has these values")
    return importer.values[tensor]


def join(importer: Importer, step: Step, a: str, b: str) -> Value:
    """Two activations added or multiplied, the smaller repeated to the larger's shape."""
    if step.op not in _JOINED:
        raise Inexpressible("no sum or product")
    word = _JOINED[step.op]
    left, right = importer.see(a), importer.see(b)
    if left.made == right.made and left.steps == right.steps and not left.spread:
        return replace(left, base=importer.emit(step, word, [left.base, right.base]).base)
    dims = broadcast([left.shape, right.shape])
    larger = left if prod(left.shape) >= prod(right.shape) else right
    channel = natural(larger)
    names = [_fitted(importer, step, v, dims, channel, word) for v in (left, right)]
    made = importer.emit(step, word, names)
    importer.put(step, made, channel, len(dims))
    return importer.values[step.outputs[0]]


def natural(value: Value) -> int:
    """The axis of the channels: the second or last, whichever is nearer to what was made."""
    rank = len(value.shape)
    if rank < 3 or value.shape[0] != 1:
        return 1
    last = value.permuted((0, rank - 1, *range(1, rank - 1))).reshaped(
        (value.shape[-1], *value.shape[1:-1])
    )
    first = value.reshaped(value.shape[1:])
    return rank - 1 if len(last.steps) < len(first.steps) else 1


def _fitted(
    importer: Importer, step: Step, value: Value, dims: Shape, channel: int, word: str
) -> str:
    """The operation that makes the value with a join's dimensions, channels first."""
    rank = len(dims)
    if rank > 5 or rank < 2 or dims[0] != 1:
        raise Inexpressible(f"{'x'.join(map(str, dims))} joined")
    value = value.reshaped((1,) * (rank - len(value.shape)) + value.shape)
    order = (0, channel, *(axis for axis in range(1, rank) if axis != channel))
    turned = value.permuted(order)
    inner = turned.reshaped(turned.shape[1:])
    want = tuple(dims[axis] for axis in order)[1:]
    name = importer.solid(step, inner)
    if inner.shape == want or (word == "mul" and inner.shape == (want[0], *[1] * (rank - 2))):
        return name
    return spread(importer, step, name, inner.shape, want)


def spread(importer: Importer, step: Step, name: str, shape: Shape, want: Shape) -> str:
    """Repeat along axes of one, as an upsampling: of the map, or of a column of its units."""
    quiet = Step("", "", (), step.outputs, {})
    if shape[0] == want[0] and all(n == 1 for n in shape[1:]):
        return importer.emit(quiet, "upsample", [name], size=want[1:]).base
    if shape[1:] == want[1:] and shape[0] == 1:
        positions = prod(want[1:])
        column = importer.solid(step, Value(name, shape).reshaped((positions, 1)))
        wide = importer.emit(quiet, "upsample", [column], size=(want[0],))
        turned = wide.permuted((1, 0)).reshaped(want)
        return importer.solid(step, turned)
    raise Inexpressible(f"{'x'.join(map(str, shape))} repeated to {'x'.join(map(str, want))}")


def softmax(importer: Importer, step: Step) -> None:
    """Over its axis, which becomes the channels."""
    value = importer.see(step.inputs[0])
    rank = len(value.shape)
    axis = step.attributes.get("axis", -1) % rank
    word = "softmax" if step.op == "Softmax" else "logsoftmax"
    if rank < 2 or axis == 0:
        raise Inexpressible("softmax over the batch")
    if value.shape[0] != 1 or rank > 5:
        made = importer.emit(step, word, [value.base])
        importer.values[step.outputs[0]] = replace(value, base=made.base)
        return
    name = importer.channels_first(step, step.inputs[0], axis)
    importer.put(step, importer.emit(step, word, [name]), axis, rank)


def prelu(importer: Importer, step: Step) -> None:
    """One slope a channel, or one in all."""
    slopes = importer.constants.get(step.inputs[1])
    if slopes is None:
        raise Inexpressible("slopes that are computed")
    value = importer.see(step.inputs[0])
    made = importer.emit(
        step, "prelu", [value.base], weights=(step.inputs[1],), shared=slopes.size == 1
    )
    importer.values[step.outputs[0]] = replace(value, base=made.base)


def same(importer: Importer, step: Step) -> None:
    """Its input: a cast, an identity, a dropout, which does nothing once a network is trained."""
    importer.values[step.outputs[0]] = importer.see(step.inputs[0])


OPERATIONS = {
    **dict.fromkeys(UNARY, unary),
    **dict.fromkeys(
        ("Clip", "HardSigmoid", "LeakyRelu", "Elu", "Celu", "Selu", "Gelu", "Swish"), unary
    ),
    **dict.fromkeys((*BINARY, "Sum", "Mean"), binary),
    **dict.fromkeys(("Softmax", "LogSoftmax"), softmax),
    "PRelu": prelu,
    **dict.fromkeys(("Identity", "Cast", "CastLike", "Dropout", "QuantizeLinear"), same),
    "DequantizeLinear": same,
}
