"""Asks ONNX's own rules for the dimensions of a file's tensors, and for a single step's dimensions
or numbers; what stands for a step whose dimensions nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError
from cnncost.formats.importing import Inexpressible
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import PRODUCTS, OnnxModel, OnnxNode, OnnxTensor
from cnncost.formats.onnx_in.tensor_states import Shapeless
from cnncost.formats.tensor_value import Shape

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

    from cnncost.arrays import Numbers


LARGEST_FILE = 20_000
"""Steps of a file whose shapes are inferred; beyond that only those written down are known."""

MOST_ASKED = 2000
"""Single steps that ONNX is asked about; a file with more has none that is worth its time."""

LARGEST = 65536
"""Numbers; no tensor that is worked out has more."""


def infer_file_shapes(model: OnnxModel, inputs: Mapping[str, Shape]) -> dict[str, Shape]:
    """Infer the dimensions of each tensor for inputs of these; a tensor whose dimensions stay open
    has none.

    What ONNX infers comes first: a shape that is written down may be older than the graph, but is
    all that there is behind an operation that ONNX does not know.
    """
    written = model.shapes if _has_file_sizes(model, inputs) else {}
    if model.proto is None or len(model.steps) > LARGEST_FILE:
        return dict(written)
    found = _infer_shapes(_copy_with_inputs(model.proto, inputs, kept={}))
    made = {tensor for step in model.steps for tensor in step.outputs if tensor}
    if written and not made <= found.keys():
        later = _infer_shapes(_copy_with_inputs(model.proto, inputs, kept=written))
        found = {**written, **later, **found}
    return found


def _has_file_sizes(model: OnnxModel, inputs: Mapping[str, Shape]) -> bool:
    """Tell whether the inputs have the sizes that the file gives them, where it does."""
    return all(
        len(dims) == len(model.inputs[name])
        and all(n in (0, m) for n, m in zip(model.inputs[name], dims, strict=True))
        for name, dims in inputs.items()
    )


def _copy_with_inputs(
    proto: ModelProto, inputs: Mapping[str, Shape], kept: Mapping[str, Shape]
) -> ModelProto:
    """Copy the model with inputs of these dimensions, and without shapes written down but for the
    kept ones."""
    copied = type(proto)()
    copied.CopyFrom(proto)
    graph = copied.graph
    for item in graph.input:
        if item.name in inputs:
            shape = item.type.tensor_type.shape
            del shape.dim[:]
            for n in inputs[item.name]:
                shape.dim.add().dim_value = n
    for item in graph.output:
        if item.name not in kept:
            item.type.tensor_type.ClearField("shape")
    others = [item for item in graph.value_info if item.name in kept]
    del graph.value_info[:]
    graph.value_info.extend(others)
    return copied


def infer_step_shapes(importer: OnnxImporter, step: OnnxNode) -> list[Shape | None]:
    """Infer the dimensions of each output of a step; None for one that is unknown."""
    model = _make_step_model(importer, step)
    known = _infer_shapes(model) if model is not None else {}
    return [known.get(tensor) for tensor in step.outputs]


def evaluate_step(importer: OnnxImporter, step: OnnxNode) -> list[Numbers] | None:
    """Work out the numbers of each output of a step over constants with numbers; None if they are
    many, or ONNX's reference has no rule."""
    import numpy

    model = _make_step_model(importer, step)
    known = _infer_shapes(model) if model is not None else {}
    sizes = [prod(known.get(tensor, (LARGEST + 1,))) for tensor in step.outputs]
    if max(sizes) > LARGEST:
        return None
    from onnx.reference import ReferenceEvaluator

    try:
        with numpy.errstate(all="ignore"):
            made = ReferenceEvaluator(model).run(None, {})
    except Exception:  # whatever onnx has against the step: its numbers stay unknown
        return None
    return [numpy.asarray(item) for item in made]


def _infer_shapes(model: ModelProto) -> dict[str, Shape]:
    import onnx

    try:
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception:  # whatever onnx has against the file: it infers nothing
        return {}
    found = {}
    for item in [*graph.value_info, *graph.output]:
        kind = item.type.tensor_type
        dims = tuple(dim.dim_value for dim in kind.shape.dim)
        if kind.HasField("shape") and min(dims, default=1) > 0:
            found[item.name] = dims
    return found


def _make_step_model(importer: OnnxImporter, step: OnnxNode) -> ModelProto | None:
    """Make a model of one step. None after too many questions, or if an input has no dimensions or
    some that no file can hold."""
    from onnx import helper

    importer.asked += 1
    if importer.asked > MOST_ASKED:
        return None
    inputs, constants = [], []
    try:
        for tensor in dict.fromkeys(t for t in step.inputs if t):
            item = importer.constants.get(tensor)
            if item is not None and item.values is not None:
                constants.append(_make_tensor_proto(item.values, tensor))
            else:
                dims = importer.tensor_dims(tensor)
                inputs.append(helper.make_tensor_value_info(tensor, FLOAT, dims))
    except (Inexpressible, ValueError):
        return None
    outputs = [helper.make_empty_tensor_value_info(t) for t in step.outputs]
    node = helper.make_node(
        step.op, list(step.inputs), list(step.outputs), domain=step.domain, **_list_attributes(step)
    )
    graph = helper.make_graph([node], "step", inputs, outputs, constants)
    proto = importer.model.proto
    opsets = proto.opset_import if proto is not None and proto.opset_import else None
    return helper.make_model(graph, opset_imports=opsets)


FLOAT = 1
"""onnx.TensorProto.FLOAT: what a tensor is taken for whose numbers are not there."""


