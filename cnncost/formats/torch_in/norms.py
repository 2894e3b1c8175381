"""Normalisation of a traced program: the normed axis stands as channels."""

from __future__ import annotations

from typing import Any

from cnncost.formats.tensor_value import Constant, Value
from cnncost.formats.torch_in.torch_elementwise import as_channels, from_channels
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter

WORDS = {
    "batch_norm": "batchnorm", "_native_batch_norm_legit_no_training": "batchnorm",
    "native_batch_norm": "batchnorm", "cudnn_batch_norm": "batchnorm",
    "instance_norm": "instancenorm", "group_norm": "groupnorm", "native_group_norm": "groupnorm",
}  # fmt: skip
"""A layer's word for each norm over the axis behind the batch."""


def emit_norm(b: TorchImporter, call: TorchCall) -> Any:  # Any: a value, or it and statistics
    """Batch, instance and group norms: over channels, the axis behind the batch."""
    a = call.arguments
    x = b.emit_whole(call, a["input"])
    groups = a.get("num_groups", a.get("group"))
    given: dict[str, Any] = {"groups": groups} if groups else {}
    seen = as_channels(x, [1])
    made = _emit_affine(b, call, WORDS[call.target], seen, given)
    return _with_statistics(call, from_channels(made, x.shape, [1]))


def emit_layer_norm(b: TorchImporter, call: TorchCall) -> Any:  # Any: as above
    """Over the last axes, as channels."""
    a = call.arguments
    x = b.emit_whole(call, a["input"])
    rank = len(x.shape)
    axes = list(range(rank - len(a["normalized_shape"]), rank))
    made = _emit_affine(b, call, "layernorm", as_channels(x, axes), {})
    return _with_statistics(call, from_channels(made, x.shape, axes))


def emit_rms_norm(b: TorchImporter, call: TorchCall) -> Any:  # Any: as above
    """A layer norm without a mean and without biases."""
    b.note_stand_in("rms_norm", "layernorm")
    return emit_layer_norm(b, call)


def _with_statistics(call: TorchCall, made: Value) -> Any:  # Any: as above
    return [made, *(Constant(shape) for shape in call.shapes[1:])] if call.shapes[1:] else made


def _emit_affine(
    b: TorchImporter, call: TorchCall, word: str, x: Value, given: dict[str, Any]
) -> Value:
    """With factors and terms; with either alone a scale stands behind it."""
    weight, bias = (_learned_constant(call.arguments.get(key)) for key in ("weight", "bias"))
    if weight is not None and bias is not None:
        return b.emit_layer(call, word, [x], x.shape, learned=[weight, bias], **given)
    made = b.emit_layer(call, word, [x], x.shape, affine=False, **given)
    alone = bias if weight is None else weight
    if alone is None:
        return made
    if weight is None:
        b.note_stand_in("a learned shift", "scale")
    return b.emit_layer(call, "scale", [made], made.shape, learned=[alone])


def _learned_constant(constant: Any) -> Constant | None:  # Any: an argument
    """A constant with parameters; buffers scale nothing that is learned."""
    if isinstance(constant, Constant) and constant.sources:
        return constant
    return None
