"""Reads convolutions, pooling, padding, cropping and resizing of a Keras model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible, classify_convolution, one_or_all
from cnncost.formats.keras_in.keras_activations import emit_own_activation
from cnncost.formats.keras_in.keras_importer import (
    KerasImporter,
    KerasTensor,
    read_flag,
    read_integer,
    read_sizes,
    refuse_adapters,
)

if TYPE_CHECKING:
    from cnncost.formats.graph import Value
    from cnncost.formats.keras_in.keras_model import KerasLayer

Rule = Callable[[KerasImporter, "KerasLayer", list[KerasTensor]], KerasTensor]


def _window_arguments(layer: KerasLayer, axes: int) -> dict[str, Value]:
    """Return kernel, stride, dilation and padding of a convolution."""
    kernel = read_sizes(layer, "kernel_size", None, axes)
    dilation = read_sizes(layer, "dilation_rate", 1, axes)
    return {
        "kernel": one_or_all(kernel),
        "stride": one_or_all(read_sizes(layer, "strides", 1, axes)),
        "dilation": one_or_all(dilation),
        "padding": read_padding(layer, kernel, dilation),
        "bias": read_flag(layer, "use_bias", usually=True),
    }


def read_padding(layer: KerasLayer, kernel: list[int], dilation: list[int]) -> Value:
    """Return Keras' padding as a spec has it; `causal` puts all that a window reaches back in
    front."""
    word = layer.config.get("padding", "valid")
    if word == "causal":
        return tuple((d * (n - 1), 0) for n, d in zip(kernel, dilation, strict=True))
    if word not in ("same", "valid"):
        raise Inexpressible(f"padding is {word!r:.40}")
    return "same" if word == "same" and any(n > 1 for n in kernel) else 0


def convolution_rule(axes: int) -> Rule:
    """Return the rule of Conv1D to Conv3D."""

    def emit_convolution(
        k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
    ) -> KerasTensor:
        refuse_adapters(layer)
        filters, groups = read_integer(layer, "filters"), read_integer(layer, "groups", 1)
        word, widths = classify_convolution(reads[0].seen[0], filters, groups)
        made = k.emit_layer(layer, word, reads[:1], **widths, **_window_arguments(layer, axes))
        return emit_own_activation(k, layer, made)

    return emit_convolution


def unshared_rule(axes: int) -> Rule:
    """Return the rule of Keras 2's LocallyConnected1D and 2D: every unit has weights of its own."""

    def emit_unshared(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
        given = _window_arguments(layer, axes)
        if given["padding"] != 0 or read_integer(layer, "implementation", 1) == 2:
            # Keras stores other weights there: masked ones, or none for what is padded.
            raise Inexpressible("padding, or implementation 2, stores weights in another way")
        made = k.emit_layer(
            layer, "locally_connected", reads[:1], filters=read_integer(layer, "filters"), **given
        )
        return emit_own_activation(k, layer, made)

    return emit_unshared


def depthwise_rule(axes: int) -> Rule:
    """Return the rule of DepthwiseConv1D and 2D."""

    def emit_depthwise(
        k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
    ) -> KerasTensor:
        given = {
            **_window_arguments(layer, axes),
            "multiplier": read_integer(layer, "depth_multiplier", 1),
        }
        return emit_own_activation(
            k, layer, k.emit_layer(layer, "depthwise_conv", reads[:1], **given)
        )

    return emit_depthwise


def separable_rule(axes: int) -> Rule:
    """Return the rule of a depthwise convolution without biases and a 1x1 one (Chollet 2017)."""

    def emit_separable(
        k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
    ) -> KerasTensor:
        slid = {
            **_window_arguments(layer, axes),
            "multiplier": read_integer(layer, "depth_multiplier", 1),
        }
        bias = read_flag(layer, "use_bias", usually=True)
        wide = k.emit_layer(
            layer, "depthwise_conv", reads[:1], "depthwise", **{**slid, "bias": False}
        )
        made = k.emit_layer(
            layer, "conv", [wide], "pointwise", filters=read_integer(layer, "filters"), kernel=1,
            bias=bias,
        )  # fmt: skip
        return emit_own_activation(k, layer, made)

    return emit_separable


def transposed_rule(axes: int) -> Rule:
    """Return the rule of Conv1DTranspose to Conv3DTranspose."""

    def emit_transposed(
        k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
    ) -> KerasTensor:
        given = _window_arguments(layer, axes)
        kernel, stride = (
            read_sizes(layer, "kernel_size", None, axes),
            read_sizes(layer, "strides", 1, axes),
        )
        dilation = read_sizes(layer, "dilation_rate", 1, axes)
        reach = [(n - 1) * d + 1 for n, d in zip(kernel, dilation, strict=True)]
        extra = layer.config.get("output_padding")
        if extra is not None:
            # Keras: out = (in - 1) stride + reach - 2 padding + output_padding.
            added = read_sizes(layer, "output_padding", None, axes, least=0)
            half = layer.config.get("padding") == "same"
            given["padding"] = tuple((n // 2, n // 2) if half else (0, 0) for n in reach)
            given["output_padding"] = one_or_all(added)
        elif any(s > n for s, n in zip(stride, reach, strict=True)):
            # A window shorter than its step leaves the end of the last step empty: in x stride.
            added = [max(s - n, 0) for s, n in zip(stride, reach, strict=True)]
            cut = [max(n - s, 0) for s, n in zip(stride, reach, strict=True)]
            same = layer.config.get("padding") == "same"
            given["padding"] = tuple((n // 2, n - n // 2) if same else (0, 0) for n in cut)
            given["output_padding"] = one_or_all(added)
        made = k.emit_layer(
            layer, "conv_transpose", reads[:1], filters=read_integer(layer, "filters"),
            groups=read_integer(layer, "groups", 1), **given,
        )  # fmt: skip
        return emit_own_activation(k, layer, made)

    return emit_transposed


def pool_rule(word: str, axes: int) -> Rule:
    """Return the rule of MaxPooling1D to AveragePooling3D."""

    def emit_pool(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
        kernel = read_sizes(layer, "pool_size", 2, axes)
        given: dict[str, Value] = {"padding": read_padding(layer, kernel, [1] * axes)}
        if layer.config.get("strides") is not None:
            stride = read_sizes(layer, "strides", None, axes)
            given |= {} if stride == kernel else {"stride": one_or_all(stride)}
        return k.emit_layer(layer, word, reads[:1], kernel=one_or_all(kernel), **given)

    return emit_pool


def global_pool_rule(word: str) -> Rule:
    """Return the rule of a map's mean or largest value, which is a vector unless the axes are
    kept."""

    def emit_global_pool(
        k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
    ) -> KerasTensor:
        made = k.emit_layer(layer, word, reads[:1])
        kept = read_flag(layer, "keepdims", usually=False)
        return made if kept else made.reshape_to(made.made[:1])

    return emit_global_pool


def adaptive_pool_rule(word: str, axes: int) -> Rule:
    """Return the rule of AdaptiveAveragePooling1D and its kin."""

    def emit_adaptive_pool(
        k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
    ) -> KerasTensor:
        return k.emit_layer(
            layer,
            word,
            reads[:1],
            size=one_or_all(read_sizes(layer, "output_size", None, axes)),
        )

    return emit_adaptive_pool


def zero_padding_rule(axes: int) -> Rule:
    """Return the rule of ZeroPadding1D to 3D."""
    emit_edges = edge_rule("pad", "padding", axes)

    def emit_zeros(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
        made = emit_edges(k, layer, reads)
        k.zeros.add(made.op)
        return made

    return emit_zeros


def edge_rule(word: str, key: str, axes: int) -> Rule:
    """Return the rule of paddings and croppings, whose amounts are one number, one per axis, or a
    pair per axis."""

    def emit_edges(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
        given = layer.config.get(key, 1)
        pairs = given if isinstance(given, list) else [given] * axes
        if axes == 1 and len(pairs) == 2 and not isinstance(pairs[0], list):
            pairs = [pairs]
        listed = [pair if isinstance(pair, list) else [pair, pair] for pair in pairs]
        counts = [n for pair in listed for n in pair]
        if any(len(pair) != 2 for pair in listed) or any(type(n) is not int for n in counts):
            raise Inexpressible(f"{key} is {given!r:.40}")
        if len({tuple(pair) for pair in listed}) == 1 and listed[0][0] == listed[0][1]:
            return k.emit_layer(layer, word, reads[:1], amount=listed[0][0])
        return k.emit_layer(layer, word, reads[:1], amount=tuple((a, b) for a, b in listed))

    return emit_edges


def upsampling_rule(axes: int) -> Rule:
    """Return the rule of UpSampling1D to 3D, nearest or interpolated."""

    def emit_upsampling(
        k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
    ) -> KerasTensor:
        plain = layer.config.get("interpolation", "nearest") == "nearest"
        mode = "nearest" if plain else "bilinear"
        factor = one_or_all(read_sizes(layer, "size", 2, axes))
        return k.emit_layer(layer, "upsample", reads[:1], factor=factor, mode=mode)

    return emit_upsampling


def emit_resizing(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Resizing to a height and width."""
    mode = "nearest" if layer.config.get("interpolation") == "nearest" else "bilinear"
    size = (read_integer(layer, "height"), read_integer(layer, "width"))
    return k.emit_layer(layer, "upsample", reads[:1], size=size, mode=mode)
