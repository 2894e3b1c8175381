"""Takes the steps of a `.tflite` file one after another; each becomes a layer, a view, or is
opaque."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

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
from cnncost.formats.tflite_in import (
    tflite_activations,
    tflite_arithmetic,
    tflite_cuts,
    tflite_products,
    tflite_views,
    tflite_windows,
)
from cnncost.formats.tflite_in.tflite_importer import UNNAMED, KnownCost, TfliteImporter
from cnncost.formats.tflite_in.tflite_model import HINT
from cnncost.formats.tflite_in.tflite_types import find_types

if TYPE_CHECKING:
    from cnncost.formats.tflite_in.tflite_model import Dims, TfliteModel, TfliteStep

OPERATIONS: dict[str, Callable[[TfliteImporter, TfliteStep], None]] = {
    **tflite_windows.OPERATIONS,
    **tflite_products.OPERATIONS,
    **tflite_activations.OPERATIONS,
    **tflite_arithmetic.OPERATIONS,
    **tflite_views.OPERATIONS,
    **tflite_cuts.OPERATIONS,
}
"""What each of TensorFlow Lite's operators becomes."""

COUNTS: dict[str, Callable[[TfliteImporter, TfliteStep, Dims], KnownCost]] = {
    **tflite_windows.COUNTS,
    **tflite_products.COUNTS,
}
"""What an operator costs where it cannot be written in words."""

_FREE = """
GATHER GATHER_ND BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TILE BROADCAST_TO REVERSE_V2
REVERSE_SEQUENCE ARG_MAX ARG_MIN TOPK_V2 ONE_HOT CUMSUM LESS LESS_EQUAL GREATER GREATER_EQUAL
EQUAL NOT_EQUAL LOGICAL_AND LOGICAL_OR LOGICAL_NOT SELECT SELECT_V2 WHERE SCATTER_ND
STRIDED_SLICE SLICE SPLIT SPLIT_V PACK UNPACK CONCATENATION RESHAPE TRANSPOSE SQUEEZE
EXPAND_DIMS PAD PADV2 MIRROR_PAD RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR FILL ZEROS_LIKE
SPACE_TO_DEPTH DEPTH_TO_SPACE AVERAGE_POOL_2D MAX_POOL_2D L2_POOL_2D SOFTMAX LOG_SOFTMAX
L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION BITCAST ATAN2 BITWISE_XOR RIGHT_SHIFT
DYNAMIC_UPDATE_SLICE MATRIX_DIAG MATRIX_SET_DIAG RANGE RANK SHAPE UNIQUE NON_MAX_SUPPRESSION_V4
NON_MAX_SUPPRESSION_V5 MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD REDUCE_ANY REDUCE_ALL
"""

FREE = frozenset(_FREE.split())
"""Operators that move, compare or pool numbers: where they have no words, they cost nothing."""

SHAPE_ONLY = ("SHAPE", "RANK", "ZEROS_LIKE")
"""Operators whose result depends on the shape of their input alone."""


MALFORMED = (ArithmeticError, LookupError, ValueError)
"""What comes of a step that lacks inputs, or has constants of other sizes than it takes."""


def build_tflite_graph(model: TfliteModel, file: str, shapes: Mapping[str, Dims]) -> Graph:
    """Build the graph of a model; `file` stands in messages, `shapes` replace the inputs'.

    Raises:
        CnncostError: it cannot be followed: a cycle, or shapes that stay open.
    """
    importer = TfliteImporter(model, file)
    importer.batch = _find_batch(model)
    try:
        inputs = _start_inputs(importer, shapes)
        _read_steps(importer)
        outputs = _emit_outputs(importer)
    except Inexpressible as why:
        raise CnncostError(f"{file}: it cannot be written as a spec: {why}", HINT) from None
    types = find_types(importer)
    ops = absorb_paddings(needed_operations(importer.ops, outputs), importer.zeros, outputs)
    read = {name for op in ops for name in op.reads}
    stem = PurePath(file.replace("\\", "/")).name.rpartition(".")[0] or file
    return Graph(
        stem, {name: shape for name, shape in inputs.items() if name in read}, ops, outputs,
        types=types, notes=importer.notes.count_lines(),
        unknown=list_unknown(importer.unknown, ops),
        audit=_describe_others(model),
    )  # fmt: skip


