"""Steps over constants: their numbers where they are few, else their dimensions alone.

What exporters work out of shapes numpy does at once; the rest is left to ONNX's reference, whose
import alone takes an eighth of the time that reading a ResNet takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.onnx_in.onnx_activation_curves import UNARY
from cnncost.formats.onnx_in.onnx_inference import LARGEST, evaluate_step, infer_step_shapes
from cnncost.formats.onnx_in.onnx_model import PRODUCTS, OnnxNode, OnnxTensor
from cnncost.formats.onnx_in.tensor_states import Shapeless

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from cnncost.arrays import Numbers
    from cnncost.formats.onnx_in.onnx_importer import OnnxImporter

UNFIT = (ArithmeticError, LookupError, TypeError, ValueError)
"""What numpy raises for numbers that do not fit together."""

Tensors = Sequence[OnnxTensor | None]
"""The constants that a step reads, None for an input left out."""


def fold_step(importer: OnnxImporter, step: OnnxNode) -> None:
    """Make constants of the outputs of a step over constants, or tensors without a shape."""
    inputs = [importer.constants[t] if t else None for t in step.inputs]
    if step.op in PRODUCTS:
        importer.notes.add("products that depend on no input are left out")
    made = _fold_numbers(importer, step, inputs) or _fold_dims(importer, step, inputs)
    if made is None:
        importer.shapeless.update(
            (t, Shapeless((), step, "its dimensions are not known")) for t in step.outputs if t
        )
        return
    for tensor, item in zip(step.outputs, made, strict=False):
        found = _trace_sources(step, tensor, item, inputs)
        if step.op == "Identity" and found.sources and tensor not in importer.same:
            found = replace(found, sources=(tensor,))  # equal to another, and not it
        if found.sources == (tensor,):
            importer.owners.sizes[tensor] = found.size
        importer.constants[tensor] = found


def fold_dimensions(step: OnnxNode, dims: tuple[int, ...]) -> OnnxTensor:
    """Return what Shape and Size make of a tensor of these dimensions."""
    if step.op == "Size":
        return _make_tensor(prod(dims))
    start, end = step.attributes.get("start", 0), step.attributes.get("end", len(dims))
    return _make_tensor(dims[start:end], kind="int64")


def _make_tensor(values: ArrayLike, kind: str | None = None) -> OnnxTensor:
    import numpy

    array = numpy.asarray(values, kind)
    return OnnxTensor(array.shape, array, array.dtype.kind == "f")


# --- numbers -----------------------------------------------------------------------------------


def _fold_numbers(
    importer: OnnxImporter, step: OnnxNode, inputs: Tensors
) -> list[OnnxTensor] | None:
    """Work out the outputs with their numbers; None if an input's numbers are unknown, or the step
    has no rule."""
    import numpy

    if step.op == "Constant":
        return [_read_constant(step)]
    if step.op in ("Shape", "Size") and inputs[0]:
        return [fold_dimensions(step, inputs[0].dims)]
    values = [item.values for item in inputs if item is not None]
    known = [array for array in values if array is not None]
    if step.domain or not known or len(known) < len(values):
        return None
    if step.op in BY_REFERENCE:
        made = evaluate_step(importer, step)
        return None if made is None else [_make_tensor(array) for array in made]
    rule = _RULES.get(step.op)
    try:
        with numpy.errstate(all="ignore"):
            return [_make_tensor(rule(step, known))] if rule else None
    except UNFIT:
        return None


BY_REFERENCE = (
    *("Abs", "And", "Exp", "GreaterOrEqual", "LessOrEqual", "Log", "Mod", "Neg", "Not", "Or"),
    *("Pow", "Round", "Sign", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum"),
    *("Clip", "Expand", "Flatten", "Range", "Split", "Tile", "Where"),
)
"""What ONNX's reference works out. Others, as loops, may take as long as they like."""


