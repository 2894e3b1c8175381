"""The steps of a model taken one after another, each as a layer, a view or a constant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath

from cnncost.errors import CnncostError
from cnncost.formats.graph import Graph, Op
from cnncost.formats.onnx_in import (
    elementwise,
    joining,
    norms,
    products,
    reducing,
    shaping,
    windows,
)
from cnncost.formats.onnx_in.folding import fold, shape_of
from cnncost.formats.onnx_in.importer import Importer
from cnncost.formats.onnx_in.inexpressible import Inexpressible
from cnncost.formats.onnx_in.model import Model, Step, Tensor
from cnncost.formats.onnx_in.unknown import shapes_of
from cnncost.formats.torch_in.value import Shape, Value

OPERATIONS: dict[str, Callable[[Importer, Step], None]] = {
    **elementwise.OPERATIONS,
    **norms.OPERATIONS,
    **products.OPERATIONS,
    **reducing.OPERATIONS,
    **shaping.OPERATIONS,
    **windows.OPERATIONS,
}
"""What each of ONNX's operations becomes."""

DOMAINS = ("", "ai.onnx", "com.microsoft")


def graph_of(model: Model, file: str, shapes: Mapping[str, Shape]) -> Graph:
    """The model as a graph; `file` stands in messages, `shapes` replace the inputs'.

    Raises:
        CnncostError: it cannot be followed at all: a cycle, or shapes that stay open.
    """
    importer = Importer(model, file, dict(model.constants))
    for step in model.steps:
        for tensor in step.inputs:
            importer.consumers.setdefault(tensor, []).append(step)
        for tensor in step.outputs:
            importer.producers[tensor] = step
    inputs = _inputs(importer, shapes)
    for step in model.steps:
        _take(importer, step)
    outputs = _outputs(importer)
    ops = _alive(importer, outputs)
    stem = PurePath(file.replace("\\", "/")).name.rpartition(".")[0] or file
    return Graph(
        stem,
        inputs,
        ops,
        outputs,
        notes="\n".join(importer.notes),
        unknown=tuple(line for name, line in importer.unknown if name in {op.name for op in ops}),
    )


