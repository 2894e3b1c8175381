"""Constants whose numbers are not in the file, weights turned or cut: their dimensions alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cnncost.formats.onnx_in.onnx_activation_curves import UNARY
from cnncost.formats.onnx_in.onnx_constant_folding import MALFORMED, fold_constant
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_inferred_shapes import shapes_of
from cnncost.formats.onnx_in.onnx_model import OnnxNode, OnnxTensor

SCALED = ("QuantizeLinear", "DequantizeLinear")
"""Steps that keep a tensor's numbers but for a scale that was measured."""

QUESTIONS = ("Shape", "Size", "ConstantOfShape")
"""Steps whose output has no number of their input's."""

VIEWS = ("Transpose", "Slice", "Split", "Squeeze", "Unsqueeze", "Expand")
"""Done on a stand-in that has one number in memory."""


def made_of(
    step: OnnxNode, tensor: str, made: OnnxTensor, inputs: Sequence[OnnxTensor | None]
) -> OnnxTensor:
    """What a step made of constants, with the file's tensors that it comes from."""
    if step.op in QUESTIONS:
        return made
    known = [item for item in inputs if item is not None]
    if step.op in (*SCALED, *VIEWS, "Reshape", "Gather", "Tile", "Pad", "Cast", "Resize"):
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
    worked = tuple(products.items())
    return replace(
        made, sources=tuple(sources), learned=learned, measured=measured, products=worked
    )


def shapes_of_constants(importer: OnnxImporter, step: OnnxNode) -> list[OnnxTensor] | None:
    """What a step makes of constants; none where their dimensions are not known."""
    inputs = [importer.constants[t] for t in step.inputs if t]
    first = inputs[0] if inputs else OnnxTensor((), None)
    if step.op in VIEWS:
        further = [importer.constants[t].values if t else None for t in step.inputs[1:]]
        made = fold_constant(step, [_stand_in_array(first), *further])
        if made:
            return [OnnxTensor(item.dims, None, first.floating) for item in made]
    if inputs and step.op in (*UNARY, *SCALED, "Cast"):
        return [replace(first, values=None, floating=first.floating or step.op in SCALED)]
    rule = _RULES.get(step.op) if inputs else None
    try:
        dims = rule(step, inputs) if rule else None
    except MALFORMED:
        dims = None
    if dims is not None:
        return [OnnxTensor(dims, None, first.floating)]
    shapes = shapes_of(importer, step)
    if None in shapes:
        return None
    return [OnnxTensor(dims, None, first.floating) for dims in shapes if dims is not None]


def _stand_in_array(tensor: OnnxTensor) -> Any:  # Any: numpy's array
    import numpy

    return numpy.broadcast_to(numpy.zeros(()), tensor.dims)


def _reshape_dims(step: OnnxNode, inputs: list[OnnxTensor]) -> tuple[int, ...] | None:
    first = inputs[0]
    if len(inputs) < 2 or inputs[1].values is None:
        return None
    wanted = [int(n) for n in inputs[1].values.reshape(-1)]
    wanted = [first.dims[i] if n == 0 and i < len(first.dims) else n for i, n in enumerate(wanted)]
    known = 1
    for n in wanted:
        known *= n if n != -1 else 1
    return tuple(first.size // max(1, known) if n == -1 else n for n in wanted)


def _gather_dims(step: OnnxNode, inputs: list[OnnxTensor]) -> tuple[int, ...]:
    dims, axis = inputs[0].dims, step.attributes.get("axis", 0)
    axis %= max(1, len(dims))
    return (*dims[:axis], *inputs[1].dims, *dims[axis + 1 :])


def _concat_dims(step: OnnxNode, inputs: list[OnnxTensor]) -> tuple[int, ...]:
    dims, axis = inputs[0].dims, step.attributes.get("axis", 0)
    axis %= max(1, len(dims))
    total = sum(item.dims[axis] for item in inputs)
    return (*dims[:axis], total, *dims[axis + 1 :])


def _broadcast_dims(step: OnnxNode, inputs: list[OnnxTensor]) -> tuple[int, ...] | None:
    import numpy

    try:
        return tuple(numpy.broadcast_shapes(*(item.dims for item in inputs)))
    except ValueError:
        return None


def _gemm_dims(step: OnnxNode, inputs: list[OnnxTensor]) -> tuple[int, ...]:
    (a, b), given = (item.dims for item in inputs[:2]), step.attributes
    return (a[1 if given.get("transA") else 0], b[0 if given.get("transB") else 1])


def _matmul_dims(step: OnnxNode, inputs: list[OnnxTensor]) -> tuple[int, ...]:
    a, b = (item.dims for item in inputs[:2])
    return (*a[:-1], b[-1])


_RULES: dict[str, Callable[[OnnxNode, list[OnnxTensor]], tuple[int, ...] | None]] = {
    "Reshape": _reshape_dims,
    "Gather": _gather_dims,
    "Concat": _concat_dims,
    "MatMul": _matmul_dims,
    "Gemm": _gemm_dims,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Where", "Min", "Max"), _broadcast_dims),
}