def _read_constant(step: OnnxNode) -> OnnxTensor:
    for key in ("value", "value_int", "value_ints", "value_float", "value_floats"):
        if key in step.attributes:
            value = step.attributes[key]
            if isinstance(value, OnnxTensor):
                return replace(value, learned=value.learned and not _is_uniform(value))
            return _make_tensor(value)
    return OnnxTensor((0,), None, floating=False)


def _is_uniform(tensor: OnnxTensor) -> bool:
    """Tell whether all numbers are equal: then they are a state to start from, and nobody learned
    them."""
    values = tensor.values
    return values is not None and values.size > 0 and bool((values == values.flat[0]).all())


def _require_small(*sizes: int) -> None:
    """Refuse an output whose sizes make too many numbers."""
    if prod(sizes) > LARGEST:
        raise ValueError(sizes)


_UFUNCS = {
    "Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide", "Min": "minimum",
    "Max": "maximum", "Equal": "equal", "Less": "less", "Greater": "greater", "Sqrt": "sqrt",
    "Floor": "floor", "Ceil": "ceil",
}  # fmt: skip
"""numpy's functions of each number."""


def _fold_elementwise(step: OnnxNode, inputs: Sequence[Numbers]) -> ArrayLike:
    import numpy

    ufunc: numpy.ufunc = getattr(numpy, _UFUNCS[step.op])
    _require_small(*numpy.broadcast_shapes(*(item.shape for item in inputs)))
    if len(inputs) != ufunc.nin:
        raise ValueError(step.op)
    made: Numbers = ufunc(*inputs)
    if step.op == "Div" and inputs[0].dtype.kind in "iu":
        return numpy.trunc(made).astype(inputs[0].dtype)  # ONNX cuts towards zero
    return made


def _fold_cast(step: OnnxNode, inputs: Sequence[Numbers]) -> ArrayLike:
    to = step.attributes.get("to", 1)
    return inputs[0].astype({6: "int32", 7: "int64", 9: "bool", 11: "float64"}.get(to, "float32"))


