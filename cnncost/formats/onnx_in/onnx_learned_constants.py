"""Reads constants of many numbers that are added or multiplied: biases, scales, and norms by
parts."""

from __future__ import annotations

import re
from dataclasses import replace
from math import prod

from cnncost.formats.graph import Op
from cnncost.formats.importing import Inexpressible, dims_text
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import PRODUCTS, UNNAMED, OnnxNode, OnnxTensor
from cnncost.formats.onnx_in.onnx_sources import find_sole_source
from cnncost.formats.onnx_in.tensor_states import elementwise_shape
from cnncost.formats.tensor_value import Value
from cnncost.formats.tensor_views import order_of

NORMS = ("batchnorm", "layernorm", "groupnorm", "instancenorm")


WEIGHTED = ("conv", "conv_transpose", "depthwise_conv", "linear", "dense")
"""Layers that have a bias, in most files as a step of its own behind them."""


def absorb_bias(importer: OnnxImporter, step: OnnxNode, tensor: str, constant: str) -> bool:
    """Give the layer that makes a tensor the constant that is added to it as its bias, if it is one
    number per feature and nothing else reads the layer. Returns whether it did."""
    made = find_sole_source(importer, tensor) if step.op == "Add" else None
    numbers = importer.constants[constant]
    if made is None or made.op not in PRODUCTS or not numbers.dims or not numbers.floating:
        return False
    value = importer.emit_value(tensor)
    op = importer.ops.get(value.base)
    if op is None or op.word not in WEIGHTED or not importer.owners.is_whole(constant):
        return False
    weights = tuple(t for t in made.inputs[:2] if t in importer.constants)
    if importer.owners.file_tensors(weights) in importer.apart or not _is_per_feature(
        value, numbers.dims
    ):
        return False
    # A layer used twice adds its bias twice: only then is it known to be the same layer.
    if op.name in importer.biases or importer.biases.get(op.shares, constant) != constant:
        return False
    given = {key: item for key, item in op.arguments.items() if key != "bias"}
    if given == op.arguments:
        return False
    importer.ops[op.name] = replace(op, arguments=given)
    importer.biases[op.name] = constant
    if not op.shares:
        importer.owners.claim_again((constant,), op.name)
    importer.values[step.outputs[0]] = value
    return True


def _is_per_feature(value: Value, dims: tuple[int, ...]) -> bool:
    """Tell whether a constant has one number for each channel that was made."""
    try:
        axes = _constant_axes(value.shape, dims)
    except Inexpressible:
        return False
    rest = tuple(axis for axis in range(len(value.shape)) if axis not in axes)
    features = prod(value.shape[axis] for axis in axes)
    if features != value.made[0]:
        return False
    order = order_of(value.made, value.permute_axes((*axes, *rest)).steps)
    return order is not None and (order.is_identity or features == 1)


def _only_reader(importer: OnnxImporter, tensor: str, ops: tuple[str, ...]) -> OnnxNode | None:
    readers = importer.consumers.get(tensor, [])
    if len(readers) != 1 or tensor in importer.model.outputs:
        return None
    (reader,) = readers
    return reader if reader.op in ops and len(reader.inputs) == 2 else None


PYTORCH = "pytorch"
"""The producer whose files call parameters as its modules do."""


def is_parameter(importer: OnnxImporter, constant: str) -> bool:
    """Tell whether a single number is learned, by its name."""
    item = importer.constants[constant]
    named = [s for s in item.sources if s in importer.model.constants and not UNNAMED.match(s)]
    known = importer.model.producer.startswith(PYTORCH) and item.floating and item.learned
    return known and bool(named)


STATISTICS = re.compile(r"mean|std|var|norm|pixel|shift|offset|rescal", re.I)
"""How people call what an input is standardised with."""


MADE = re.compile(r"val_\d+")
"""How PyTorch's exporter calls constants that its own functions make."""


def _is_standardisation(importer: OnnxImporter, numbers: OnnxTensor) -> bool:
    """Tell whether numbers at an input are its mean or spread, in PyTorch's files by their
    names."""
    known = importer.model.producer.startswith(PYTORCH)
    names = [s for s in numbers.sources if s in importer.model.constants and not UNNAMED.match(s)]
    return not (known and names) or bool(STATISTICS.search(names[0]))


