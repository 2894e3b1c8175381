"""Windows over a map: convolutions, transposed ones, and pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cnncost.formats.convolution_kind import classify_convolution
from cnncost.formats.onnx_in.inexpressible import OnnxInexpressible
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.onnx_in.onnx_sources import sole_source
from cnncost.formats.pads import tidy, together
from cnncost.formats.tensor_value import Value
from cnncost.shape import same_padding

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument

Sizes = tuple[int, ...]


def alike(values: Sizes) -> int | Sizes:
    """One number where every axis has the same."""
    return values[0] if len(set(values)) == 1 else values


def per_axis(step: OnnxNode, key: str, axes: int) -> Sizes:
    """An attribute of one number an axis, 1 each where it is not given."""
    given = tuple(step.attributes.get(key) or (1,) * axes)
    if len(given) != axes or min(given) < 1:
        raise OnnxInexpressible(f"{key} {list(given)} over {axes} axes")
    return given


def padding(step: OnnxNode, extents: Sizes, kernel: Sizes) -> Argument:
    """The padding as a spec has it: a number, one an axis, pairs, or `same`."""
    axes = len(kernel)
    rule = step.attributes.get("auto_pad", "NOTSET")
    if rule == "VALID":
        return 0
    if rule == "SAME_UPPER":
        return "same"
    if rule == "SAME_LOWER":
        stride, spread = per_axis(step, "strides", axes), per_axis(step, "dilations", axes)
        pads = [
            same_padding(*sizes)[::-1]
            for sizes in zip(extents, kernel, stride, spread, strict=True)
        ]
    else:
        given = tuple(step.attributes.get("pads") or (0,) * (2 * axes))
        if len(given) != 2 * axes or min(given) < 0:
            raise OnnxInexpressible(f"pads {list(given)} over {axes} axes")
        pads = list(zip(given[:axes], given[axes:], strict=True))
    return tidy(tuple(pads))


def conv(importer: OnnxImporter, step: OnnxNode) -> None:
    """Conv; with a group for each channel it is depthwise."""
    weight, name, extents = _prepared(importer, step)
    kernel, groups = weight[2:], step.attributes.get("group", 1)
    name, pads = _with_pad(importer, step, name, padding(step, extents, kernel), len(kernel))
    axes = len(kernel)
    channels = importer.shapes[name].channels
    if groups < 1 or weight[1] * groups != channels:
        raise OnnxInexpressible(f"{channels} channels, but weights for {weight[1]} x {groups}")
    word, widths = classify_convolution(channels, weight[0], groups)
    given: dict[str, Argument] = {
        "kernel": alike(kernel),
        "stride": alike(per_axis(step, "strides", axes)),
        "padding": pads,
        "dilation": alike(per_axis(step, "dilations", axes)),
        "bias": bool(_biases(importer, step)),
        **widths,
    }
    weights, biases = _weights(step), _biases(importer, step)
    made = importer.emit(step, word, [name], learned=weights, shifts=biases, **given)
    importer.put(step, with_own_bias(importer, step, made))


def conv_transpose(importer: OnnxImporter, step: OnnxNode) -> None:
    """ConvTranspose; an asked output shape is what the padding crops to."""
    weight, name, extents = _prepared(importer, step)
    kernel, groups = weight[2:], step.attributes.get("group", 1)
    axes, filters = len(kernel), weight[1] * groups
    stride, spread = per_axis(step, "strides", axes), per_axis(step, "dilations", axes)
    extra = tuple(step.attributes.get("output_padding") or (0,) * axes)
    wanted = step.attributes.get("output_shape")
    if wanted:
        full = [
            (n - 1) * s + d * (k - 1) + 1 + e
            for n, s, d, k, e in zip(extents, stride, spread, kernel, extra, strict=True)
        ]
        crops = [most - out for most, out in zip(full, wanted[-axes:], strict=True)]
        pads = tidy(tuple((crop // 2, crop - crop // 2) for crop in crops))
    else:
        pads = padding(step, extents, kernel)
    made = importer.emit(
        step,
        "conv_transpose",
        [name],
        learned=_weights(step),
        shifts=_biases(importer, step),
        filters=filters,
        kernel=alike(kernel),
        stride=alike(stride),
        padding=pads,
        output_padding=alike(extra),
        dilation=alike(spread),
        groups=groups,
        bias=bool(_biases(importer, step)),
    )
    importer.put(step, with_own_bias(importer, step, made))


def _prepared(importer: OnnxImporter, step: OnnxNode) -> tuple[Sizes, str, Sizes]:
    """The weights' dimensions, the operation that is read, and its extents."""
    weight = importer.constants.get(step.inputs[1])
    if weight is None:
        raise OnnxInexpressible("weights that are computed while the network runs")
    name = importer.channels_first(step, step.inputs[0])
    extents = importer.shapes[name].extents
    if len(weight.dims) != len(extents) + 2 or min(weight.dims) < 1:
        raise OnnxInexpressible(f"weights of {list(weight.dims)} over a map of {len(extents)} axes")
    return weight.dims, name, extents


