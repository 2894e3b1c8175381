"""Reads windows over a map: convolutions, transposed ones, and pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cnncost.formats.importing import (
    Inexpressible,
    add_pads,
    classify_convolution,
    one_or_all,
    shorten_pads,
)
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.onnx_in.onnx_sources import find_sole_source
from cnncost.formats.tensor_value import Value
from cnncost.shape import same_padding

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument

Sizes = tuple[int, ...]


def read_axis_numbers(step: OnnxNode, key: str, axes: int) -> Sizes:
    """Return an attribute of one number per axis, 1 each if it is not given."""
    given = tuple(step.attributes.get(key) or (1,) * axes)
    if len(given) != axes or min(given) < 1:
        raise Inexpressible(f"{key} {list(given)} over {axes} axes")
    return given


def read_padding(step: OnnxNode, extents: Sizes, kernel: Sizes) -> Argument:
    """Return the padding as a spec has it: one number, one per axis, a pair per axis, or `same`."""
    axes = len(kernel)
    rule = step.attributes.get("auto_pad", "NOTSET")
    if rule == "VALID":
        return 0
    if rule == "SAME_UPPER":
        return "same"
    if rule == "SAME_LOWER":
        stride, spread = (
            read_axis_numbers(step, "strides", axes),
            read_axis_numbers(step, "dilations", axes),
        )
        pads = [
            same_padding(*sizes)[::-1]
            for sizes in zip(extents, kernel, stride, spread, strict=True)
        ]
    else:
        given = tuple(step.attributes.get("pads") or (0,) * (2 * axes))
        if len(given) != 2 * axes or min(given) < 0:
            raise Inexpressible(f"pads {list(given)} over {axes} axes")
        pads = list(zip(given[:axes], given[axes:], strict=True))
    return shorten_pads(tuple(pads))


def emit_conv(importer: OnnxImporter, step: OnnxNode) -> None:
    """Conv; with a group for each channel it is depthwise."""
    weight, name, extents = _read_operands(importer, step)
    kernel, groups = weight[2:], step.attributes.get("group", 1)
    name, pads = _absorb_padding(importer, step, name, read_padding(step, extents, kernel))
    axes = len(kernel)
    channels = importer.shapes[name].channels
    if groups < 1 or weight[1] * groups != channels:
        raise Inexpressible(f"{channels} channels, but weights for {weight[1]} x {groups}")
    word, widths = classify_convolution(channels, weight[0], groups)
    given: dict[str, Argument] = {
        "kernel": one_or_all(kernel),
        "stride": one_or_all(read_axis_numbers(step, "strides", axes)),
        "padding": pads,
        "dilation": one_or_all(read_axis_numbers(step, "dilations", axes)),
        "bias": bool(_bias_inputs(importer, step)),
        **widths,
    }
    weights, biases = _weight_inputs(step), _bias_inputs(importer, step)
    made = importer.emit_layer(step, word, [name], learned=weights, shifts=biases, **given)
    importer.set_output(step, emit_own_bias(importer, step, made))


def emit_conv_transpose(importer: OnnxImporter, step: OnnxNode) -> None:
    """ConvTranspose: the padding crops to the output shape, if one is asked for."""
    weight, name, extents = _read_operands(importer, step)
    kernel, groups = weight[2:], step.attributes.get("group", 1)
    axes, filters = len(kernel), weight[1] * groups
    stride, spread = (
        read_axis_numbers(step, "strides", axes),
        read_axis_numbers(step, "dilations", axes),
    )
    extra = tuple(step.attributes.get("output_padding") or (0,) * axes)
    wanted = step.attributes.get("output_shape")
    if wanted:
        full = [
            (n - 1) * s + d * (k - 1) + 1 + e
            for n, s, d, k, e in zip(extents, stride, spread, kernel, extra, strict=True)
        ]
        crops = [most - out for most, out in zip(full, wanted[-axes:], strict=True)]
        pads = shorten_pads(tuple((crop // 2, crop - crop // 2) for crop in crops))
    else:
        pads = read_padding(step, extents, kernel)
    made = importer.emit_layer(
        step,
        "conv_transpose",
        [name],
        learned=_weight_inputs(step),
        shifts=_bias_inputs(importer, step),
        filters=filters,
        kernel=one_or_all(kernel),
        stride=one_or_all(stride),
        padding=pads,
        output_padding=one_or_all(extra),
        dilation=one_or_all(spread),
        groups=groups,
        bias=bool(_bias_inputs(importer, step)),
    )
    importer.set_output(step, emit_own_bias(importer, step, made))


def _read_operands(importer: OnnxImporter, step: OnnxNode) -> tuple[Sizes, str, Sizes]:
    """Return the weights' dimensions, the operation that is read, and its extents."""
    weight = importer.constants.get(step.inputs[1])
    if weight is None:
        raise Inexpressible("weights that are computed while the network runs")
    name = importer.emit_channels_first(step, step.inputs[0])
    extents = importer.shapes[name].extents
    if len(weight.dims) != len(extents) + 2 or min(weight.dims) < 1:
        raise Inexpressible(f"weights of {list(weight.dims)} over a map of {len(extents)} axes")
    return weight.dims, name, extents


def _weight_inputs(step: OnnxNode) -> tuple[str, ...]:
    return tuple(t for t in step.inputs[1:2] if t)


