"""Constants of many numbers that are added or multiplied: biases, scales, and norms by parts."""

from __future__ import annotations

from dataclasses import replace

from cnncost.formats.onnx_in.importer import Importer
from cnncost.formats.onnx_in.inexpressible import Inexpressible
from cnncost.formats.onnx_in.model import Step

NORMS = ("batchnorm", "layernorm", "groupnorm", "instancenorm")


def bias_ahead(importer: Importer, step: Step, features: int) -> bool:
    """Whether the only reader of the step adds a number a feature: its bias, then taken in."""
    added = _only_reader(importer, step.outputs[0], ("Add",))
    if added is None:
        return False
    other = added.inputs[0] if added.inputs[1] == step.outputs[0] else added.inputs[1]
    constant = importer.constants.get(other)
    if constant is None or constant.size != features or len(constant.dims) == 0:
        return False
    importer.absorbed.add(added.outputs[0])
    return True


def _only_reader(importer: Importer, tensor: str, ops: tuple[str, ...]) -> Step | None:
    readers = importer.consumers.get(tensor, [])
    if len(readers) != 1 or tensor in importer.model.outputs:
        return None
    (reader,) = readers
    return reader if reader.op in ops and len(reader.inputs) == 2 else None


def with_constant(importer: Importer, step: Step, tensor: str, constant: str) -> None:
    """A sum or product of an activation and a constant of several numbers."""
    value = importer.see(tensor)
    out = step.outputs[0]
    if out in importer.absorbed:
        importer.values[out] = value
        return
    numbers = importer.constants[constant]
    axis = _channel(value.shape, numbers.dims)
    if axis is None:
        if not numbers.floating or value.base in importer.model.inputs:
            importer.values[out] = value
            return
        raise Inexpressible(f"a constant of {'x'.join(map(str, numbers.dims))} numbers")
    if value.base not in importer.ops:
        importer.notes["the input's standardisation is left out"] = None
        importer.values[out] = value
    elif step.op in ("Mul", "Div"):
        _scaled(importer, step, tensor, constant, axis)
    else:
        raise Inexpressible(f"{numbers.size} numbers added, one a channel")


def _channel(shape: tuple[int, ...], dims: tuple[int, ...]) -> int | None:
    """The axis along which a constant has one number a channel."""
    padded = (1,) * (len(shape) - len(dims)) + dims
    wide = [axis for axis, n in enumerate(padded) if n != 1]
    if len(padded) != len(shape) or len(wide) != 1 or shape[wide[0]] != padded[wide[0]]:
        return None
    return wide[0]


def _scaled(importer: Importer, step: Step, tensor: str, constant: str, axis: int) -> None:
    """A norm's own scale and shift, a batch norm by parts, or a learned scale."""
    value, out = importer.see(tensor), step.outputs[0]
    shift = _only_reader(importer, out, ("Add", "Sub"))
    if shift is not None:
        other = shift.inputs[1] if shift.inputs[0] == out else shift.inputs[0]
        known = importer.constants.get(other)
        shift = shift if known and known.size == importer.constants[constant].size else None
    if shift is not None:
        importer.absorbed.add(shift.outputs[0])
    op = importer.ops[value.base]
    if op.word in NORMS and op.arguments.get("affine") is False:
        given = {key: item for key, item in op.arguments.items() if key != "affine"}
        importer.ops[op.name] = replace(op, arguments=given)
        importer.values[out] = value
        return
    name = importer.channels_first(step, tensor, axis)
    word = "batchnorm" if shift is not None else "scale"
    made = importer.emit(step, word, [name], weights=(constant,))
    importer.put(step, made, axis, len(value.shape))