def _inputs(importer: Importer, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Start from the inputs that something reads; their shapes without the batch."""
    model, given, found = importer.model, dict(shapes), {}
    used = {name: dims for name, dims in model.inputs.items() if importer.consumers.get(name)}
    if not used:
        raise CnncostError(f"{importer.file}: no step reads an input")
    for name, dims in used.items():
        turned = _channels_last(importer, name, len(dims))
        label = re.sub(r"\W+", "_", name.partition(":")[0], flags=re.A).strip("_") or "input"
        wanted = given.pop(label, None) or (given.pop("", None) if len(used) == 1 else None)
        importer.batch = max(importer.batch, dims[0] if dims else 1)
        shape = wanted or ((dims[-1], *dims[1:-1]) if turned else dims[1:])
        if not 1 <= len(shape) <= 4 or min(shape) < 1:
            raise CnncostError(
                f"{importer.file}: the shape of its input {name!r} is left open"
                f" ({'x'.join(str(n or '?') for n in dims) or 'no dimensions'})",
                f"give one: --input {label + '=' if len(used) > 1 else ''}3x224x224",
            )
        importer.start(name, shape, label, channels_last=turned)
        found[label] = shape
    for label in given:
        raise CnncostError(
            f"--input: {importer.file} has no input called {label!r}",
            f"its inputs are {', '.join(found)}",
        )
    return found


def _channels_last(importer: Importer, name: str, rank: int) -> bool:
    """Whether all that is done with an input is to bring its channels to the front."""
    order = (0, rank - 1, *range(1, rank - 1))
    readers = importer.consumers[name]
    return rank > 2 and all(
        step.op == "Transpose" and tuple(step.attributes.get("perm") or ()) == order
        for step in readers
    )


def _take(importer: Importer, step: Step) -> None:
    """One step: folded if its inputs are constants, else a layer or a view, else opaque."""
    if not step.outputs:
        return
    if step.op in ("Shape", "Size") and importer.known(step.inputs[0]):
        _shape(importer, step)
        return
    if all(not t or t in importer.constants for t in step.inputs):
        made = fold(step, [_numbers(importer, t) for t in step.inputs])
        made = made or [shape_of(step, [importer.constants[t] for t in step.inputs if t])]
        importer.constants.update(zip(step.outputs, made, strict=False))
        return
    for tensor in step.inputs:
        if tensor and tensor not in importer.constants and not importer.known(tensor):
            raise CnncostError(
                f"{importer.file}: {step.op} {step.name!r} reads {tensor!r}, which no step "
                "before it makes",
                "the steps of an ONNX file come in order, without cycles",
            )
    try:
        _layer(importer, step)
    except Inexpressible as why:
        _opaque(importer, step, str(why))
    except (KeyError, ValueError, IndexError, TypeError, OverflowError, AttributeError) as error:
        # Attributes that are missing or of the wrong kind: the file, not the network, is at fault.
        raise CnncostError(
            f"{importer.file}: {step.op} {step.name!r} is malformed: {error}"
        ) from None


def _layer(importer: Importer, step: Step) -> None:
    if step.op not in OPERATIONS or step.domain not in DOMAINS:
        raise Inexpressible("the language has no word for it")
    OPERATIONS[step.op](importer, step)


def _opaque(importer: Importer, step: Step, why: str) -> None:
    shapes = shapes_of(importer, step)
    importer.opaque(step, shapes[0], why)
    whole = importer.values[step.outputs[0]]
    for tensor, shape in zip(step.outputs[1:], shapes[1:], strict=True):
        if tensor and importer.consumers.get(tensor):
            importer.opaque_part(step, tensor, shape, whole)


def _numbers(importer: Importer, tensor: str) -> object:
    return importer.constants[tensor].values if tensor else None


def _shape(importer: Importer, step: Step) -> None:
    import numpy

    dims = importer.dims(step.inputs[0])
    values = numpy.asarray(dims, dtype=numpy.int64)
    if step.op == "Size":
        values = values.prod()
    else:
        values = values[step.attributes.get("start", 0) : step.attributes.get("end", len(dims))]
    importer.constants[step.outputs[0]] = Tensor(values.shape, values, floating=False)


def _outputs(importer: Importer) -> tuple[str, ...]:
    """The operations that make the model's outputs; one that is read on gets a name of its own."""
    names = []
    for tensor in importer.model.outputs:
        if not importer.known(tensor):
            continue
        value = importer.see(tensor)
        end = Step("", "", (tensor,), (tensor,), {})
        try:
            name = importer.solid(end, _ending(value))
        except Inexpressible:
            name = value.base
        names.append(name)
    names = list(dict.fromkeys(names))
    if not names:
        raise CnncostError(f"{importer.file}: none of its outputs depends on an input")
    alive = _alive(importer, tuple(names))
    read = {name for op in alive for name in op.reads}
    for i, name in enumerate(names):
        if name in read or name not in importer.ops:
            end = Step("", "", (), ("",), {})
            names[i] = importer.emit(end, "identity", [name]).base
    return tuple(names)


def _ending(value: Value) -> Value:
    """An output without its batch, channels first."""
    channel = joining.natural(value)
    rank = len(value.shape)
    if rank < 2 or value.shape[0] != 1 or rank > 5:
        return Value(value.base, value.made)
    rest = [axis for axis in range(1, rank) if axis != channel]
    turned = value.permuted((0, channel, *rest))
    return turned.reshaped(turned.shape[1:])


def _alive(importer: Importer, outputs: tuple[str, ...]) -> tuple[Op, ...]:
    """The operations that an output depends on, in order."""
    wanted, todo = set(outputs), list(outputs)
    while todo:
        op = importer.ops.get(todo.pop())
        for name in (*op.reads, *([op.shares] if op.shares else [])) if op else ():
            if name not in wanted:
                wanted.add(name)
                todo.append(name)
    return tuple(op for name, op in importer.ops.items() if name in wanted)
