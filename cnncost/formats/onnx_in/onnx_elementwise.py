"""Reads functions of each number: activations, sums and products, and those with constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial

from cnncost.formats.importing import Inexpressible
from cnncost.formats.onnx_in.onnx_activation_curves import (
    BINARY,
    POINTS,
    UNARY,
    Curve,
    find_activation,
    hardsigmoid,
    known_activation,
)
from cnncost.formats.onnx_in.onnx_axes import emit_as_channels
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_joins import JOINED, PLAIN, emit_join
from cnncost.formats.onnx_in.onnx_learned_constants import (
    absorb_bias,
    emit_with_constant,
    is_parameter,
)
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.onnx_in.onnx_norms import emit_norm_by_parts
from cnncost.formats.onnx_in.tensor_states import Pending, broadest_shape
from cnncost.formats.tensor_value import Value

DEEPEST = 12
"""Elementwise steps that are taken together at most; gelu by tanh has eight."""

STANDS_IN = "identity"
"""For a function of each number that the language has no word for: it costs the same, nothing."""


def defer_unary(importer: OnnxImporter, step: OnnxNode) -> None:
    """Hold back a function of one number, which may have constant bounds and slopes."""
    function = _unary_function(importer, step)
    curves: dict[str, Curve] = {}
    for source, curve in _source_curves(importer, step.inputs[0]).items():
        _sample_curve(curves, source, function, curve)
    _defer_step(importer, step, (step.inputs[0],), curves)


def _defer_step(
    importer: OnnxImporter, step: OnnxNode, parents: tuple[str, ...], curves: dict[str, Curve]
) -> None:
    """Hold a step back until something reads it; the last of a long row is emitted at once."""
    depth = 1
    for parent in parents:
        held = None if parent in importer.values else importer.pending.get(parent)
        depth = max(depth, held.depth + 1 if held else 1)
    tensor = step.outputs[0]
    emit = partial(emit_deferred, importer, tensor)
    importer.pending[tensor] = Pending(step, parents, curves, emit, depth)
    if depth > DEEPEST:
        importer.emit_value(tensor)


def _unary_function(importer: OnnxImporter, step: OnnxNode) -> Callable[[float], float]:
    from math import exp, expm1

    given = step.attributes
    if step.op in UNARY:
        return UNARY[step.op]
    if step.op == "Clip":
        low, high = _clip_bounds(importer, step)
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
    return known_activation("gelu")


def _clip_bounds(importer: OnnxImporter, step: OnnxNode) -> tuple[float, float]:
    """Return Clip's lower and upper bound, from its inputs or, in old files, its attributes."""
    found = [step.attributes.get("min", float("-inf")), step.attributes.get("max", float("inf"))]
    for i, tensor in enumerate(step.inputs[1:3]):
        if tensor:
            constant = importer.constants.get(tensor)
            if constant is None or constant.values is None or not constant.size:
                raise Inexpressible("bounds that are not known before the network runs")
            found[i] = float(constant.values.reshape(-1)[0])
    return found[0], found[1]


def read_binary(importer: OnnxImporter, step: OnnxNode) -> None:
    """Read a sum, product or other function of two tensors, of which one at least is an
    activation."""
    if len(step.inputs) > 2:
        _emit_several(importer, step)
        return
    if len(step.inputs) == 1:
        copy_input(importer, step)  # the sum, or the largest, of one
        return
    a, b = step.inputs
    constant = next((t for t in (a, b) if t in importer.constants), None)
    if constant is not None:
        other = b if constant == a else a
        if absorb_bias(importer, step, other, constant):
            return
        if importer.constants[constant].size != 1 or is_parameter(importer, constant):
            emit_with_constant(importer, step, other, constant)
            return
    if step.op == "Div" and constant is None and emit_norm_by_parts(importer, step):
        return
    curves: dict[str, Curve] = {}
    flat = _constant_curve(importer, constant) if constant is not None else None
    known = {t: _source_curves(importer, t) for t in (a, b) if t != constant}
    for source in next(iter(known.values())):
        left, right = (flat if t == constant else known[t].get(source) for t in (a, b))
        if left is not None and right is not None:
            _sample_curve(curves, source, BINARY[step.op], left, right)
    if constant is not None and not curves and step.op != "Pow":
        # A learned scalar whose value is not in the file: nothing is counted for it.
        nearest = a if constant == b else b
        curves[nearest] = POINTS
    parents = tuple(t for t in (a, b) if t != constant)
    _defer_step(importer, step, parents, curves)


def _emit_several(importer: OnnxImporter, step: OnnxNode) -> None:
    """Emit a sum, maximum or the like of three tensors or more."""
    reads = [t for t in step.inputs if importer.is_activation(t)]
    values = [importer.emit_value(t) for t in reads]
    if len({value.shape for value in values}) > 1 or len(values) < 2:
        raise Inexpressible("several tensors of unlike shapes")
    word = JOINED.get(step.op, "add")
    if step.op not in PLAIN:
        importer.notes.add_stand_in(step.op, word)
    first = values[0]
    if all(value.steps == first.steps and value.made == first.made for value in values):
        made = importer.emit_layer(step, word, [value.base for value in values])
        importer.values[step.outputs[0]] = replace(first, base=made.base)
        return
    names = [importer.emit_channels_first(step, t) for t in reads]
    importer.set_output(step, importer.emit_layer(step, word, names))


