"""Takes the steps of a model one after another; each becomes a layer, a view or a constant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import PurePath

from cnncost.errors import CnncostError
from cnncost.formats.graph import Graph, Op
from cnncost.formats.importing import Inexpressible, dims_text, list_unknown
from cnncost.formats.onnx_in import (
    onnx_cuts,
    onnx_elementwise,
    onnx_norms,
    onnx_own_files,
    onnx_products,
    onnx_recurrent,
    onnx_reductions,
    onnx_resizing,
    onnx_views,
    onnx_windows,
    tensorflow_norms,
)
from cnncost.formats.onnx_in.onnx_attention import join_attention
from cnncost.formats.onnx_in.onnx_constant_folding import fold_dimensions, fold_step
from cnncost.formats.onnx_in.onnx_ends import (
    count_held,
    emit_outputs,
    find_operations,
    start_inputs,
)
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_inference import (
    learned_inputs,
    make_opaque,
    make_others,
    read_shapeless,
)
from cnncost.formats.onnx_in.onnx_model import OnnxModel, OnnxNode, find_wrong_attribute
from cnncost.formats.onnx_in.onnx_own_files import OURS
from cnncost.formats.onnx_in.onnx_types import find_onnx_types
from cnncost.formats.onnx_in.quantised_steps import replace_quantised
from cnncost.formats.onnx_in.shared_weights import (
    find_needed_steps,
    find_same_weights,
    find_weights_apart,
)
from cnncost.formats.onnx_in.tensor_states import Batch, NoBatch
from cnncost.formats.tensor_value import Shape

OPERATIONS: dict[str, Callable[[OnnxImporter, OnnxNode], None]] = {
    **onnx_elementwise.OPERATIONS,
    **onnx_norms.OPERATIONS,
    **onnx_products.OPERATIONS,
    **onnx_recurrent.OPERATIONS,
    **onnx_reductions.OPERATIONS,
    **onnx_views.OPERATIONS,
    **onnx_cuts.OPERATIONS,
    **onnx_resizing.OPERATIONS,
    **onnx_windows.OPERATIONS,
}
"""What each of ONNX's operations becomes."""

DOMAINS = ("", "ai.onnx", "com.microsoft")


def build_onnx_graph(model: OnnxModel, file: str, shapes: Mapping[str, Shape]) -> Graph:
    """Build the graph of a model; `file` stands in messages, `shapes` replace the inputs'.

    It is read again, without the steps that were read wrongly, until nothing is found wrong.

    Raises:
        CnncostError: it cannot be followed at all: a cycle, or shapes that stay open.
    """
    types = find_onnx_types(model)
    steps = replace_quantised(model.steps)
    model = replace(model, steps=steps, odd_weights=types.odd if types else {})
    model = replace(model, steps=find_needed_steps(model))
    for step in model.steps:
        known = step.domain in DOMAINS
        lacks = LACKS_TENSOR if step.op in OPERATIONS and not step.inputs else ""
        if known and (why := find_wrong_attribute(step) or lacks):
            raise _refuse_step(file, step, why)
    return replace(_read_with_batch(model, file, shapes), types=types and types.most)


def _read_with_batch(model: OnnxModel, file: str, shapes: Mapping[str, Shape]) -> Graph:
    """Read the model with its batch where it surely has one, else without, else as it comes."""
    try:
        return _read_until_agreed(model, file, shapes, Batch.CERTAIN)
    except NoBatch:  # a sequence's steps come first, or examples are mixed
        pass
    try:
        graph = _read_until_agreed(model, file, shapes, Batch.NONE)
    except CnncostError:
        graph = None
    if graph is not None and not graph.unknown:
        return graph
    return _read_until_agreed(model, file, shapes, Batch.MIXED)


ROUNDS = 8
"""Times that a model is read at most; each time more steps are opaque."""


def _read_until_agreed(
    model: OnnxModel, file: str, shapes: Mapping[str, Shape], batch: Batch
) -> Graph:
    """Read the model until no step gives another shape than the file says."""
    refused: dict[str, str] = {}
    for _ in range(ROUNDS):
        constants = dict(model.constants)
        importer = OnnxImporter(model, file, constants, refused=dict(refused), axis=batch)
        graph = _read_steps(importer, shapes)
        if importer.refused == refused:
            return graph
        refused = importer.refused
    raise CnncostError(f"{file}: its shapes are not those that its operations give")


def _read_steps(importer: OnnxImporter, shapes: Mapping[str, Shape]) -> Graph:
    model, file = importer.model, importer.file
    for step in model.steps:
        for tensor in step.inputs:
            importer.consumers.setdefault(tensor, []).append(step)
        for tensor in step.outputs:
            importer.producers[tensor] = step
    importer.same = find_same_weights(importer)
    importer.apart = find_weights_apart(importer)
    importer.norms = tensorflow_norms.find_norms(importer)
    importer.within.update(*(norm.within for norm in importer.norms.values()))
    inputs = start_inputs(importer, shapes)
    try:
        for step in model.steps:
            _read_step(importer, step)
        outputs = emit_outputs(importer)
    except Inexpressible as why:  # what stands for a step is refused itself
        raise CnncostError(f"{file}: it cannot be written as a spec: {why}") from None
    read = join_attention(find_operations(importer, outputs), importer.shapes)
    if model.producer == OURS:
        channels = {name: shape.channels for name, shape in importer.shapes.items()}
        read = onnx_own_files.join_mapped_filters(
            onnx_own_files.mark_frozen(read, model.frozen), outputs, channels
        )
    importer.ops = {op.name: op for op in read}
    ops = find_operations(importer, outputs)
    ledger = count_held(importer)
    stem = PurePath(file.replace("\\", "/")).name.rpartition(".")[0] or file
    return Graph(
        stem,
        inputs,
        ops,
        outputs,
        notes=importer.notes.count_lines(),
        unknown=list_unknown(importer.unknown, ops),
        held=ledger.held,
        unread=ledger.unread,
        unused=ledger.unused,
        odd_weights=_find_odd_weights(importer, ops),
    )


