"""Reads views, which cost nothing and move nothing, and moves of positions to or from channels."""

from __future__ import annotations

from math import prod

from cnncost.formats.importing import Inexpressible, one_or_all
from cnncost.formats.onnx_in.onnx_axes import emit_as_positions
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_joins import emit_repeat
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.onnx_in.tensor_states import elementwise_shape
from cnncost.formats.tensor_value import Value

LONGEST = 32
"""Views in a row that are kept as such; networks have a handful."""


def view_reshape(importer: OnnxImporter, step: OnnxNode) -> None:
    """Reshape: 0 keeps a dimension, -1 is what is left."""
    value = importer.emit_value(step.inputs[0])
    if len(step.inputs) > 1:
        dims = importer.constant_numbers(step.inputs[1])
    else:
        dims = list(step.attributes["shape"])
    if not step.attributes.get("allowzero", 0):
        dims = [value.shape[axis] if n == 0 else n for axis, n in enumerate(dims)]
    units = prod(value.shape)
    if importer.batch > 1 and dims[:1] == [importer.batch]:
        dims[0] = 1  # the file's batch is fixed; ours is one
    known = prod(n for n in dims if n != -1)
    if known < 1 or units % known or dims.count(-1) > 1 or (-1 not in dims and units != known):
        raise Inexpressible(f"{units} units reshaped to {dims}")
    importer.values[step.outputs[0]] = value.reshape_to(
        tuple(units // known if n == -1 else n for n in dims)
    )


def view_flatten(importer: OnnxImporter, step: OnnxNode) -> None:
    """Flatten: the axes before one become the first axis, the others the second."""
    value = importer.emit_value(step.inputs[0])
    axis = step.attributes.get("axis", 1)
    axis += len(value.shape) if axis < 0 else 0
    importer.values[step.outputs[0]] = value.reshape_to(
        (prod(value.shape[:axis]), prod(value.shape[axis:]))
    )


def view_transpose(importer: OnnxImporter, step: OnnxNode) -> None:
    """Transpose: the axes in another order."""
    value = importer.emit_value(step.inputs[0])
    order = tuple(step.attributes.get("perm") or reversed(range(len(value.shape))))
    if sorted(order) != list(range(len(value.shape))):
        raise Inexpressible(f"axes {list(order)} of {len(value.shape)}")
    if len(value.steps) > LONGEST:
        value = Value(importer.emit_views(step, value), value.shape)
    importer.values[step.outputs[0]] = value.permute_axes(order)


def _squeezed_axes(importer: OnnxImporter, step: OnnxNode) -> list[int] | None:
    if len(step.inputs) > 1 and step.inputs[1]:
        return importer.constant_numbers(step.inputs[1])
    axes = step.attributes.get("axes")
    return None if axes is None else list(axes)


def view_squeeze(importer: OnnxImporter, step: OnnxNode) -> None:
    """Squeeze: axes of one are left out."""
    value = importer.emit_value(step.inputs[0])
    rank, axes = len(value.shape), _squeezed_axes(importer, step)
    gone = {axis % rank for axis in axes} if axes is not None else set(range(rank))
    dims = tuple(n for axis, n in enumerate(value.shape) if axis not in gone or n != 1)
    importer.values[step.outputs[0]] = value.reshape_to(dims or (1,))


def view_unsqueeze(importer: OnnxImporter, step: OnnxNode) -> None:
    """Unsqueeze: axes of one are added."""
    value = importer.emit_value(step.inputs[0])
    axes = _squeezed_axes(importer, step) or []
    rank = len(value.shape) + len(axes)
    added = {axis % rank for axis in axes}
    if len(added) < len(axes):
        raise Inexpressible(f"axes {axes} of {rank}")
    old = iter(value.shape)
    importer.values[step.outputs[0]] = value.reshape_to(
        tuple(1 if axis in added else next(old) for axis in range(rank))
    )


def emit_depth_to_space(importer: OnnxImporter, step: OnnxNode) -> None:
    """DepthToSpace and SpaceToDepth."""
    word = "pixel_shuffle" if step.op == "DepthToSpace" else "space_to_depth"
    name = importer.emit_channels_first(step, step.inputs[0])
    importer.set_output(
        step, importer.emit_layer(step, word, [name], factor=step.attributes["blocksize"])
    )


def emit_expand(importer: OnnxImporter, step: OnnxNode) -> None:
    """Expand: the tensor is repeated along axes of one."""
    value = importer.emit_value(step.inputs[0])
    dims = elementwise_shape([value.shape, tuple(importer.constant_numbers(step.inputs[1]))])
    ranked = value.reshape_to((1,) * (len(dims) - len(value.shape)) + value.shape)
    importer.values[step.outputs[0]] = emit_repeat(importer, step, ranked, dims)


def emit_tile(importer: OnnxImporter, step: OnnxNode) -> None:
    """Tile: the tensor is repeated along axes; along an axis of one behind another, that one's
    positions are."""
    value, repeats = importer.emit_value(step.inputs[0]), importer.constant_numbers(step.inputs[1])
    if len(repeats) != len(value.shape) or min(repeats) < 1:
        raise Inexpressible(f"{len(value.shape)} axes repeated {repeats} times")
    ones = [axis for axis, n in enumerate(value.shape) if n == 1 and repeats[axis] > 1]
    if ones == [axis for axis, n in enumerate(repeats) if n > 1]:
        if len(ones) == 1 and len(value.shape) > 2 and ones[0] >= 2:
            made = _emit_stretch(importer, step, value, ones[0], repeats[ones[0]])
        else:
            want = tuple(n * by for n, by in zip(value.shape, repeats, strict=True))
            made = emit_repeat(importer, step, value, want)
        importer.values[step.outputs[0]] = made
        return
    raise Inexpressible("parts of a map repeated in turn")


def _emit_stretch(
    importer: OnnxImporter, step: OnnxNode, value: Value, axis: int, by: int
) -> Value:
    """Repeat the positions of the axis before one by one, which is an upsampling."""
    shape = value.shape
    merged = value.reshape_to((*shape[:axis], *shape[axis + 1 :]))
    name, positions, back = emit_as_positions(importer, step, merged, [axis - 1])
    factor = tuple(by if other == axis - 1 else 1 for other in positions)
    made = importer.emit_layer(step, "upsample", [name], factor=one_or_all(factor))
    return back(made).reshape_to((*shape[:axis], by, *shape[axis + 1 :]))


OPERATIONS = {
    "Reshape": view_reshape,
    "Flatten": view_flatten,
    "Transpose": view_transpose,
    "Squeeze": view_squeeze,
    "Unsqueeze": view_unsqueeze,
    "DepthToSpace": emit_depth_to_space,
    "SpaceToDepth": emit_depth_to_space,
    "Expand": emit_expand,
    "Tile": emit_tile,
}
