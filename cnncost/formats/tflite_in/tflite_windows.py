"""Reads windows over a map: convolutions, depthwise and transposed ones, and pools."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.importing import (
    Inexpressible,
    classify_convolution,
    one_or_all,
    shorten_pads,
)
from cnncost.formats.tflite_in.known_cost import KnownCost
from cnncost.formats.tflite_in.tflite_activations import emit_fused
from cnncost.formats.tflite_in.tflite_importer import TfliteImporter
from cnncost.formats.tflite_in.tflite_schema import SAME
from cnncost.shape import same_padding

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument
    from cnncost.formats.tensor_value import Value
    from cnncost.formats.tflite_in.tflite_model import Dims, TfliteStep

AXIS_LETTERS = {2: "hw", 3: "dhw"}
"""How options call the axes of positions, by their number."""


def emit_convolution(importer: TfliteImporter, step: TfliteStep) -> None:
    """CONV_2D: weights of filters, kernel, and the channels of one group."""
    filters, *kernel, inner = _check_rank(importer.get_constant(step.find_input(1)).dims, 4)
    value = importer.get_value(step.find_input(0))
    channels = value.shape[-1]
    if channels % inner:
        raise Inexpressible(f"{channels} channels, but weights for {inner}")
    word, widths = classify_convolution(channels, filters, channels // inner)
    _emit_sliding(importer, step, word, tuple(kernel), widths)


def emit_depthwise(importer: TfliteImporter, step: TfliteStep) -> None:
    """DEPTHWISE_CONV_2D: weights of one, kernel, and as many filters as the output has channels."""
    one, *kernel, filters = _check_rank(importer.get_constant(step.find_input(1)).dims, 4)
    channels = importer.get_value(step.find_input(0)).shape[-1]
    if one != 1 or filters % channels:
        raise Inexpressible(f"{channels} channels, but {filters} filters")
    _emit_sliding(
        importer, step, "depthwise_conv", tuple(kernel), {"multiplier": filters // channels}
    )


def emit_volume(importer: TfliteImporter, step: TfliteStep) -> None:
    """CONV_3D: weights of kernel, channels, filters."""
    *kernel, inner, filters = _check_rank(importer.get_constant(step.find_input(1)).dims, 5)
    channels = importer.get_value(step.find_input(0)).shape[-1]
    if channels % inner:
        raise Inexpressible(f"{channels} channels, but weights for {inner}")
    word, widths = classify_convolution(channels, filters, channels // inner)
    _emit_sliding(importer, step, word, tuple(kernel), widths)


def _check_rank(dims: Dims, rank: int) -> Dims:
    if len(dims) != rank or min(dims) < 1:
        raise Inexpressible(f"weights of {list(dims)}")
    return dims


def _emit_sliding(
    importer: TfliteImporter, step: TfliteStep, word: str, kernel: Dims, widths: dict[str, int]
) -> None:
    """Emit a window that slides over a map, and the activation that is fused with it."""
    value = _require_map(importer, step, step.find_input(0), len(kernel))
    name, back = importer.open_map(step, value)
    stride, dilation = (_read_axes(step, key, len(kernel)) for key in ("stride", "dilation"))
    given: dict[str, Argument] = {
        **widths,
        "kernel": one_or_all(kernel),
        "stride": one_or_all(stride),
        "padding": _read_padding(importer, step, name, kernel),
        "dilation": one_or_all(dilation),
        "bias": has_bias(importer, step, 2),
    }
    weights, shift = step.find_input(1), step.find_input(2)
    made = back(importer.emit_layer(step, word, [name], learned=weights, shift=shift, **given))
    importer.values[step.outputs[0]] = emit_fused(importer, step, made)


def _require_map(importer: TfliteImporter, step: TfliteStep, tensor: int, axes: int) -> Value:
    """Return what stands for a map of that many axes of positions, for one example.

    Raises:
        Inexpressible: it is no such map.
    """
    value = importer.get_value(tensor)
    if len(value.shape) != axes + 2 or value.shape[0] != 1:
        raise Inexpressible("its batch is not one")
    return value


def has_bias(importer: TfliteImporter, step: TfliteStep, place: int) -> bool:
    """Tell whether a step has a bias among its inputs."""
    return step.find_input(place) >= 0


def _read_axes(step: TfliteStep, key: str, axes: int) -> Dims:
    """Return an option's number for each axis of positions."""
    found = tuple(step.options[f"{key}_{letter}"] for letter in AXIS_LETTERS[axes])
    if min(found) < 1:
        raise Inexpressible(f"{key} is {min(found)}")
    return found


