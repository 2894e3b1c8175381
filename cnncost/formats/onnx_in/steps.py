"""The steps of a model taken one after another, each as a layer, a view or a constant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from heapq import heapify, heappop, heappush
from pathlib import PurePath

from cnncost.errors import CnncostError
from cnncost.formats.graph import Graph, Op
from cnncost.formats.onnx_in import (
    cutting,
    elementwise,
    joining,
    norms,
    products,
    reducing,
    resizing,
    shaping,
    windows,
    written,
    written_norms,
)
from cnncost.formats.onnx_in.attending import with_attention
from cnncost.formats.onnx_in.curves import BINARY, UNARY
from cnncost.formats.onnx_in.folding import MALFORMED, dimensions, fold
from cnncost.formats.onnx_in.importer import Importer
from cnncost.formats.onnx_in.inexpressible import Inexpressible
from cnncost.formats.onnx_in.model import PRODUCTS, Model, Step, Tensor
from cnncost.formats.onnx_in.unheld import shapes_of_constants
from cnncost.formats.onnx_in.unknown import shapes_of
from cnncost.formats.onnx_marks import OURS
from cnncost.formats.value import Shape, Value

OPERATIONS: dict[str, Callable[[Importer, Step], None]] = {
    **elementwise.OPERATIONS,
    **norms.OPERATIONS,
    **products.OPERATIONS,
    **reducing.OPERATIONS,
    **shaping.OPERATIONS,
    **cutting.OPERATIONS,
    **resizing.OPERATIONS,
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
    importer.norms = written_norms.find(importer)
    importer.within.update(*(norm.within for norm in importer.norms.values()))
    inputs = _inputs(importer, shapes)
    try:
        for step in model.steps:
            _take(importer, step)
        outputs = _outputs(importer)
    except Inexpressible as why:  # what stands for a step is refused itself
        raise CnncostError(f"{file}: it cannot be written as a spec: {why}") from None
    read = with_attention(_alive(importer, outputs), importer.shapes)
    if model.producer == OURS:
        channels = {name: shape.channels for name, shape in importer.shapes.items()}
        read = written.with_mapped(written.with_frozen(read, model.frozen), outputs, channels)
    importer.ops = {op.name: op for op in read}
    ops = _alive(importer, outputs)
    alive = {op.name for op in ops}
    stem = PurePath(file.replace("\\", "/")).name.rpartition(".")[0] or file
    return Graph(
        stem,
        inputs,
        ops,
        outputs,
        notes="\n".join(importer.notes),
        unknown=tuple(line for name, line in importer.unknown if name in alive),
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


LAST = "tf2onnx"
"""The exporter whose inputs have their channels last unless it was told otherwise."""

FIRST = (*PRODUCTS[:2], "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LRN")
"""Operations that take the second axis for the channels."""


def _channels_last(importer: Importer, name: str, rank: int) -> bool:
    """Whether an input's channels are brought to the front by all that reads it, at once or
    after steps on each number."""
    order, steps = (0, rank - 1, *range(1, rank - 1)), importer.consumers[name]
    readers, seen = list(steps), set(map(id, steps))
    for step in readers:
        if step.op in BINARY or step.op in UNARY:
            further = importer.consumers.get(step.outputs[0], []) if step.outputs else []
            readers += [s for s in further if id(s) not in seen]
            seen.update(map(id, further))
    moves = [step for step in readers if step.op not in BINARY and step.op not in UNARY]
    if rank < 3 or not moves:
        return False
    if importer.model.producer == LAST:
        return not any(step.op in FIRST for step in moves)
    return all(
        step.op == "Transpose" and tuple(step.attributes.get("perm") or ()) == order
        for step in moves
    )


def _take(importer: Importer, step: Step) -> None:
    """One step of the file.

    Raises:
        CnncostError: it lacks attributes or inputs, or has others than its operation takes.
    """
    try:
        _understand(importer, step)
    except MALFORMED as error:
        raise CnncostError(
            f"{importer.file}: {step.op} {step.name!r} is malformed: {_trouble(error)}",
            "onnx.checker says what a file has wrong",
        ) from None


def _trouble(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return "it lacks an input or output" if isinstance(error, IndexError) else str(error)


def _understand(importer: Importer, step: Step) -> None:
    """A step folded if its inputs are constants, else a layer or a view, else opaque."""
    if not step.outputs or importer.within.issuperset(step.outputs):
        return
    if step.op in ("Shape", "Size") and importer.known(step.inputs[0]):
        importer.constants[step.outputs[0]] = dimensions(step, importer.dims(step.inputs[0]))
        return
    if all(not t or t in importer.constants for t in step.inputs):
        _fold(importer, step)
        return
    for tensor in step.inputs:
        known = importer.known(tensor) or tensor in importer.within
        if tensor and tensor not in importer.constants and not known:
            raise CnncostError(
                f"{importer.file}: {step.op} {step.name!r} reads {tensor!r}, which no step "
                "before it makes",
                "the steps of an ONNX file come in order, without cycles",
            )
    try:
        _layer(importer, step)
    except Inexpressible as why:
        _opaque(importer, step, str(why))


def _fold(importer: Importer, step: Step) -> None:
    """A step over constants: its numbers where they are known, else its dimensions."""
    inputs = [importer.constants[t] if t else None for t in step.inputs]
    if step.op in ("Shape", "Size") and inputs[0]:
        made: list[Tensor] | None = [dimensions(step, inputs[0].dims)]
    else:
        made = fold(step, [item.values if item else None for item in inputs])
    if step.op in PRODUCTS:
        importer.notes["products that depend on no input are left out"] = None
    made = made or shapes_of_constants(importer, step)
    importer.constants.update(zip(step.outputs, made, strict=False))


def _layer(importer: Importer, step: Step) -> None:
    norm = importer.norms.get(step.outputs[0])
    if norm is not None:
        whole = replace(step, op="Norm", inputs=(norm.x, *norm.learned))
        try:
            written_norms.emit(importer, whole, norm)
        except Inexpressible as why:  # its parts were not emitted: it is opaque as a whole
            importer.opaque(whole, importer.dims(norm.x), str(why))
        return
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


def _outputs(importer: Importer) -> tuple[str, ...]:
    """The operations that make the model's outputs; one that is read on gets a name of its own."""
    names = []
    for tensor in importer.model.outputs:
        if not importer.known(tensor):
            continue
        value = importer.see(tensor)
        end = Step("", "", (tensor,), (tensor,), {})
        try:
            name = importer.solid(end, _ending(value, last=importer.channels_last))
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


def _ending(value: Value, *, last: bool) -> Value:
    """An output without its batch; a map has its channels first."""
    rank = len(value.shape)
    channel = joining.natural(value) if last else 1
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
    return _in_order(importer, [op for name, op in importer.ops.items() if name in wanted])


def _in_order(importer: Importer, ops: list[Op]) -> tuple[Op, ...]:
    """In the file's order as far as each comes after what it reads: an activation is told only
    when it is read, but its memory is taken where it stands."""
    waiting = {op.name: len({read for read in op.reads if read in importer.ops}) for op in ops}
    readers: dict[str, list[str]] = {}
    for op in ops:
        for read in dict.fromkeys(op.reads):
            readers.setdefault(read, []).append(op.name)
    made = {op.name: i for i, op in enumerate(ops)}
    ready = [(importer.places[op.name], made[op.name]) for op in ops if not waiting[op.name]]
    heapify(ready)
    found = []
    while ready:
        op = ops[heappop(ready)[1]]
        found.append(op)
        for name in readers.get(op.name, ()):
            waiting[name] -= 1
            if not waiting[name]:
                heappush(ready, (importer.places[name], made[name]))
    return tuple(found)