def _fold_gather(step: OnnxNode, inputs: Sequence[Numbers]) -> ArrayLike:
    data, indices = inputs
    axis = step.attributes.get("axis", 0)
    _require_small(indices.size, data.size // data.shape[axis])
    return data.take(indices.astype("int64"), axis=axis)


def _fold_concat(step: OnnxNode, inputs: Sequence[Numbers]) -> ArrayLike:
    import numpy

    _require_small(sum(item.size for item in inputs))
    made: Numbers = numpy.concatenate(inputs, axis=step.attributes.get("axis", 0))
    return made


def _fold_slice(step: OnnxNode, inputs: Sequence[Numbers]) -> ArrayLike:
    """Cut a span out of each axis; newer files give the spans as inputs, old ones as attributes."""
    lists = [item.tolist() for item in inputs[1:]] or [
        step.attributes.get(key) for key in ("starts", "ends", "axes")
    ]
    starts, ends, axes, steps = (*lists, None, None)[:4]
    cut = [slice(None)] * inputs[0].ndim
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        by = steps[i] if steps else 1
        cut[axes[i] if axes else i] = slice(start, None if by < 0 and end < -(2**31) else end, by)
    return inputs[0][tuple(cut)]


def _read_axes(step: OnnxNode, inputs: Sequence[Numbers]) -> tuple[int, ...] | None:
    if len(inputs) > 1:
        return tuple(int(n) for n in inputs[1].reshape(-1))
    axes = step.attributes.get("axes")
    return tuple(axes) if axes is not None else None


def _fold_unsqueeze(step: OnnxNode, inputs: Sequence[Numbers]) -> ArrayLike:
    import numpy

    return numpy.expand_dims(inputs[0], _read_axes(step, inputs) or ())


def _fold_reshape(step: OnnxNode, inputs: Sequence[Numbers]) -> ArrayLike:
    dims = [int(n) for n in inputs[1]]
    return inputs[0].reshape([inputs[0].shape[i] if n == 0 else n for i, n in enumerate(dims)])


def _fold_filled(step: OnnxNode, inputs: Sequence[Numbers]) -> ArrayLike:
    import numpy

    value = step.attributes.get("value", OnnxTensor((1,), numpy.zeros(1)))
    dims = [max(0, int(n)) for n in inputs[0]]
    _require_small(*dims)
    if value.values is None:
        raise ValueError(step.op)
    return numpy.full(dims, value.values.reshape(-1)[0])


_RULES: dict[str, Callable[[OnnxNode, Sequence[Numbers]], ArrayLike]] = {
    **dict.fromkeys(_UFUNCS, _fold_elementwise),
    "Identity": lambda step, inputs: inputs[0],
    "Cast": _fold_cast,
    "Gather": _fold_gather,
    "Concat": _fold_concat,
    "Slice": _fold_slice,
    "Squeeze": lambda step, inputs: inputs[0].squeeze(_read_axes(step, inputs)),
    "Unsqueeze": _fold_unsqueeze,
    "Reshape": _fold_reshape,
    "Transpose": lambda step, inputs: inputs[0].transpose(step.attributes.get("perm")),
    "ConstantOfShape": _fold_filled,
}
"""What numpy works out; each rule that can grow its output bounds it first."""


# --- dimensions --------------------------------------------------------------------------------

SCALED = ("QuantizeLinear", "DequantizeLinear")
"""Steps that keep a tensor's numbers but for a scale that was measured."""


def _fold_dims(importer: OnnxImporter, step: OnnxNode, inputs: Tensors) -> list[OnnxTensor] | None:
    """Work out the outputs' dimensions without numbers; None if one is unknown."""
    known = [item for item in inputs if item is not None]
    first = known[0] if known else OnnxTensor((), None)
    if known and step.op in (*UNARY, *SCALED, "Cast"):
        return [replace(first, values=None, floating=first.floating or step.op in SCALED)]
    shapes = infer_step_shapes(importer, step)
    found = [
        dims if dims is not None else importer.recorded.get(tensor)
        for dims, tensor in zip(shapes, step.outputs, strict=True)
    ]
    known_dims = [dims for dims in found if dims is not None]
    if len(known_dims) < len(found):
        return None
    return [OnnxTensor(dims, None, first.floating) for dims in known_dims]


# --- whose numbers they are --------------------------------------------------------------------

QUESTIONS = ("Shape", "Size", "ConstantOfShape")
"""Steps whose output has no number of their input's."""

CHOOSING = (*SCALED, "Transpose", "Slice", "Split", "Squeeze", "Unsqueeze", "Expand", "Reshape",
            "Gather", "Tile", "Pad", "Cast", "Resize")  # fmt: skip
"""Steps whose output has numbers of their first input alone."""


def _trace_sources(step: OnnxNode, tensor: str, made: OnnxTensor, inputs: Tensors) -> OnnxTensor:
    """Add to a constant which of the file's tensors it is made of, and the products that made
    it."""
    if step.op in QUESTIONS:
        return made
    known = [item for item in inputs if item is not None]
    if step.op in CHOOSING:
        known = known[:1]
    else:  # a mask or an index is no part of what it chooses from
        known = [item for item in known if item.floating or not made.floating]
    measured = made.measured or any(item.measured for item in known)
    taught = [item for item in known if item.learned] or known
    sources = dict.fromkeys(source for item in taught for source in item.sources)
    if not inputs and made.size > 1:
        sources = {tensor: None}
    learned = made.learned and not measured and (not known or any(i.learned for i in known))
    products = dict(pair for item in known for pair in item.products)
    if step.op in ("MatMul", "Gemm") and known and known[0].dims:
        turned = step.op == "Gemm" and step.attributes.get("transA", 0)
        products[tensor] = made.size * known[0].dims[-2 if turned else -1]
    return replace(
        made,
        sources=tuple(sources),
        learned=learned,
        measured=measured,
        products=tuple(products.items()),
    )
