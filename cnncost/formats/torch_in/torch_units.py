"""Norms, activation functions and dropout of a traced program: what changes units one by one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

from cnncost.formats.importing import as_map_shape
from cnncost.formats.tensor_value import Constant, Value
from cnncost.formats.torch_in.torch_elementwise import as_channels, emit_elementwise, from_channels
from cnncost.formats.torch_in.torch_importer import (
    TorchCall,
    TorchImporter,
    subject_of,
)

WORDS = {
    "batch_norm": "batchnorm", "_native_batch_norm_legit_no_training": "batchnorm",
    "native_batch_norm": "batchnorm", "cudnn_batch_norm": "batchnorm",
    "instance_norm": "instancenorm", "group_norm": "groupnorm", "native_group_norm": "groupnorm",
}  # fmt: skip
"""A layer's word for each norm over the axis behind the batch."""


def emit_norm(b: TorchImporter, call: TorchCall) -> Any:  # Any: a value, or it and statistics
    """Emit a batch, instance or group norm, whose channels are the axis behind the batch."""
    a = call.arguments
    x = b.emit_whole(call, a["input"])
    groups = a.get("num_groups", a.get("group"))
    given: dict[str, Any] = {"groups": groups} if groups else {}
    seen = as_channels(x, [1])
    made = _emit_affine(b, call, WORDS[call.target], seen, given)
    return _with_statistics(call, from_channels(made, x.shape, [1]))


def emit_layer_norm(b: TorchImporter, call: TorchCall) -> Any:  # Any: as above
    """Emit a layer norm over the last axes, which become its channels."""
    a = call.arguments
    x = b.emit_whole(call, a["input"])
    rank = len(x.shape)
    axes = list(range(rank - len(a["normalized_shape"]), rank))
    made = _emit_affine(b, call, "layernorm", as_channels(x, axes), {})
    return _with_statistics(call, from_channels(made, x.shape, axes))


def emit_rms_norm(b: TorchImporter, call: TorchCall) -> Any:  # Any: as above
    """Emit a norm without means over the last axes, which become its channels."""
    x = b.emit_whole(call, call.arguments["input"])
    rank = len(x.shape)
    axes = list(range(rank - len(call.arguments["normalized_shape"]), rank))
    weight = _learned_constant(call.arguments.get("weight"))
    learned, given = ([weight], {}) if weight is not None else ([], {"affine": False})
    seen = as_channels(x, axes)
    made = b.emit_layer(call, "rmsnorm", [seen], seen.shape, learned=learned, **given)
    return _with_statistics(call, from_channels(made, x.shape, axes))


def _with_statistics(call: TorchCall, made: Value) -> Any:  # Any: as above
    return [made, *(Constant(shape) for shape in call.shapes[1:])] if call.shapes[1:] else made


def _emit_affine(
    b: TorchImporter, call: TorchCall, word: str, x: Value, given: dict[str, Any]
) -> Value:
    """Emit a norm with its learned factors and terms; if it has only one of the two, that one is a
    scale behind it."""
    weight, bias = (_learned_constant(call.arguments.get(key)) for key in ("weight", "bias"))
    if weight is not None and bias is not None:
        return b.emit_layer(call, word, [x], x.shape, learned=[weight, bias], **given)
    made = b.emit_layer(call, word, [x], x.shape, affine=False, **given)
    alone = bias if weight is None else weight
    if alone is None:
        return made
    if weight is None:
        b.notes.add_stand_in("a learned shift", "scale")
    return b.emit_layer(call, "scale", [made], made.shape, learned=[alone])


def _learned_constant(constant: Any) -> Constant | None:  # Any: an argument
    """Return the argument if it is a constant with parameters; buffers scale nothing that is
    learned."""
    if isinstance(constant, Constant) and constant.sources:
        return constant
    return None


ACTIVATIONS = {
    "relu": "relu", "relu6": "relu6", "leaky_relu": "leaky_relu", "elu": "elu", "selu": "selu",
    "celu": "elu", "gelu": "gelu", "silu": "silu", "hardswish": "hardswish",
    "sigmoid": "sigmoid", "hardsigmoid": "hardsigmoid", "tanh": "tanh", "softplus": "softplus",
    "mish": "mish", "softmax": "softmax", "log_softmax": "logsoftmax", "_softmax": "softmax",
    "_log_softmax": "logsoftmax",
}  # fmt: skip
INPLACE = ("relu", "relu6", "silu", "hardswish", "hardsigmoid", "mish")
"""Activations that work in place where they may, unless they are told not to."""
IF_SAID = ("leaky_relu", "elu", "selu")
"""Those that do so if they are told to."""


def emit_activation(b: TorchImporter, call: TorchCall) -> Value:
    """Emit an activation function."""
    word = ACTIVATIONS[call.target]
    if call.target == "celu":
        b.notes.add_stand_in("celu", "elu")
    return emit_elementwise(b, call, word, **in_place(call, word))


def in_place(call: TorchCall, word: str) -> dict[str, bool]:
    """Return whether an activation works in place, as an argument; none where it is as usual."""
    if word in (INPLACE if not call.inplace else IF_SAID):
        return {"inplace": call.inplace}
    return {}


def emit_hardtanh(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a hardtanh: ReLU6 between 0 and 6, else a hardsigmoid that stands for it."""
    low, high = call.arguments.get("min_val", -1), call.arguments.get("max_val", 1)
    if (low, high) == (0, 6):
        return emit_elementwise(b, call, "relu6", **in_place(call, "relu6"))
    b.notes.add_stand_in(f"hardtanh({low}, {high})", "hardsigmoid")
    stood = "hardtanh_" if call.inplace else "hardtanh"
    return emit_elementwise(b, call, "hardsigmoid", inplace=False, stands_for=stood)


def emit_prelu(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a PReLU with one slope per channel, which is the axis behind the batch, or one slope in
    all."""
    x, slopes = b.emit_whole(call, call.arguments["self"]), call.arguments["weight"]
    if not isinstance(slopes, Constant):
        return b.emit_moved(call, "prelu", call.read_values(), call.shape)
    axis = 1 if len(x.shape) > 1 and slopes.size > 1 else 0
    plain = x.reshape_to(as_map_shape(x.shape)) if slopes.size == 1 else as_channels(x, [axis])
    given = {"shared": True} if slopes.size == 1 else {}
    made = b.emit_layer(call, "prelu", [plain], plain.shape, learned=[slopes], **given)
    return made.reshape_to(x.shape) if slopes.size == 1 else from_channels(made, x.shape, [axis])


SEEN = "dropout_of_a_view"


def emit_dropout(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a dropout; at rate 0 it is nothing."""
    rate = Fraction(str(call.arguments.get("p", 0.5)))
    if not 0 < rate < 1:
        return subject_of(call)
    x, made = subject_of(call), emit_elementwise(b, call, "dropout", rate=rate)
    if call.inplace and x.steps and prod(x.made[1:]) > 1:
        # Its gradient goes through copies of the whole that is seen.
        made = emit_elementwise(
            b, replace(call, arguments={"self": made}), "identity", stands_for=SEEN
        )
    return made
