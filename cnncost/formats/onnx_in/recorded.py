"""The shape of each tensor by the file itself: inferred by ONNX's own rules, or written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncost.formats.onnx_in.onnx_model import OnnxModel
    from cnncost.formats.tensor_value import Shape

MOST = 20_000
"""Steps of a file whose shapes are inferred; beyond that only those written down are known."""


def recorded_shapes(model: OnnxModel, inputs: Mapping[str, Shape]) -> dict[str, Shape]:
    """Dimensions by tensor for inputs of these; a tensor whose shape is open has none.

    What ONNX infers comes first: a shape that is written down may be older than the graph, but is
    all that there is behind an operation that ONNX does not know.
    """
    written = model.shapes if _has_file_sizes(model, inputs) else {}
    if model.proto is None or len(model.steps) > MOST:
        return dict(written)
    found = _infer_all_shapes(_with_inputs(model.proto, inputs, kept={}))
    made = {tensor for step in model.steps for tensor in step.outputs if tensor}
    if written and not made <= found.keys():
        later = _infer_all_shapes(_with_inputs(model.proto, inputs, kept=written))
        found = {**written, **later, **found}
    return found


def _has_file_sizes(model: OnnxModel, inputs: Mapping[str, Shape]) -> bool:
    """Whether the inputs have the sizes that the file has, where it has them."""
    return all(
        len(dims) == len(model.inputs[name])
        and all(n in (0, m) for n, m in zip(model.inputs[name], dims, strict=True))
        for name, dims in inputs.items()
    )


def _with_inputs(proto: Any, inputs: Mapping[str, Shape], kept: Mapping[str, Shape]) -> Any:
    """A copy of the model (Any: ModelProto) with inputs of these dimensions, and no shapes
    written down but the kept ones."""
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


def _infer_all_shapes(proto: Any) -> dict[str, Shape]:  # Any: onnx's ModelProto
    import onnx

    try:
        graph = onnx.shape_inference.infer_shapes(proto, data_prop=True).graph
    except Exception:  # whatever onnx has against the file: it infers nothing
        return {}
    found = {}
    for item in [*graph.value_info, *graph.output]:
        kind = item.type.tensor_type
        dims = tuple(dim.dim_value for dim in kind.shape.dim)
        if kind.HasField("shape") and min(dims, default=1) > 0:
            found[item.name] = dims
    return found