def _weights(step: OnnxNode) -> tuple[str, ...]:
    return tuple(t for t in step.inputs[1:2] if t)


def _biases(importer: OnnxImporter, step: OnnxNode) -> tuple[str, ...]:
    """The bias that the layer has; none where its weights are used with others as well."""
    if importer.owners.sources(step.inputs[1:2]) in importer.apart:
        return ()
    return tuple(t for t in step.inputs[2:3] if t)


def with_own_bias(importer: OnnxImporter, step: OnnxNode, made: Value) -> Value:
    """What a layer made, with the bias behind it that it does not share with the others that
    have its weights."""
    biases = tuple(t for t in step.inputs[2:3] if t)
    if not biases or importer.owners.sources(step.inputs[1:2]) not in importer.apart:
        return made
    importer.notes["learned numbers that are added are written as scale"] = None
    return importer.emit(replace(step, name=""), "scale", [made.base], learned=biases)


def _with_pad(
    importer: OnnxImporter, step: OnnxNode, name: str, pads: Argument, axes: int
) -> tuple[str, Argument]:
    """Take in a layer of zeros just before, which only this one reads."""
    op = importer.ops.get(name)
    if op is None or op.word != "pad" or pads == "same":
        return name, pads
    made = sole_source(importer, step.inputs[0])
    if made is None or made.op != "Pad":
        return name, pads
    return op.reads[0], together(pads, op.arguments["amount"], axes)


def pool(importer: OnnxImporter, step: OnnxNode) -> None:
    """MaxPool and AveragePool."""
    name = importer.channels_first(step, step.inputs[0])
    extents = importer.shapes[name].extents
    axes = len(extents)
    kernel = per_axis(step, "kernel_shape", axes)
    pads = padding(step, extents, kernel)
    given: dict[str, Argument] = {
        "kernel": alike(kernel),
        "stride": alike(per_axis(step, "strides", axes)),
        "padding": pads,
        "ceil": bool(step.attributes.get("ceil_mode", 0)),
    }
    if given["stride"] == given["kernel"]:
        del given["stride"]
    if step.op == "MaxPool":
        given["dilation"] = alike(per_axis(step, "dilations", axes))
        name, given["padding"] = _with_pad(importer, step, name, pads, axes)
    word = "maxpool" if step.op == "MaxPool" else "avgpool"
    made = importer.emit(step, word, [name], **given)  # type: ignore[arg-type]  # no weights
    importer.put(step, made)


PER_AXIS = ("strides", "dilations", "kernel_shape", "output_padding")
FLAT = " without its axis of one"


def _row(importer: OnnxImporter, step: OnnxNode) -> int | None:
    """The axis that was added to a row of positions to make it a map, as TensorFlow does: of
    one, with a window of one and no padding."""
    value = importer.see(step.inputs[0])
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


def _one_dimension(
    rule: Callable[[OnnxImporter, OnnxNode], None],
) -> Callable[[OnnxImporter, OnnxNode], None]:
    """The rule, over a row of positions where a map is only one in disguise."""

    def work(importer: OnnxImporter, step: OnnxNode) -> None:
        axis = _row(importer, step)
        if axis is None:
            rule(importer, step)
            return
        kept = 3 - axis  # of the two attributes' numbers
        given = dict(step.attributes)
        given.update({k: given[k][kept : kept + 1] for k in PER_AXIS if given.get(k)})
        if given.get("pads"):
            given["pads"] = given["pads"][kept::2]
        inputs = (f"{step.inputs[0]}{FLAT}", *step.inputs[1:])
        value = importer.see(step.inputs[0])
        importer.values[inputs[0]] = value.reshaped(_without(value.shape, axis))
        importer.producers[inputs[0]] = OnnxNode("Squeeze", "", step.inputs[:1], inputs[:1], {})
        importer.consumers[inputs[0]] = [step]
        if len(inputs) > 1:
            weight = importer.constants[inputs[1]]
            flat = replace(weight, dims=_without(weight.dims, axis), values=None)
            importer.constants[f"{inputs[1]}{FLAT}"] = flat
            inputs = (inputs[0], f"{inputs[1]}{FLAT}", *inputs[2:])
        rule(importer, replace(step, inputs=inputs, attributes=given))
        out = importer.values[step.outputs[0]]
        dims = out.shape
        importer.values[step.outputs[0]] = out.reshaped((*dims[:axis], 1, *dims[axis:]))

    return work


def _without(dims: Sizes, axis: int) -> Sizes:
    return (*dims[:axis], *dims[axis + 1 :])


OPERATIONS = {
    "Conv": _one_dimension(conv),
    "ConvTranspose": _one_dimension(conv_transpose),
    "MaxPool": _one_dimension(pool),
    "AveragePool": _one_dimension(pool),
}
