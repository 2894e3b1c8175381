"""Reads what has no words: as opaque layers of the file's own shapes, or as tensors without a
shape.

A shape is never assumed. A tensor without one, and the steps behind it up to a tensor that has
one, are read as one opaque layer.
"""

from __future__ import annotations

from cnncost.errors import CnncostError
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_inference import infer_step_shapes
from cnncost.formats.onnx_in.onnx_model import PRODUCTS, OnnxNode, OnnxTensor
from cnncost.formats.onnx_in.tensor_states import Shapeless
from cnncost.formats.tensor_value import Shape


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
