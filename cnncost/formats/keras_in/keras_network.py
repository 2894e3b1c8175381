"""Reads a whole model, and the models within it, call by call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnncost.errors import CnncostError
from cnncost.formats.graph import Graph, needed_operations
from cnncost.formats.importing import (
    AXES,
    Inexpressible,
    absorb_paddings,
    copy_read_outputs,
    dims_text,
    list_unknown,
    match_shapes,
)
from cnncost.formats.keras_in.keras_importer import (
    Dims,
    Enclosing,
    KerasImporter,
    KerasTensor,
    find_owner,
)
from cnncost.formats.keras_in.keras_model import MODELS, KerasLayer, KerasModel, Ref, read_model
from cnncost.formats.keras_in.keras_opaque import count_learned, infer_shape
from cnncost.formats.keras_in.keras_rules import find_rule
from cnncost.layers.kinds import LARGEST

DEEPEST = 50
"""Models within models."""

MOST = 100_000
"""Calls of layers, those of models within models each time that such a model is called."""

Tensors = dict[Ref, KerasTensor]


def build_keras_graph(
    node: Mapping[str, Any],  # Any: what JSON holds
    file: str,
    shapes: Mapping[str, Dims],
) -> Graph:
    """Build the graph of a configuration.

    Raises:
        CnncostError: it is no model of layers, or its shapes stay open.
    """
    try:
        model = read_model(node, file)
        k = KerasImporter(file, _is_channels_last(node))
        inputs = _read_inputs(k, model, shapes)
        made = _run_model(
            k, model, [KerasTensor(name, dims, dims) for name, dims in inputs.items()]
        )
    except RecursionError:
        raise CnncostError(f"{file}: its models or lists are nested too deep") from None
    outputs = _emit_outputs(k, made)
    ops = absorb_paddings(needed_operations(k.ops, outputs), k.zeros, outputs)
    return Graph(
        model.name, inputs, ops, outputs,
        notes=k.notes.count_lines(), unknown=list_unknown(k.unknown, ops),
    )  # fmt: skip


END = KerasLayer("output", "", "", {}, ())
"""What the outputs are read by."""


def _emit_outputs(k: KerasImporter, made: Sequence[KerasTensor]) -> tuple[str, ...]:
    """Emit the views that the outputs take; the operations that make them, read by no layer."""
    seen = {k.emit_views(END, tensor): tensor.seen for tensor in made}
    if seen.keys().isdisjoint(k.ops):
        raise CnncostError(f"{k.file}: no output depends on an input")

    def emit_identity(name: str) -> str:
        return k.emit_layer(END, "identity", [KerasTensor(name, seen[name], seen[name])]).op

    return copy_read_outputs(k.ops, list(seen), emit_identity)


def _is_channels_last(node: object) -> bool:
    """Tell whether channels come last: by the first layer that says so, else by Keras' default."""
    stack = [node]
    while stack:
        found = stack.pop()
        if isinstance(found, dict):
            if isinstance(found.get("data_format"), str):
                return bool(found["data_format"] != "channels_first")
            stack += reversed(list(found.values()))
        elif isinstance(found, list):
            stack += reversed(found)
    return True


def _read_inputs(
    k: KerasImporter, model: KerasModel, shapes: Mapping[str, Dims]
) -> dict[str, Dims]:
    layers = {layer.name: layer for layer in model.layers}
    names = list(dict.fromkeys(ref.layer for ref in model.inputs))
    if not names:
        raise CnncostError(f"{k.file}: {model.name} has no inputs")
    given = match_shapes(k.file, names, shapes)
    found: dict[str, Dims] = {}
    for name in names:
        if name not in layers:
            raise CnncostError(f"{k.file}: no layer is called {name!r}, an input")
        config = layers[name].config
        written = config.get("batch_shape") or config.get("batch_input_shape")
        dims = given.get(name)
        if dims is None and isinstance(written, list):
            dims = k.convert_shape(written)
        if dims is None:
            due = "--input 3x224x224" if len(names) == 1 else f"--input {name}=3x224x224"
            raise CnncostError(
                f"{k.file}: the input {name!r} has open sizes: {written}", f"say them: {due}"
            )
        if len(dims) > 4 or max(dims) > LARGEST:
            raise CnncostError(
                f"{k.file}: the input {name!r} of {dims_text(dims)} is no map or vector"
            )
        found[name] = dims
        k.names.taken.add(name)
    return found


def _run_model(
    k: KerasImporter, model: KerasModel, inputs: Sequence[KerasTensor], depth: int = 0
) -> list[KerasTensor]:
    """Read a model over these inputs; returns its outputs."""
    if depth > DEEPEST:
        raise CnncostError(f"{k.file}: models nested more than {DEEPEST} deep")
    if len(inputs) != len(model.inputs):
        raise CnncostError(
            f"{k.file}: {model.name} has {len(model.inputs)} inputs, but {len(inputs)} enter it"
        )
    known: Tensors = dict(zip(model.inputs, inputs, strict=True))
    entering = {ref.layer for ref in model.inputs}
    for layer, at in _order_calls(model, k.file):
        k.calls += 1
        if k.calls > MOST:
            raise CnncostError(f"{k.file}: more than {MOST:,} layers, models within it written out")
        if layer.name in entering:
            continue
        reads = [_find_tensor(k, known, ref, layer) for ref in layer.calls[at].reads]
        made = _emit_call(k, model, layer, at, reads, depth)
        for number, tensor in enumerate(made):
            known[Ref(layer.name, at, number)] = tensor
    return [_find_tensor(k, known, ref, END) for ref in model.outputs]


