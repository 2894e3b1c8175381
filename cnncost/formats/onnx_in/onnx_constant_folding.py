"""Constants folded: what exporters compute from shapes, worked out on small arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

from cnncost.formats.onnx_in.onnx_model import OnnxNode, OnnxTensor

LARGEST = 65536
"""Numbers; no folded constant has more."""

MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What comes of attributes and inputs that are missing or of the wrong kind."""

Arrays = list[Any]  # Any: numpy's arrays, or None for an input left out


def fold_constant(step: OnnxNode, inputs: Arrays) -> list[OnnxTensor] | None:
    """The step's outputs where its inputs are known numbers and it is simple; else None."""
    import numpy

    if step.op == "Constant":
        return _read_constant(step)
    rule = _RULES.get(step.op)
    unknown = any(name and item is None for name, item in zip(step.inputs, inputs, strict=False))
    if rule is None or not inputs or unknown:
        return None
    with numpy.errstate(all="ignore"):
        try:
            made = rule(step, inputs)
        except MALFORMED:
            return None
    made = made if isinstance(made, list) else [made]
    return [_make_tensor(numpy.asarray(item)) for item in made]


def _fold_shape(step: OnnxNode, dims: tuple[int, ...]) -> Any:  # Any: numpy's array
    import numpy

    start, end = step.attributes.get("start", 0), step.attributes.get("end", len(dims))
    return numpy.asarray(dims[start:end], dtype=numpy.int64)


def fold_dimensions(step: OnnxNode, dims: tuple[int, ...]) -> OnnxTensor:
    """What Shape and Size make of a tensor of these dimensions."""
    import numpy

    return _make_tensor(numpy.asarray(prod(dims)) if step.op == "Size" else _fold_shape(step, dims))


def _make_tensor(values: Any) -> OnnxTensor:  # Any: numpy's array
    return OnnxTensor(tuple(values.shape), values, values.dtype.kind == "f")


def _read_constant(step: OnnxNode) -> list[OnnxTensor] | None:
    import numpy

    for key in ("value", "value_int", "value_ints", "value_float", "value_floats"):
        if key in step.attributes:
            value = step.attributes[key]
            if isinstance(value, OnnxTensor):
                return [replace(value, learned=value.learned and not _is_uniform(value))]
            return [_make_tensor(numpy.asarray(value))]
    return [OnnxTensor((0,), None, floating=False)]


def _is_uniform(tensor: OnnxTensor) -> bool:
    """Whether all numbers are one: a state to start from, and nothing that is learned."""
    values = tensor.values
    return values is not None and values.size > 0 and bool((values == values.flat[0]).all())


def _require_small(shape: Any) -> tuple[int, ...]:  # Any: numpy's array
    """A shape to fill, refused where it is huge."""
    size, dims = 1, tuple(int(n) for n in shape)
    for n in dims:
        size *= max(n, 0)
    if size > LARGEST:
        raise ValueError(size)
    return dims


def _read_axes(step: OnnxNode, inputs: Arrays) -> tuple[int, ...] | None:
    if len(inputs) > 1 and inputs[1] is not None:
        return tuple(int(n) for n in inputs[1].reshape(-1))
    axes = step.attributes.get("axes")
    return tuple(axes) if axes is not None else None


