"""Read where a model begins and ends: its inputs' names and shapes, its outputs, the operations
that those depend on, and the learned numbers that the file holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from cnncost.errors import CnncostError
from cnncost.formats.graph import Op, needed_operations
from cnncost.formats.importing import AXES, Inexpressible, copy_read_outputs, match_shapes
from cnncost.formats.onnx_in.onnx_activation_curves import BINARY, UNARY
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_inference import (
    infer_file_shapes,
    learned_inputs,
    refuse_shapeless,
)
from cnncost.formats.onnx_in.onnx_joins import channel_axis
from cnncost.formats.onnx_in.onnx_model import PRODUCTS, OnnxNode
from cnncost.formats.onnx_in.tensor_states import Batch
from cnncost.formats.tensor_value import Shape, Value


def start_inputs(importer: OnnxImporter, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Start from the inputs that some step reads; returns their shapes by label, without the
    batch. `shapes` replace the file's, by label; the only input's may have an empty one.

    Raises:
        CnncostError: a shape is left open, or is given to no input.
    """
    inputs = importer.model.inputs
    used = {name: dims for name, dims in inputs.items() if importer.consumers.get(name)}
    if not used:
        raise CnncostError(f"{importer.file}: no step reads an input")
    labels, found, sizes = _input_labels(used), dict[str, Shape](), dict[str, Shape]()
    given = match_shapes(importer.file, list(labels.values()), shapes)
    batched = importer.axis is not Batch.NONE
    for name, dims in used.items():
        last = batched and _has_channels_last(importer, name, len(dims))
        shape = given.get(labels[name]) or ((dims[-1], *dims[1:-1]) if last else dims[1:])
        if batched:
            importer.batch = max(importer.batch, *dims[:1], 1)
        else:
            shape = (*dims[:1], *shape)
        _check_input(importer, name, shape, labels[name] if len(used) > 1 else "")
        importer.start_input(name, shape, labels[name], channels_last=last)
        found[labels[name]] = shape
        inner = (*shape[1:], shape[0]) if last else shape
        sizes[name] = (dims[0] or 1, *inner) if batched else inner
    importer.recorded = infer_file_shapes(importer.model, sizes)
    return found


def _check_input(importer: OnnxImporter, name: str, shape: Shape, label: str) -> None:
    """Refuse an input whose shape is left open; `label` tells it apart from others."""
    if 1 <= len(shape) <= AXES and min(shape) >= 1:
        return
    written = "x".join(str(n or "?") for n in importer.model.inputs[name]) or "no dimensions"
    raise CnncostError(
        f"{importer.file}: the shape of its input {name!r} is left open ({written})",
        f"give one: --input {label}{'=' if label else ''}3x224x224",
    )


LAST = "tf2onnx"
"""The exporter whose inputs have their channels last unless it was told otherwise."""

FIRST = (*PRODUCTS[:2], "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LRN")
"""Operations that take the second axis for the channels."""


def _has_channels_last(importer: OnnxImporter, name: str, rank: int) -> bool:
    """Tell whether all that reads an input brings its channels to the front, at once or after
    functions of each number."""
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


def _input_labels(names: Iterable[str]) -> dict[str, str]:
    """Return a label of letters, digits and underscores for each name, none twice.

    TensorFlow's number of an output, `:0`, is left out where that keeps names apart. A name
    without any Latin letter or digit is `input`, with a number where there are others.
    """
    names = list(dict.fromkeys(names))
    short = {name: _label_word(re.sub(r":\d+$", "", name)) for name in names}
    uses = Counter(short.values())
    wanted = {name: _label_word(name) if uses[short[name]] > 1 else short[name] for name in names}
    if len(names) == 1:
        return {name: word or "input" for name, word in wanted.items()}
    alone = {word for word, count in Counter(wanted.values()).items() if word and count == 1}
    taken = set(alone)
    return {
        name: word if word in alone else _take_free_label(word, taken)
        for name, word in wanted.items()
    }


def _label_word(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.A).strip("_")


def _take_free_label(word: str, taken: set[str]) -> str:
    """Take the word, or the word with the first free number behind it."""
    name, number = word or "input_1", 1
    while name in taken:
        number += 1
        name = f"{word or 'input'}_{number}"
    taken.add(name)
    return name


def emit_outputs(importer: OnnxImporter) -> tuple[str, ...]:
    """Emit the model's outputs and return their operations; one that another layer reads as well
    gets an identity behind it."""
    refuse_shapeless(importer)
    names = []
    for tensor in importer.model.outputs:
        if not importer.is_activation(tensor):
            continue
        value = importer.emit_value(tensor)
        end = OnnxNode("", "", (tensor,), (tensor,), {})
        try:
            name = importer.emit_views(end, _output_view(value, last=importer.channels_last))
        except Inexpressible:
            name = value.base
        names.append(name)
    if not names:
        raise CnncostError(f"{importer.file}: none of its outputs depends on an input")
    end = OnnxNode("", "", (), ("",), {})
    return copy_read_outputs(
        importer.ops, names, lambda name: importer.emit_layer(end, "identity", [name]).base
    )


def _output_view(value: Value, *, last: bool) -> Value:
    """Return an output without its batch, a map's channels first."""
    rank = len(value.shape)
    channel = channel_axis(value) if last else 1
    if rank < 2 or value.shape[0] != 1 or rank > 5:
        return Value(value.base, value.made)
    rest = [axis for axis in range(1, rank) if axis != channel]
    turned = value.permute_axes((0, channel, *rest))
    return turned.reshape_to(turned.shape[1:])


def find_operations(importer: OnnxImporter, outputs: tuple[str, ...]) -> tuple[Op, ...]:
    """Return the operations that an output depends on, in the file's order."""
    return _sort_by_file(importer, needed_operations(importer.ops, outputs))


def _sort_by_file(importer: OnnxImporter, ops: list[Op]) -> tuple[Op, ...]:
    """Sort operations as the file has their steps, each after what it reads. An activation is
    emitted when it is read, but takes its memory where its step stands."""
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


class Ledger(NamedTuple):
    """The file's learned numbers by the name of their tensor."""

    held: dict[str, int]
    unread: tuple[str, ...]
    """Those that no layer has."""
    unused: tuple[str, ...]
    """Those that no output depends on."""


def count_held(importer: OnnxImporter) -> Ledger:
    """Count the numbers of each tensor that a step may have learned, each tensor once.

    A bias that several layers have is counted for each: one exporter merges equal tensors.
    """
    owners = importer.owners
    read = [
        source
        for step in importer.model.steps
        if not all(not t or t in importer.constants for t in step.inputs)
        for source in owners.file_tensors(learned_inputs(importer, step))
    ]
    used = dict.fromkeys([*owners.claimed, *read])
    held = {s: owners.sizes.get(s, 0) for s in used if s not in importer.left_out}
    for source, times in owners.again.items():
        held |= {f"{source} ({n + 2})": owners.sizes[source] for n in range(times)}
    unread = tuple(s for s in held if s in used and s not in owners.claimed)
    unused = {
        name: item.size
        for name, item in importer.model.constants.items()
        if item.floating and item.size > 1 and not importer.consumers.get(name)
    }
    return Ledger({**held, **unused}, unread, tuple(unused))