def _find_tensor(k: KerasImporter, known: Tensors, ref: Ref, layer: KerasLayer) -> KerasTensor:
    if ref not in known:
        raise CnncostError(
            f"{k.file}: {layer.name!r} reads output {ref.output} of call {ref.call} of "
            f"{ref.layer!r}, which there is not"
        )
    return known[ref]


def _order_calls(model: KerasModel, file: str) -> list[tuple[KerasLayer, int]]:
    """Sort the calls so that each comes after what it reads and a branch stays in one piece,
    otherwise as the file has them (Kahn 1962, with a stack): Keras writes the layers of parallel
    branches in turns."""
    calls = [(layer, at) for layer in model.layers for at in range(len(layer.calls))]
    place = {(layer.name, at): number for number, (layer, at) in enumerate(calls)}
    readers: dict[int, list[int]] = defaultdict(list)
    waits = [0] * len(calls)
    for number, (layer, at) in enumerate(calls):
        for key in {(ref.layer, ref.call): None for ref in layer.calls[at].reads}:
            if key not in place:
                raise CnncostError(f"{file}: {layer.name!r} reads {_describe_missing(model, *key)}")
            readers[place[key]].append(number)
            waits[number] += 1
    ready = [number for number, count in enumerate(waits) if not count][::-1]
    ordered = []
    while ready:
        number = ready.pop()
        ordered.append(calls[number])
        for reader in reversed(readers[number]):  # the first one goes on top
            waits[reader] -= 1
            if not waits[reader]:
                ready.append(reader)
    if len(ordered) < len(calls):
        layer, _ = next(call for call, count in zip(calls, waits, strict=True) if count)
        raise CnncostError(f"{file}: {layer.name!r} reads its own output, over other layers")
    return ordered


def _describe_missing(model: KerasModel, name: str, call: int) -> str:
    if name not in {layer.name for layer in model.layers}:
        return f"{name!r}, which is no layer"
    return f"call {call} of {name!r}, which there is not"


def _emit_call(
    k: KerasImporter,
    model: KerasModel,
    layer: KerasLayer,
    at: int,
    reads: list[KerasTensor],
    depth: int,
) -> list[KerasTensor]:
    if not reads:
        raise CnncostError(f"{k.file}: {layer.name!r} ({layer.kind}) reads nothing")
    owner, k.owner = k.owner, find_owner(layer, model, k.around, k.owner)
    try:
        if layer.kind in MODELS and "layers" in layer.config and not layer.foreign:
            return _run_inner_model(k, Enclosing(owner, model), layer, reads, depth)
        return [_emit_one_layer(k, model, layer, at, reads)]
    finally:
        k.owner = owner


def _run_inner_model(
    k: KerasImporter, outer: Enclosing, layer: KerasLayer, reads: list[KerasTensor], depth: int
) -> list[KerasTensor]:
    """Read a model that is a layer of another one: its layers stand under its name."""
    model = read_model({"class_name": layer.kind, "config": layer.config}, k.file)
    prefix, k.prefix = k.prefix, f"{k.prefix}{layer.name}."
    k.around.append(outer)
    try:
        return _run_model(k, model, reads, depth + 1)
    finally:
        k.around.pop()
        k.prefix = prefix


def _emit_one_layer(
    k: KerasImporter, model: KerasModel, layer: KerasLayer, at: int, reads: list[KerasTensor]
) -> KerasTensor:
    """Emit a layer in the words of a spec, or opaque if there are none."""
    written = model.recorded.get(Ref(layer.name, at))
    dims = k.convert_shape(written) if written else None
    before = len(k.ops)
    if numbers := layer.calls[at].numbers:  # an operation has no configuration of its own
        layer = replace(layer, config={**layer.config, "arguments": numbers})
    try:
        made = find_rule(layer, len(reads))(k, layer, reads)
        # Other inputs than the file's give other shapes: only equal inputs can be compared.
        if dims is None or made.seen == dims or not _reads_as_recorded(k, model, layer, at, reads):
            return made
        why = f"its output is {dims_text(made.seen)} here, but {dims_text(dims)} in the file"
    except Inexpressible as reason:
        why = str(reason)
    k.forget_operations(before)
    if dims is None or not _reads_as_recorded(k, model, layer, at, reads):
        dims = infer_shape(k, layer, reads[0].seen) if len(reads) == 1 else None
    if dims is None or not 1 <= len(dims) <= AXES:
        raise CnncostError(
            f"{k.file}: {layer.name!r} ({layer.kind}) cannot be expressed: {why}",
            UNREAD if written is None else OTHERWISE,
        )
    learned = count_learned(k, layer, reads[0].seen) if len(reads) == 1 else None
    return k.emit_opaque(layer, reads, dims, why, learned)


OTHERWISE = "the file does not hold its output's shape for these inputs, so it cannot be opaque"
UNREAD = (
    "no layer reads it, so the file does not hold its output's shape: save the model with one"
    " behind it, keras.Model(model.inputs, keras.layers.Identity()(model.output))"
)


def _reads_as_recorded(
    k: KerasImporter, model: KerasModel, layer: KerasLayer, at: int, reads: list[KerasTensor]
) -> bool:
    """Tell whether what a call reads has the shapes that the file has."""
    written = [model.recorded.get(ref) for ref in layer.calls[at].reads]
    return all(
        shape is not None and k.convert_shape(shape) == tensor.seen
        for shape, tensor in zip(written, reads, strict=True)
    )