def _fold_slice(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    data, given = inputs[0], [None if x is None else [int(n) for n in x] for x in inputs[1:]]
    given += [None] * (4 - len(given))
    starts = given[0] if given[0] is not None else list(step.attributes["starts"])
    ends = given[1] if given[1] is not None else list(step.attributes["ends"])
    axes = given[2]
    if axes is None:
        axes = list(step.attributes.get("axes", range(len(starts))))
    steps = given[3] if given[3] is not None else [1] * len(starts)
    cut = [slice(None)] * data.ndim
    for axis, start, end, by in zip(axes, starts, ends, steps, strict=True):
        cut[axis] = slice(start, None if by < 0 and end < -(2**31) else end, by)
    return data[tuple(cut)]


def _fold_unsqueeze(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    import numpy

    return numpy.expand_dims(inputs[0], _read_axes(step, inputs) or ())


def _fold_reshape(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    dims = [int(n) for n in inputs[1]]
    kept = [inputs[0].shape[i] if n == 0 else n for i, n in enumerate(dims)]
    return inputs[0].reshape(kept)


def _binary_rule(name: str) -> Callable[[OnnxNode, Arrays], Any]:
    def fold_binary(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
        import numpy

        a, b = inputs
        if a.size * b.size > LARGEST and a.shape != b.shape:
            raise ValueError(name)
        if name == "divide" and a.dtype.kind in "iu":
            return numpy.asarray(numpy.trunc(a / b), dtype=a.dtype)  # ONNX cuts towards zero
        return getattr(numpy, name)(a, b)

    return fold_binary


def _unary_rule(name: str) -> Callable[[OnnxNode, Arrays], Any]:
    def fold_unary(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
        import numpy

        return getattr(numpy, name)(inputs[0])

    return fold_unary


def _fold_cast(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    to = step.attributes.get("to", 1)
    kind = {6: "int32", 7: "int64", 9: "bool", 11: "float64"}.get(to, "float32")
    return inputs[0].astype(kind)


def _fold_range(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    import numpy

    start, stop, by = (item.reshape(-1)[0] for item in inputs)
    _require_small([int(abs((stop - start) / by)) + 1])
    return numpy.arange(start, stop, by)


def _fold_filled(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    import numpy

    value = step.attributes.get("value")
    number = value.values.reshape(-1)[0] if value is not None else 0.0
    return numpy.full(_require_small(inputs[0]), number)


def _fold_expand(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    import numpy

    dims = numpy.broadcast_shapes(inputs[0].shape, _require_small(inputs[1]))
    return numpy.broadcast_to(inputs[0], _require_small(dims))


def _fold_gather(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    data, indices = inputs[0], inputs[1].astype("int64")
    axis = step.attributes.get("axis", 0)
    _require_small([indices.size, data.size // data.shape[axis]])
    return data.take(indices, axis=axis)


def _fold_concat(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    import numpy

    _require_small([sum(item.size for item in inputs)])
    return numpy.concatenate(inputs, axis=step.attributes.get("axis", 0))


def _fold_split(step: OnnxNode, inputs: Arrays) -> list[Any]:  # Any: numpy's arrays
    import numpy

    axis = step.attributes.get("axis", 0)
    parts = len(step.outputs)
    if len(inputs) > 1 and inputs[1] is not None:
        return list(numpy.split(inputs[0], numpy.cumsum(inputs[1])[:-1], axis=axis))
    return list(numpy.array_split(inputs[0], parts, axis=axis))


def _fold_where(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    import numpy

    return numpy.where(inputs[0], inputs[1], inputs[2])


def _fold_clip(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    import numpy

    bounds = [*inputs[1:], None, None][:2]
    low, high = (
        step.attributes.get(key) if bound is None else bound
        for key, bound in zip(("min", "max"), bounds, strict=True)
    )
    return inputs[0] if low is None and high is None else numpy.clip(inputs[0], low, high)


def _fold_tile(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
    import numpy

    repeats = [int(n) for n in inputs[1].reshape(-1)]
    _require_small([inputs[0].size, *repeats])
    return numpy.tile(inputs[0], repeats)


def _reduction_rule(name: str) -> Callable[[OnnxNode, Arrays], Any]:
    def fold_reduction(step: OnnxNode, inputs: Arrays) -> Any:  # Any: numpy's array
        import numpy

        keep = bool(step.attributes.get("keepdims", 1))
        return getattr(numpy, name)(inputs[0], axis=_read_axes(step, inputs), keepdims=keep)

    return fold_reduction


_RULES: dict[str, Callable[[OnnxNode, Arrays], Any]] = {
    "Identity": lambda step, inputs: inputs[0],
    "Cast": _fold_cast,
    "Gather": _fold_gather,
    "Slice": _fold_slice,
    "Concat": _fold_concat,
    "Split": _fold_split,
    "Unsqueeze": _fold_unsqueeze,
    "Squeeze": lambda step, inputs: inputs[0].squeeze(_read_axes(step, inputs)),
    "Reshape": _fold_reshape,
    "Flatten": lambda step, inputs: inputs[0].reshape(1, -1),
    "Transpose": lambda step, inputs: inputs[0].transpose(step.attributes.get("perm")),
    "Range": _fold_range,
    "ConstantOfShape": _fold_filled,
    "Expand": _fold_expand,
    "Where": _fold_where,
    "Add": _binary_rule("add"),
    "Sub": _binary_rule("subtract"),
    "Mul": _binary_rule("multiply"),
    "Div": _binary_rule("divide"),
    "Min": _binary_rule("minimum"),
    "Max": _binary_rule("maximum"),
    "Mod": _binary_rule("mod"),
    "Pow": _binary_rule("power"),
    "Equal": _binary_rule("equal"),
    "Less": _binary_rule("less"),
    "Greater": _binary_rule("greater"),
    "And": _binary_rule("logical_and"),
    "Or": _binary_rule("logical_or"),
    "Not": _unary_rule("logical_not"),
    "Clip": _fold_clip,
    "Tile": _fold_tile,
    "LessOrEqual": _binary_rule("less_equal"),
    "GreaterOrEqual": _binary_rule("greater_equal"),
    "Floor": _unary_rule("floor"),
    "Round": _unary_rule("round"),
    "Sign": _unary_rule("sign"),
    "Exp": _unary_rule("exp"),
    "Log": _unary_rule("log"),
    "Ceil": _unary_rule("ceil"),
    "Neg": _unary_rule("negative"),
    "Sqrt": _unary_rule("sqrt"),
    "Abs": _unary_rule("abs"),
    "ReduceProd": _reduction_rule("prod"),
    "ReduceSum": _reduction_rule("sum"),
    "ReduceMax": _reduction_rule("max"),
    "ReduceMin": _reduction_rule("min"),
}
"""What is folded. Sizes stay bounded: each rule that can grow its output checks first."""