def _find_odd_weights(importer: OnnxImporter, ops: Sequence[Op]) -> dict[str, str]:
    """Find the operations whose weights have another type than most, and that type."""
    claimed, odd = importer.owners.claimed, importer.model.odd_weights
    found = {claimed[tensor]: word for tensor, word in odd.items() if tensor in claimed}
    return {op.name: found[op.name] for op in ops if op.name in found and op.word != "opaque"}


def _read_step(importer: OnnxImporter, step: OnnxNode) -> None:
    """Read one step of the file.

    Raises:
        CnncostError: it lacks attributes or inputs, or has others than its operation takes.
    """
    try:
        _dispatch_step(importer, step)
    except MALFORMED as error:
        raise _refuse_step(importer.file, step, _describe_error(error)) from None


MALFORMED = (ArithmeticError, LookupError, ValueError)
"""What comes of a step that lacks inputs or attributes, or has inputs of other shapes than it
takes."""


LACKS_TENSOR = "it lacks an input or output"


def _refuse_step(file: str, step: OnnxNode, why: str) -> CnncostError:
    return CnncostError(
        f"{file}: {step.op} {step.name!r} is malformed: {why}",
        "onnx.checker says what a file has wrong",
    )


def _describe_error(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return LACKS_TENSOR if isinstance(error, IndexError) else str(error)


def _dispatch_step(importer: OnnxImporter, step: OnnxNode) -> None:
    """Fold a step if its inputs are constants, else emit a layer or a view, else an opaque
    layer."""
    if not step.outputs or importer.within.issuperset(step.outputs):
        return
    if any(t in importer.shapeless for t in step.inputs):
        read_shapeless(importer, step)
        return
    if step.op in ("Shape", "Size") and importer.is_activation(step.inputs[0]):
        importer.constants[step.outputs[0]] = fold_dimensions(
            step, importer.tensor_dims(step.inputs[0])
        )
        return
    if all(not t or t in importer.constants for t in step.inputs):
        fold_step(importer, step)
        return
    for tensor in step.inputs:
        known = importer.is_activation(tensor) or tensor in importer.within
        if tensor and tensor not in importer.constants and not known:
            raise CnncostError(
                f"{importer.file}: {step.op} {step.name!r} reads {tensor!r}, which no step "
                "before it makes",
                "the steps of an ONNX file come in order, without cycles",
            )
    try:
        if step.outputs[0] in importer.refused:
            raise Inexpressible(importer.refused[step.outputs[0]])
        _emit_operation(importer, step)
        _compare_shapes(importer, step)
    except Inexpressible as why:
        make_opaque(importer, step, str(why))
    others = [t for t in step.outputs[1:] if t and importer.consumers.get(t)]
    if not all(importer.is_activation(t) or t in importer.shapeless for t in others):
        make_others(importer, step)


def _compare_shapes(importer: OnnxImporter, step: OnnxNode) -> None:
    """Compare what a step gives with what the file says of it.

    Raises:
        Inexpressible: they differ.
    """
    for tensor in filter(importer.is_activation, step.outputs):
        said, found = importer.recorded_dims(tensor), importer.tensor_dims(tensor)
        unlike = importer.recorded.get(tensor) if said is None else None
        if unlike and prod(unlike) != importer.batch * prod(found):
            if importer.axis is Batch.CERTAIN:
                raise NoBatch
            importer.refused[step.outputs[0]] = why = "it mixes the examples of a batch"
            raise Inexpressible(why)
        if said is not None and said != found and not {said, found} <= {(), (1,)}:
            sizes = [dims_text(dims) or "one number" for dims in (found, said)]
            importer.refused[step.outputs[0]] = why = (
                f"its output is {sizes[0]} here, but {sizes[1]} by the file"
            )
            raise Inexpressible(why)


def _emit_operation(importer: OnnxImporter, step: OnnxNode) -> None:
    norm = importer.norms.get(step.outputs[0])
    if norm is not None:
        whole = replace(step, op="Norm", inputs=(norm.x, *norm.learned))
        try:
            tensorflow_norms.emit_norm(importer, whole, norm)
        except Inexpressible as why:  # its parts were not emitted: it is opaque as a whole
            learned = learned_inputs(importer, whole)
            importer.emit_opaque(
                whole, importer.tensor_dims(norm.x), str(why), learned
            )  # a norm's shape is its input's
        return
    if step.op not in OPERATIONS or step.domain not in DOMAINS:
        raise Inexpressible("the language has no word for it")
    OPERATIONS[step.op](importer, step)