def _make_tensor_proto(values: Numbers, name: str) -> TensorProto:
    """Make a tensor of that name; numbers of any floating-point type become float32."""
    from onnx import numpy_helper

    return numpy_helper.from_array(
        values.astype("float32") if values.dtype.kind == "f" else values, name
    )


def _list_attributes(step: OnnxNode) -> dict[str, Any]:  # Any: as onnx takes them
    """Return a step's attributes without graphs, and without empty lists, whose type onnx cannot
    tell."""
    found: dict[str, Any] = {}
    for key, value in step.attributes.items():
        if isinstance(value, OnnxTensor):
            if value.values is not None:
                found[key] = _make_tensor_proto(value.values, key)
        elif isinstance(value, int | float | str | tuple) and value != ():
            found[key] = value
    return found


def make_opaque(importer: OnnxImporter, step: OnnxNode, why: str) -> None:
    """Emit a step as an opaque layer, or remember that nobody knows its shape."""
    shape = find_shapes(importer, step)[0]
    reads = tuple(t for t in dict.fromkeys(step.inputs) if t and importer.is_activation(t))
    learned = learned_inputs(importer, step)
    if shape is None:
        importer.values.pop(step.outputs[0], None)
        importer.pending.pop(step.outputs[0], None)
        importer.shapeless[step.outputs[0]] = Shapeless(reads, step, why, learned)
        return
    if step.op in COSTLESS and not step.domain and step.outputs[0] not in importer.refused:
        importer.notes.add(f"{step.op} has no word, and costs nothing: {why}")
        why = ""
    importer.emit_opaque(step, shape, why, learned)


COSTLESS = frozenset(
    ("ArgMax", "ArgMin", "CumSum", "Gather", "GatherElements", "GatherND", "LayerNormalization",
     "MaxUnpool", "TopK", "Trilu")
)  # fmt: skip
"""Operations that choose, sort or normalise: what they learn is counted, and no product is."""

NO_PARAMETERS = {
    "BatchNormalization": (3, 4),
    "Where": (0,),
    **dict.fromkeys(("Clip", "Resize", "Upsample", "Pad", "Dropout", "Pow"), (1, 2, 3)),
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear"), (1, 2)),
}
"""The inputs of operations that are no learned numbers, though floating-point constants."""


def learned_inputs(importer: OnnxImporter, step: OnnxNode) -> tuple[str, ...]:
    """Return the constants of several numbers that a step may have learned."""
    known = [t for i, t in enumerate(step.inputs) if i not in NO_PARAMETERS.get(step.op, ())]
    items = [(t, importer.constants[t]) for t in known if t in importer.constants]
    return tuple(
        t
        for t, item in items
        if item.learned
        and item.size > 1
        and not importer.left_out.issuperset(item.sources or [t])
        and (item.floating or step.op in PRODUCTS)
    )


def make_others(importer: OnnxImporter, step: OnnxNode) -> None:
    """Emit the further outputs of a step that something reads, as parts of its first one."""
    shapes = find_shapes(importer, step)
    first = step.outputs[0]
    for tensor, shape in zip(step.outputs[1:], shapes[1:], strict=True):
        if not tensor or not importer.consumers.get(tensor) or importer.is_activation(tensor):
            continue
        if shape is None or first in importer.shapeless:
            reads = (first,) if importer.is_activation(first) else importer.shapeless[first].reads
            importer.shapeless[tensor] = Shapeless(reads, step, "a further output of it")
        else:
            importer.emit_opaque_part(step, tensor, shape, importer.emit_value(first))


def read_shapeless(importer: OnnxImporter, step: OnnxNode) -> None:
    """Read a step behind a tensor without a shape: it is one opaque layer with the step that made
    the tensor."""
    unknown = [importer.shapeless[t] for t in step.inputs if t in importer.shapeless]
    known = [t for t in step.inputs if t and importer.is_activation(t)]
    reads = tuple(dict.fromkeys([*(t for item in unknown for t in item.reads), *known]))
    first, why = unknown[0].step, unknown[0].why
    learned = tuple(t for item in unknown for t in item.learned)
    learned = tuple(dict.fromkeys((*learned, *learned_inputs(importer, step))))
    for tensor in filter(None, step.outputs):
        shape = importer.recorded_dims(tensor)
        if shape is None:
            importer.shapeless[tensor] = Shapeless(reads, first, why, learned)
        elif not reads:
            importer.constants[tensor] = OnnxTensor(shape, None)
        else:
            whole = OnnxNode(first.op, first.name, reads, (tensor,), {}, first.domain)
            last = f"{step.op} {step.name}".strip()
            why = f"{why}, nor is the shape of its output in the file: all up to {last} is one"
            importer.emit_opaque(whole, shape, why, learned)


def refuse_shapeless(importer: OnnxImporter) -> None:
    """Refuse a model that gives a tensor whose shape nobody knows.

    Raises:
        CnncostError: it does.
    """
    for tensor in importer.model.outputs:
        if tensor in importer.shapeless and importer.shapeless[tensor].reads:
            item = importer.shapeless[tensor]
            raise CnncostError(
                f"{importer.file}: {item.step.op} {item.step.name!r} cannot be expressed "
                f"({item.why}), and nothing behind it has a shape in the file",
                "export it with the shapes of its outputs, or run onnx.shape_inference over it",
            )


def find_shapes(importer: OnnxImporter, step: OnnxNode) -> list[Shape | None]:
    """Return the dimensions of each output by the file, or by ONNX's inference over the step
    alone."""
    known = [importer.recorded_dims(tensor) for tensor in step.outputs]
    if all(dims is not None for dims, tensor in zip(known, step.outputs, strict=True) if tensor):
        return known
    inferred = infer_step_shapes(importer, step)
    return [ours if ours is not None else dims for ours, dims in zip(known, inferred, strict=True)]
