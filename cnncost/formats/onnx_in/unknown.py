"""The shape of what has no words, by ONNX's own inference over that step alone."""

from __future__ import annotations

from typing import Any

from cnncost.formats.onnx_in.importer import Importer
from cnncost.formats.onnx_in.model import Step
from cnncost.formats.value import Shape

MOST = 2000
"""Steps asked about; a file with more has none that is worth its time."""


def shapes_of(importer: Importer, step: Step) -> list[Shape]:
    """The dimensions of each output; its first input's where nothing else is known."""
    known = importer.model.shapes
    found = [known.get(tensor, ()) for tensor in step.outputs]
    if all(found):
        return [(1, *dims[1:]) for dims in found]
    first = next((importer.dims(t) for t in step.inputs if importer.known(t)), (1, 1))
    importer.asked += 1
    inferred = _inferred(importer, step) if importer.asked <= MOST else [()] * len(found)
    return [a or b or first for a, b in zip(found, inferred, strict=True)]


def _inferred(importer: Importer, step: Step) -> list[Shape]:
    import onnx

    nothing: list[Shape] = [()] * len(step.outputs)
    try:
        made: Any = onnx.shape_inference.infer_shapes(_alone(importer, step), data_prop=True)
    except Exception:  # whatever onnx has against the step: the shape stays unknown
        return nothing
    outputs = made.graph.output
    dims = [tuple(dim.dim_value for dim in o.type.tensor_type.shape.dim) for o in outputs]
    return [d if d and min(d) > 0 else () for d in dims] if len(dims) == len(nothing) else nothing


def _alone(importer: Importer, step: Step) -> Any:  # Any: onnx's ModelProto
    """A model of that step only."""
    import onnx

    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    inputs, constants = [], []
    for tensor in dict.fromkeys(t for t in step.inputs if t):
        constant = importer.constants.get(tensor)
        if constant is not None and constant.values is not None:
            constants.append(onnx.numpy_helper.from_array(constant.values, tensor))
        else:
            inputs.append(helper.make_tensor_value_info(tensor, number, importer.dims(tensor)))
    outputs = [helper.make_empty_tensor_value_info(t) for t in step.outputs]
    kinds = (int, float, str, tuple)
    attributes = {k: v for k, v in step.attributes.items() if isinstance(v, kinds)}
    node = helper.make_node(step.op, list(step.inputs), list(step.outputs), **attributes)
    return helper.make_model(helper.make_graph([node], "step", inputs, outputs, constants))