def _describe_others(model: TfliteModel) -> tuple[str, ...]:
    """Describe the subgraphs that are not read."""
    if not model.others:
        return ()
    names = ", ".join(model.others[:5]) + (", ..." if len(model.others) > 5 else "")
    plural = "s are" if len(model.others) > 1 else " is"
    return (f"the main subgraph is read; {len(model.others)} other{plural} not: {names}",)


# --- ends ----------------------------------------------------------------------------------


def _find_batch(model: TfliteModel) -> int:
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


def _start_inputs(
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


def _emit_outputs(importer: TfliteImporter) -> tuple[str, ...]:
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


# --- steps ---------------------------------------------------------------------------------


def _read_steps(importer: TfliteImporter) -> None:
    later = {tensor for step in importer.model.steps for tensor in step.outputs}
    for step in importer.model.steps:
        for tensor in step.inputs:
            if tensor in later and tensor not in importer.values and tensor not in importer.fixed:
                name = importer.model.tensors[tensor].name
                raise CnncostError(
                    f"{importer.file}: {step.op} reads {name!r}, which a later step makes", HINT
                )
        _read_step(importer, step)


def _read_step(importer: TfliteImporter, step: TfliteStep) -> None:
    """Emit a layer or a view for a step, else an opaque layer; nothing where it depends on no
    input."""
    outputs = [tensor for tensor in step.outputs if tensor >= 0]
    if not outputs:
        return
    if step.op in SHAPE_ONLY or not any(tensor in importer.values for tensor in step.inputs):
        importer.mark_fixed(step)
        return
    try:
        _emit_step(importer, step, outputs)
    except MALFORMED:
        raise CnncostError(
            f"{importer.file}: a {step.op} has other inputs than it takes", HINT
        ) from None


def _emit_step(importer: TfliteImporter, step: TfliteStep, outputs: list[int]) -> None:
    kept = len(importer.ops)
    try:
        if step.op not in OPERATIONS or step.custom or step.outputs[0] < 0:
            raise Inexpressible("the language has no word for it")
        OPERATIONS[step.op](importer, step)
        _compare_shapes(importer, step)
    except Inexpressible as why:
        importer.forget_operations(kept)
        _make_opaque(importer, step, outputs, str(why))


def _compare_shapes(importer: TfliteImporter, step: TfliteStep) -> None:
    """Compare what a step gives with what the file says of it.

    Raises:
        Inexpressible: they differ.
    """
    for tensor in step.outputs:
        said = importer.recorded_dims(tensor) if tensor >= 0 else None
        found = importer.values[tensor].shape if tensor in importer.values else None
        if tensor >= 0 and found is None:
            raise Inexpressible("it has further outputs")
        if said is not None and found != said:
            raise Inexpressible(
                f"its output is {dims_text(found or ())} here, but {dims_text(said)} by the file"
            )


def _make_opaque(importer: TfliteImporter, step: TfliteStep, outputs: list[int], why: str) -> None:
    """Emit an opaque layer for each output of a step; the first has its costs."""
    for tensor in outputs:
        importer.values.pop(tensor, None)
    for tensor in outputs:
        dims = importer.recorded_dims(tensor)
        if dims is None or min(dims) < 1:
            raise CnncostError(
                f"{importer.file}: a {step.op} cannot be expressed: {why}",
                "its output's shape is not in the file, or is that of other inputs",
            )
        part = step.with_outputs(tensor)
        known = tensor != outputs[0] or (step.op in FREE and not step.custom)
        cost = KnownCost() if known else _count_step(importer, step, dims)
        if cost is not None:
            importer.values[tensor] = importer.emit_known(part, dims, cost)
            continue
        made = importer.emit_opaque(part, dims, {})
        importer.unknown[made.base] = f"{step.op}: {why}"
        importer.values[tensor] = made


def _count_step(importer: TfliteImporter, step: TfliteStep, dims: Dims) -> KnownCost | None:
    """Count a step without words by its weights; None if that does not tell."""
    count = None if step.custom else COUNTS.get(step.op)
    try:
        return count(importer, step, dims) if count else None
    except Inexpressible:
        return None
