"""Takes the steps of a `.tflite` file one after another; each becomes a layer, a view, or is
opaque."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError
from cnncost.formats.graph import Graph, needed_operations
from cnncost.formats.importing import (
    Inexpressible,
    absorb_paddings,
    dims_text,
    list_unknown,
)
from cnncost.formats.tflite_in import (
    tflite_activations,
    tflite_arithmetic,
    tflite_cuts,
    tflite_products,
    tflite_views,
    tflite_windows,
)
from cnncost.formats.tflite_in.known_cost import KnownCost
from cnncost.formats.tflite_in.tflite_ends import emit_outputs, find_batch, start_inputs
from cnncost.formats.tflite_in.tflite_importer import TfliteImporter
from cnncost.formats.tflite_in.tflite_model import HINT
from cnncost.formats.tflite_in.tflite_program import list_program
from cnncost.formats.tflite_in.tflite_types import find_odd_weights, find_types

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
    importer.batch = find_batch(model)
    try:
        inputs = start_inputs(importer, shapes)
        _read_steps(importer)
        outputs = emit_outputs(importer)
    except Inexpressible as why:
        raise CnncostError(f"{file}: it cannot be written as a spec: {why}", HINT) from None
    types = find_types(importer)
    ops = absorb_paddings(needed_operations(importer.ops, outputs), importer.zeros, outputs)
    read = {name for op in ops for name in op.reads}
    stem = PurePath(file.replace("\\", "/")).name.rpartition(".")[0] or file
    kept = {name: shape for name, shape in inputs.items() if name in read}
    return Graph(
        stem, kept, ops, outputs, types=types,
        odd_weights=find_odd_weights(importer, ops, types),
        program=list_program(importer, list(kept), ops),
        notes=importer.notes.count_lines(),
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


def _read_steps(importer: TfliteImporter) -> None:
    later = {tensor for step in importer.model.steps for tensor in step.outputs}
    for step in importer.model.steps:
        for tensor in step.inputs:
            if tensor in later and tensor not in importer.values and tensor not in importer.fixed:
                name = importer.model.tensors[tensor].name
                raise CnncostError(
                    f"{importer.file}: {step.op} reads {name!r}, which a later step makes", HINT
                )
        kept = len(importer.ops)
        _read_step(importer, step)
        latest = list(islice(reversed(importer.ops), len(importer.ops) - kept))
        importer.made.append(tuple(reversed(latest)))


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
