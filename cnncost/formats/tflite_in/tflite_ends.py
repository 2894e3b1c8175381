"""Read where a `.tflite` file begins and ends: its batch, its inputs' names and shapes, its
outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError
from cnncost.formats.importing import (
    AXES,
    Inexpressible,
    copy_read_outputs,
    dims_text,
    match_shapes,
)
from cnncost.formats.tflite_in.tflite_importer import UNNAMED, TfliteImporter
from cnncost.formats.tflite_in.tflite_model import HINT

if TYPE_CHECKING:
    from cnncost.formats.tflite_in.tflite_model import Dims, TfliteModel


def find_batch(model: TfliteModel) -> int:
    """Return the batch that a file was written with: the first axis of all inputs and results."""
    made = [tensor for step in model.steps for tensor in step.outputs]
    dims = [model.tensors[i].dims for i in (*_list_inputs(model), *made) if i >= 0]
    firsts = {shape[0] for shape in dims if len(shape) > 1}
    return firsts.pop() if len(firsts) == 1 else 1


SHAPE_PLACES = {"TRANSPOSE_CONV": (0,), "RESHAPE": (1,), "PAD": (1,)}
"""Inputs that are shapes, by operator."""


def _list_inputs(model: TfliteModel) -> list[int]:
    """List the inputs that some step reads as an activation."""
    read = {
        tensor
        for step in model.steps
        for place, tensor in enumerate(step.inputs)
        if place not in SHAPE_PLACES.get(step.op, ())
    }
    return [tensor for tensor in dict.fromkeys(model.inputs) if tensor in read and tensor >= 0]


def start_inputs(
    importer: TfliteImporter, shapes: Mapping[str, Dims]
) -> dict[str, tuple[int, ...]]:
    """Start from the inputs; returns their shapes by label, channels first, without the batch."""
    model, tensors = importer.model, _list_inputs(importer.model)
    if not tensors:
        raise CnncostError(f"{importer.file}: no step reads an input", HINT)
    labels = _label_inputs(importer, tensors)
    given = match_shapes(importer.file, list(labels.values()), shapes)
    chosen = {t: _choose_dims(importer, t, given.get(labels[t])) for t in tensors}
    importer.resized = any(chosen[t] != importer.recorded_dims(t) for t in tensors)
    if importer.batch > 1:
        importer.notes.add(f"the file's batch of {importer.batch} is one example here")
    importer.fixed = {
        i for i, tensor in enumerate(model.tensors) if tensor.constant and i not in chosen
    }
    return {labels[t]: importer.start_input(t, dims, labels[t]) for t, dims in chosen.items()}


def _label_inputs(importer: TfliteImporter, tensors: list[int]) -> dict[int, str]:
    """Return a label of letters, digits and underscores for each input, none twice."""
    if len(tensors) == 1:
        return {tensors[0]: "input"}
    labels: dict[int, str] = {}
    for number, tensor in enumerate(tensors, 1):
        name = re.sub(r":\d+$", "", importer.model.tensors[tensor].name)
        word = re.sub(r"\W+", "_", name.removeprefix("serving_default_"), flags=re.A).strip("_")
        word = word or f"input_{number}"
        labels[tensor] = f"{word}_{number}" if word in labels.values() else word
    return labels


def _choose_dims(importer: TfliteImporter, index: int, given: Dims | None) -> Dims:
    """Return the dimensions of an input, the batch first and the channels last.

    Raises:
        CnncostError: the file leaves them open, or they are no map's.
    """
    tensor = importer.model.tensors[index]
    dims = importer.recorded_dims(index) or ()
    if given is not None:
        return (1, *given[1:], given[0])
    inner = dims[1:] if len(dims) > 1 and dims[0] == 1 else dims
    if any(axis > 0 and dims[axis] <= 1 for axis in tensor.open_axes):
        open_dims = ["?" if i in tensor.open_axes else n for i, n in enumerate(dims)]
        raise CnncostError(
            f"{importer.file}: its input {tensor.name!r} has open sizes: "
            + "x".join(map(str, open_dims)),
            "give one: --input 3x224x224, channels first",
        )
    if not 1 <= len(inner) <= AXES or min(inner) < 1:
        raise CnncostError(
            f"{importer.file}: its input {tensor.name!r} of {dims_text(dims)} is no map or vector",
            "give one: --input 3x224x224, channels first",
        )
    return dims


def emit_outputs(importer: TfliteImporter) -> tuple[str, ...]:
    """Emit the views that the outputs take; returns their operations, read by no layer."""
    names = []
    for tensor in importer.model.outputs:
        if tensor in importer.values:
            value = importer.values[tensor]
            try:
                names.append(importer.open_map(UNNAMED, value)[0])
            except Inexpressible:
                names.append(value.base)
    if not set(names) & importer.ops.keys():
        raise CnncostError(f"{importer.file}: none of its outputs depends on an input", HINT)
    return copy_read_outputs(
        importer.ops, names, lambda name: importer.emit_layer(UNNAMED, "identity", [name]).base
    )