def _bias_inputs(importer: OnnxImporter, step: OnnxNode) -> tuple[str, ...]:
    """Return the bias that the layer has; none if its weights are used with others as well."""
    if importer.owners.file_tensors(step.inputs[1:2]) in importer.apart:
        return ()
    return tuple(t for t in step.inputs[2:3] if t)


def emit_own_bias(importer: OnnxImporter, step: OnnxNode, made: Value) -> Value:
    """Emit the bias that a layer does not share with the others that have its weights, as a scale
    behind it."""
    biases = tuple(t for t in step.inputs[2:3] if t)
    if not biases or importer.owners.file_tensors(step.inputs[1:2]) not in importer.apart:
        return made
    importer.notes.add("learned numbers that are added are written as scale")
    return importer.emit_layer(replace(step, name=""), "scale", [made.base], learned=biases)


def _absorb_padding(
    importer: OnnxImporter, step: OnnxNode, name: str, pads: Argument
) -> tuple[str, Argument]:
    """Add the amount of a layer of zeros just before to a window's own padding, if only this window
    reads it."""
    op = importer.ops.get(name)
    if op is None or op.word != "pad" or pads == "same":
        return name, pads
    made = find_sole_source(importer, step.inputs[0])
    if made is None or made.op != "Pad":
        return name, pads
    return op.reads[0], add_pads(pads, op.arguments["amount"])


def emit_pool(importer: OnnxImporter, step: OnnxNode) -> None:
    """MaxPool and AveragePool."""
    name = importer.emit_channels_first(step, step.inputs[0])
    extents = importer.shapes[name].extents
    axes = len(extents)
    kernel = read_axis_numbers(step, "kernel_shape", axes)
    pads = read_padding(step, extents, kernel)
    given: dict[str, Argument] = {
        "kernel": one_or_all(kernel),
        "stride": one_or_all(read_axis_numbers(step, "strides", axes)),
        "padding": pads,
        "ceil": bool(step.attributes.get("ceil_mode", 0)),
    }
    if given["stride"] == given["kernel"]:
        del given["stride"]
    if step.op == "MaxPool":
        given["dilation"] = one_or_all(read_axis_numbers(step, "dilations", axes))
        name, given["padding"] = _absorb_padding(importer, step, name, pads)
    word = "maxpool" if step.op == "MaxPool" else "avgpool"
    made = importer.emit_layer(step, word, [name], learned=(), shifts=(), **given)
    importer.set_output(step, made)


PER_AXIS = ("strides", "dilations", "kernel_shape", "output_padding")
FLAT = " without its axis of one"


def _added_axis(importer: OnnxImporter, step: OnnxNode) -> int | None:
    """Return the axis of one that TensorFlow adds to a row of positions to make it a map; the
    window is one along it, without padding."""
    value = importer.emit_value(step.inputs[0])
    weight = importer.constants.get(step.inputs[1]) if len(step.inputs) > 1 else None
    kernel = weight.dims[2:] if weight else tuple(step.attributes.get("kernel_shape") or ())
    if len(value.shape) != 4 or len(value.made) > 2 or len(kernel) != 2:
        return None
    pads = tuple(step.attributes.get("pads") or (0,) * 4)
    for axis in (2, 3):
        i = axis - 2
        if value.shape[axis] == kernel[i] == 1 and pads[i::2] == (0, 0):
            return axis if not step.attributes.get("output_shape") else None
    return None


def _unwrap_rows(
    rule: Callable[[OnnxImporter, OnnxNode], None],
) -> Callable[[OnnxImporter, OnnxNode], None]:
    """Return the rule so that it reads a row of positions where a map has an added axis of one."""

    def emit_unwrapped(importer: OnnxImporter, step: OnnxNode) -> None:
        axis = _added_axis(importer, step)
        if axis is None:
            rule(importer, step)
            return
        kept = 3 - axis  # of the two attributes' numbers
        given = dict(step.attributes)
        given.update({k: given[k][kept : kept + 1] for k in PER_AXIS if given.get(k)})
        if given.get("pads"):
            given["pads"] = given["pads"][kept::2]
        inputs = (f"{step.inputs[0]}{FLAT}", *step.inputs[1:])
        value = importer.emit_value(step.inputs[0])
        importer.values[inputs[0]] = value.reshape_to(_drop_axis(value.shape, axis))
        importer.producers[inputs[0]] = OnnxNode("Squeeze", "", step.inputs[:1], inputs[:1], {})
        importer.consumers[inputs[0]] = [step]
        if len(inputs) > 1:
            weight = importer.constants[inputs[1]]
            flat = replace(weight, dims=_drop_axis(weight.dims, axis), values=None)
            importer.constants[f"{inputs[1]}{FLAT}"] = flat
            inputs = (inputs[0], f"{inputs[1]}{FLAT}", *inputs[2:])
        rule(importer, replace(step, inputs=inputs, attributes=given))
        out = importer.values[step.outputs[0]]
        dims = out.shape
        importer.values[step.outputs[0]] = out.reshape_to((*dims[:axis], 1, *dims[axis:]))

    return emit_unwrapped


def _drop_axis(dims: Sizes, axis: int) -> Sizes:
    return (*dims[:axis], *dims[axis + 1 :])


OPERATIONS = {
    "Conv": _unwrap_rows(emit_conv),
    "ConvTranspose": _unwrap_rows(emit_conv_transpose),
    "MaxPool": _unwrap_rows(emit_pool),
    "AveragePool": _unwrap_rows(emit_pool),
}