def _read_padding(importer: TfliteImporter, step: TfliteStep, name: str, kernel: Dims) -> Argument:
    """Return a window's padding; behind a layer of zeros as numbers, so that the window can take
    them in."""
    if step.options["padding"] != SAME or set(kernel) == {1}:
        return 0
    if name not in importer.zeros:
        return "same"
    axes = len(kernel)
    each = zip(
        importer.shapes[name].extents, kernel, _read_axes(step, "stride", axes),
        _read_axes(step, "dilation", axes), strict=True,
    )  # fmt: skip
    return shorten_pads(tuple(same_padding(*numbers) for numbers in each))


def emit_transposed(importer: TfliteImporter, step: TfliteStep) -> None:
    """TRANSPOSE_CONV: its first input is the output's shape, its third the map."""
    filters, *kernel, inner = _check_rank(importer.get_constant(step.find_input(1)).dims, 4)
    value = _require_map(importer, step, step.find_input(2), 2)
    if value.shape[-1] != inner:
        raise Inexpressible(f"{value.shape[-1]} channels, but weights for {inner}")
    name, back = importer.open_map(step, value)
    stride = _read_axes(step, "stride", 2)
    pads, extra = [], []
    extents = _transposed_extents(importer, step, value.shape[1:3], tuple(kernel), stride)
    for n, k, s, out in zip(value.shape[1:3], kernel, stride, extents, strict=True):
        surplus = (n - 1) * s + k - out  # cropped, or outputs that no window reaches
        crop = max(surplus, 0)
        before = crop // 2 if step.options["padding"] == SAME else 0
        pads.append((before, crop - before))
        extra.append(max(-surplus, 0))
    made = importer.emit_layer(
        step, "conv_transpose", [name], learned=step.find_input(1), shift=step.find_input(3),
        filters=filters,
        kernel=one_or_all(kernel), stride=one_or_all(stride), padding=shorten_pads(tuple(pads)),
        output_padding=one_or_all(extra),
        bias=has_bias(importer, step, 3),
    )  # fmt: skip
    importer.values[step.outputs[0]] = emit_fused(importer, step, back(made))


def _transposed_extents(
    importer: TfliteImporter, step: TfliteStep, extents: Dims, kernel: Dims, stride: Dims
) -> Dims:
    recorded = importer.recorded_dims(step.outputs[0])
    if recorded and len(recorded) == 4:
        return recorded[1:3]
    if step.options["padding"] == SAME:
        return tuple(n * s for n, s in zip(extents, stride, strict=True))
    return tuple(n * s + max(k - s, 0) for n, k, s in zip(extents, kernel, stride, strict=True))


def emit_pool(importer: TfliteImporter, step: TfliteStep) -> None:
    """AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D."""
    value = _require_map(importer, step, step.find_input(0), 2)
    name, back = importer.open_map(step, value)
    kernel, stride = (_read_axes(step, key, 2) for key in ("filter", "stride"))
    same = step.options["padding"] == SAME and set(kernel) != {1}
    given: dict[str, Argument] = {"padding": "same" if same else 0}
    if stride != kernel:
        given["stride"] = one_or_all(stride)
    word = "maxpool" if step.op == "MAX_POOL_2D" else "avgpool"
    if step.op == "L2_POOL_2D":
        importer.notes.add_stand_in(step.op, word)
    made = importer.emit_layer(
        step, word, [name], learned=-1, shift=-1, kernel=one_or_all(kernel), **given
    )
    importer.values[step.outputs[0]] = emit_fused(importer, step, back(made))


def count_window(importer: TfliteImporter, step: TfliteStep, out: Dims) -> KnownCost:
    """Count a convolution by its weights' shape: each works once per output position, or per input
    position of a transposed one."""
    transposed = step.op in ("TRANSPOSE_CONV", "CONV_3D_TRANSPOSE")
    weights = importer.get_constant(step.find_input(1)).size
    source = importer.get_value(step.find_input(2 if transposed else 0))
    positions = prod((source.shape if transposed else out)[:-1])
    biased = has_bias(importer, step, 3 if transposed else 2)
    biases = out[-1] if biased else 0
    fresh = importer.count_fresh(step.find_input(1))
    return KnownCost(fresh, biases, weights * positions, biases and prod(out))


OPERATIONS = {
    "CONV_2D": emit_convolution,
    "DEPTHWISE_CONV_2D": emit_depthwise,
    "CONV_3D": emit_volume,
    "TRANSPOSE_CONV": emit_transposed,
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"), emit_pool),
}

COUNTS = dict.fromkeys(
    ("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D", "TRANSPOSE_CONV", "CONV_3D_TRANSPOSE"),
    count_window,
)
"""What an operator costs that cannot be written in words."""
