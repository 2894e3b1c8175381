"""Constants whose numbers are not in the file, weights turned or cut: their dimensions alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncost.formats.onnx_in.curves import UNARY
from cnncost.formats.onnx_in.folding import MALFORMED, fold
from cnncost.formats.onnx_in.importer import Importer
from cnncost.formats.onnx_in.model import Step, Tensor
from cnncost.formats.onnx_in.unknown import shapes_of

VIEWS = ("Transpose", "Slice", "Split", "Squeeze", "Unsqueeze", "Expand")
"""Done on a stand-in that has one number in memory."""


def shapes_of_constants(importer: Importer, step: Step) -> list[Tensor]:
    """What a step makes of constants; the first input's dimensions where nothing is known."""
    inputs = [importer.constants[t] for t in step.inputs if t]
    first = inputs[0] if inputs else Tensor((), None)
    if step.op in VIEWS:
        further = [importer.constants[t].values if t else None for t in step.inputs[1:]]
        made = fold(step, [_stand_in(first), *further])
        if made:
            return [Tensor(item.dims, None, first.floating) for item in made]
    if not inputs or step.op in UNARY:
        return [first]
    rule = _RULES.get(step.op)
    if rule is None:
        return [Tensor(dims, None, first.floating) for dims in shapes_of(importer, step)]
    try:
        dims = rule(step, inputs)
    except MALFORMED:
        dims = None
    return [Tensor(first.dims if dims is None else dims, None, first.floating)]


def _stand_in(tensor: Tensor) -> Any:  # Any: numpy's array
    import numpy

    return numpy.broadcast_to(numpy.zeros(()), tensor.dims)


def _reshape(step: Step, inputs: list[Tensor]) -> tuple[int, ...] | None:
    first = inputs[0]
    if len(inputs) < 2 or inputs[1].values is None:
        return None
    wanted = [int(n) for n in inputs[1].values.reshape(-1)]
    wanted = [first.dims[i] if n == 0 and i < len(first.dims) else n for i, n in enumerate(wanted)]
    known = 1
    for n in wanted:
        known *= n if n != -1 else 1
    return tuple(first.size // max(1, known) if n == -1 else n for n in wanted)


def _gather(step: Step, inputs: list[Tensor]) -> tuple[int, ...]:
    dims, axis = inputs[0].dims, step.attributes.get("axis", 0)
    axis %= max(1, len(dims))
    return (*dims[:axis], *inputs[1].dims, *dims[axis + 1 :])


def _concat(step: Step, inputs: list[Tensor]) -> tuple[int, ...]:
    dims, axis = inputs[0].dims, step.attributes.get("axis", 0)
    axis %= max(1, len(dims))
    total = sum(item.dims[axis] for item in inputs)
    return (*dims[:axis], total, *dims[axis + 1 :])


def _broadcast(step: Step, inputs: list[Tensor]) -> tuple[int, ...] | None:
    import numpy

    try:
        return tuple(numpy.broadcast_shapes(*(item.dims for item in inputs)))
    except ValueError:
        return None


def _matmul(step: Step, inputs: list[Tensor]) -> tuple[int, ...]:
    a, b = (item.dims for item in inputs[:2])
    return (*a[:-1], b[-1])


_RULES: dict[str, Callable[[Step, list[Tensor]], tuple[int, ...] | None]] = {
    "Reshape": _reshape,
    "Gather": _gather,
    "Concat": _concat,
    "MatMul": _matmul,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Where", "Min", "Max"), _broadcast),
}