def _constant_curve(importer: OnnxImporter, tensor: str) -> Curve | None:
    """Return a constant's number at every point; None if the file does not hold it."""
    values = importer.constants[tensor].values
    return None if values is None else (float(values.reshape(-1)[0]),) * len(POINTS)


def _source_curves(importer: OnnxImporter, tensor: str) -> dict[str, Curve]:
    """Return, by tensor, the functions that a tensor may be: of itself, and of what its held-back
    steps read."""
    held = None if tensor in importer.values else importer.pending.get(tensor)
    older = list(held.curves.items())[-DEEPEST:] if held else []
    return {**dict(older), tensor: POINTS}


def _sample_curve(
    curves: dict[str, Curve], source: str, function: Callable[..., float], *inputs: Curve
) -> None:
    """Add a function's values at the points, unless it is undefined at one, where the language's
    activations never are."""
    try:
        curves[source] = tuple(function(*point) for point in zip(*inputs, strict=True))
    except (ValueError, OverflowError, ZeroDivisionError, TypeError):  # complex numbers, too
        return


def emit_deferred(importer: OnnxImporter, tensor: str) -> Value:
    """Emit a step that was held back: as an activation of the furthest tensor of which it is one,
    else as the step itself."""
    held = importer.pending[tensor]
    passing = ""
    for source, curve in held.curves.items():
        word = find_activation(curve)
        if word == "identity":
            passing = passing or source
        elif word:
            value = importer.emit_value(source)
            made = importer.emit_layer(held.step, word, [value.base])
            return replace(value, base=made.base)
    if passing:
        return importer.emit_value(passing)
    if len(held.parents) == 1:
        return _emit_stand_in(importer, held)
    try:
        return emit_join(importer, held.step, *held.parents)
    except Inexpressible as why:
        shapes = [importer.emit_value(parent).shape for parent in held.parents]
        importer.emit_opaque(held.step, broadest_shape(shapes), str(why))
    return importer.values[tensor]


def _emit_stand_in(importer: OnnxImporter, held: Pending) -> Value:
    """Emit the identity for a function of each number that the language has no word for."""
    importer.notes.add_stand_in(held.step.op, STANDS_IN)
    value = importer.emit_value(held.parents[0])
    return replace(value, base=importer.emit_layer(held.step, STANDS_IN, [value.base]).base)


def emit_softmax(importer: OnnxImporter, step: OnnxNode) -> None:
    """Softmax and LogSoftmax: their axis becomes the channels."""
    value = importer.emit_value(step.inputs[0])
    rank = len(value.shape)
    axis = step.attributes.get("axis", -1) % rank
    word = "softmax" if step.op == "Softmax" else "logsoftmax"
    name, back = emit_as_channels(importer, step, step.inputs[0], axis)
    importer.values[step.outputs[0]] = back(importer.emit_layer(step, word, [name]))


def emit_prelu(importer: OnnxImporter, step: OnnxNode) -> None:
    """PRelu: one slope per channel, or one in all."""
    slopes = importer.constants.get(step.inputs[1])
    if slopes is None:
        raise Inexpressible("slopes that are computed")
    value = importer.emit_value(step.inputs[0])
    made = importer.emit_layer(
        step, "prelu", [value.base], learned=step.inputs[1:2], shared=slopes.size == 1
    )
    importer.values[step.outputs[0]] = replace(value, base=made.base)


def emit_dropout(importer: OnnxImporter, step: OnnxNode) -> None:
    """Dropout, in the few files that keep it."""
    rate = step.attributes.get("ratio", 0.5)
    if len(step.inputs) > 1 and step.inputs[1]:
        constant = importer.constants[step.inputs[1]]
        rate = float(constant.values.reshape(-1)[0]) if constant.values is not None else rate
    copy_input(importer, step)
    value = importer.values[step.outputs[0]]
    if 0 < rate < 1:
        exact = Fraction(f"{rate:.6g}")
        made = importer.emit_layer(step, "dropout", [value.base], rate=exact)
        importer.values[step.outputs[0]] = replace(value, base=made.base)


def copy_input(importer: OnnxImporter, step: OnnxNode) -> None:
    """Take the input for the output: of a cast, an identity or a quantisation."""
    importer.values[step.outputs[0]] = importer.emit_value(step.inputs[0])


OPERATIONS = {
    **dict.fromkeys(UNARY, defer_unary),
    **dict.fromkeys(
        ("Clip", "HardSigmoid", "LeakyRelu", "Elu", "Celu", "Selu", "Gelu", "Swish"), defer_unary
    ),
    **dict.fromkeys(BINARY, read_binary),
    **dict.fromkeys(("Softmax", "LogSoftmax"), emit_softmax),
    "PRelu": emit_prelu,
    "Dropout": emit_dropout,
    **dict.fromkeys(("Identity", "Cast", "CastLike", "QuantizeLinear"), copy_input),
    "DequantizeLinear": copy_input,
}