def emit_with_constant(importer: OnnxImporter, step: OnnxNode, tensor: str, constant: str) -> None:
    """Emit a sum or product of an activation and a constant of several numbers."""
    value = importer.emit_value(tensor)
    out = step.outputs[0]
    if out in importer.absorbed:
        importer.values[out] = value
        return
    numbers = importer.constants[constant]
    try:
        axes = _constant_axes(value.shape, numbers.dims)
    except Inexpressible:
        importer.emit_opaque(step, elementwise_shape([value.shape, numbers.dims]), "", (constant,))
        return
    if numbers.size == 1:
        made = importer.emit_layer(step, "scale", [value.base], learned=(constant,), shared=True)
        importer.values[out] = replace(value, base=made.base)
    elif not numbers.learned or not numbers.floating:
        importer.values[out] = value
    elif _is_doubtful(importer, constant):
        importer.left_out.update(numbers.sources)
        importer.emit_opaque(step, value.shape, "numbers that are all alike, which may be learned")
    elif (
        value.base not in importer.ops and len(axes) == 1 and _is_standardisation(importer, numbers)
    ):
        importer.notes.add("the input's standardisation is left out")
        importer.left_out.update(numbers.sources)
        importer.values[out] = value
    elif step.op in ("Mul", "Div") and len(axes) == 1:
        _emit_scaled(importer, step, tensor, constant, axes[0])
    else:
        _emit_scale_stand_in(importer, step, value, constant, axes)


def _is_doubtful(importer: OnnxImporter, constant: str) -> bool:
    """Tell whether PyTorch's exporter made a constant of ones or zeros: a group norm without
    parameters and one that was never trained look alike."""
    values = importer.constants[constant].values
    if not importer.model.producer.startswith(PYTORCH) or not MADE.fullmatch(constant):
        return False
    return values is not None and bool((values == 1).all() or (values == 0).all())


def _constant_axes(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes along which a constant has numbers of its own.

    Raises:
        Inexpressible: it has more than the activation.
    """
    padded = (1,) * (len(shape) - len(dims)) + dims
    wide = tuple(axis for axis, n in enumerate(padded) if n != 1)
    if len(padded) != len(shape) or any(shape[axis] != padded[axis] for axis in wide):
        raise Inexpressible(f"a constant of {dims_text(dims)} numbers")
    return wide


def _emit_scale_stand_in(
    importer: OnnxImporter, step: OnnxNode, value: Value, constant: str, axes: tuple[int, ...]
) -> None:
    """Emit learned terms, or factors along several axes, as a scale of as many numbers."""
    if step.op not in ("Mul", "Div"):
        importer.notes.add("learned numbers that are added are written as scale")
    rest = tuple(axis for axis in range(len(value.shape)) if axis not in axes)
    turned = value.permute_axes((*axes, *rest))
    wide = prod(value.shape[axis] for axis in axes)
    positions = prod(value.shape[axis] for axis in rest)
    flat = turned.reshape_to((wide, positions) if positions > 1 else (wide,))
    made = importer.emit_layer(
        step, "scale", [importer.emit_views(step, flat)], learned=(constant,)
    )
    order = (*axes, *rest)
    whole = made.reshape_to(turned.shape)
    back = tuple(order.index(axis) for axis in range(len(order)))
    importer.values[step.outputs[0]] = whole.permute_axes(back)


def _emit_scaled(
    importer: OnnxImporter, step: OnnxNode, tensor: str, constant: str, axis: int
) -> None:
    """Emit a learned factor per channel: as a norm's own scale and shift, a batch norm by parts, or
    a scale."""
    value, out = importer.emit_value(tensor), step.outputs[0]
    shift = _only_reader(importer, out, ("Add", "Sub"))
    other = ""
    if shift is not None:
        other = shift.inputs[1] if shift.inputs[0] == out else shift.inputs[0]
        known = importer.constants.get(other)
        alike = known and known.size == importer.constants[constant].size
        shift = shift if alike and importer.owners.are_unclaimed((constant,)) else None
    if shift is not None:
        importer.absorbed.add(shift.outputs[0])
    op = importer.ops.get(value.base)
    if op and op.word in NORMS and op.arguments.get("affine") is False and shift is not None:
        given = {key: item for key, item in op.arguments.items() if key != "affine"}
        importer.ops[op.name] = replace(op, arguments=given)
        importer.owners.claim_again((constant, other), op.name)
        importer.values[out] = value
        return
    if op and shift is not None and _is_mean_pool(importer, op, tensor):
        kernel = {"kernel": op.arguments["kernel"]}
        importer.ops[op.name] = replace(op, word="subsample", arguments=kernel)
        importer.owners.claim_again((constant, other), op.name)
        importer.values[out] = value
        return
    name = importer.emit_channels_first(step, tensor, axis)
    word = "batchnorm" if shift is not None else "scale"
    biases = (other,) if shift is not None else ()
    made = importer.emit_layer(step, word, [name], learned=(constant,), shifts=biases)
    importer.set_output(step, made, axis, len(value.shape))


def _is_mean_pool(importer: OnnxImporter, op: Op, tensor: str) -> bool:
    """Tell whether an operation is a mean over windows side by side; with a coefficient and a bias
    per map it is LeNet-5's trainable pooling."""
    plain = op.word == "avgpool" and set(op.arguments) == {"kernel"}
    return plain and len(importer.consumers[tensor]) == 1
