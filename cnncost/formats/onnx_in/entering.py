"""What enters a model: its inputs' names and shapes, and where their channels are."""

from __future__ import annotations

from collections.abc import Mapping

from cnncost.errors import CnncostError
from cnncost.formats.labels import input_labels
from cnncost.formats.onnx_in.batch_axis import Batch
from cnncost.formats.onnx_in.onnx_activation_curves import BINARY, UNARY
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_inference import infer_file_shapes
from cnncost.formats.onnx_in.onnx_model import PRODUCTS
from cnncost.formats.tensor_value import Shape


def start_inputs(importer: OnnxImporter, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Start from the inputs that something reads; their shapes without the batch."""
    model, given, found = importer.model, dict(shapes), {}
    used = {name: dims for name, dims in model.inputs.items() if importer.consumers.get(name)}
    if not used:
        raise CnncostError(f"{importer.file}: no step reads an input")
    labels, sizes = input_labels(used), {}
    for name, dims in used.items():
        turned = importer.axis is not Batch.NONE and _has_channels_last(importer, name, len(dims))
        label = labels[name]
        wanted = given.pop(label, None) or (given.pop("", None) if len(used) == 1 else None)
        shape = wanted or ((dims[-1], *dims[1:-1]) if turned else dims[1:])
        if importer.axis is Batch.NONE:
            shape = (*dims[:1], *shape)
        elif dims:
            importer.batch = max(importer.batch, dims[0])
        if not 1 <= len(shape) <= 4 or min(shape) < 1:
            raise CnncostError(
                f"{importer.file}: the shape of its input {name!r} is left open"
                f" ({'x'.join(str(n or '?') for n in dims) or 'no dimensions'})",
                f"give one: --input {label + '=' if len(used) > 1 else ''}3x224x224",
            )
        importer.start_input(name, shape, label, channels_last=turned)
        found[label] = shape
        inner = (*shape[1:], shape[0]) if turned else shape
        sizes[name] = (dims[0] or 1, *inner) if importer.axis is not Batch.NONE else inner
    for label in given:
        raise CnncostError(
            f"--input: {importer.file} has no input called {label!r}",
            f"its inputs are {', '.join(found)}",
        )
    importer.recorded = infer_file_shapes(model, sizes)
    return found


LAST = "tf2onnx"
"""The exporter whose inputs have their channels last unless it was told otherwise."""

FIRST = (*PRODUCTS[:2], "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LRN")
"""Operations that take the second axis for the channels."""


def _has_channels_last(importer: OnnxImporter, name: str, rank: int) -> bool:
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
