"""Write layers that learn: convolutions, dense layers, attention, norms and scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writers
from cnncost.network import Node

if TYPE_CHECKING:
    from cnncost.layers.activation import Prelu
    from cnncost.layers.attention import Attention
    from cnncost.layers.convolution import Conv, Convolving, ConvTranspose, DepthwiseConv
    from cnncost.layers.dense import Dense, Linear
    from cnncost.layers.normalisation import (
        BatchNorm,
        GroupNorm,
        InstanceNorm,
        LayerNorm,
        Lrn,
        Normalisation,
    )
    from cnncost.layers.scaling import Scale


def _window_pads(node: Node[Convolving]) -> list[int]:
    """List the padding as ONNX does: the beginnings of all axes, then all ends."""
    windows = node.layer.resolve_windows(node.inputs[0])
    return [w.before for w in windows] + [w.after for w in windows]


def _write_bias(emitter: Emitter, node: Node[Convolving | Dense | Linear], count: int) -> list[str]:
    return [emitter.add_parameter("bias", (count,), 0.0)] if node.layer.bias else []


def _write_conv(emitter: Emitter, node: Node[Conv], x: list[str]) -> str:
    if node.layer.connects:
        return _write_mapped_conv(emitter, node, x)
    return _write_grouped_conv(emitter, node, x, node.layer.groups)


def _write_depthwise_conv(emitter: Emitter, node: Node[DepthwiseConv], x: list[str]) -> str:
    return _write_grouped_conv(emitter, node, x, node.inputs[0].channels)


def _write_grouped_conv(emitter: Emitter, node: Node[Convolving], x: list[str], groups: int) -> str:
    shape, y, kernel = node.inputs[0], node.output, node.layer.kernel
    weight = emitter.add_parameter("weight", (y.channels, shape.channels // groups, *kernel))
    return emitter.add_step(
        "Conv",
        [*x, weight, *_write_bias(emitter, node, y.channels)],
        kernel_shape=kernel,
        strides=node.layer.stride,
        dilations=node.layer.dilation,
        pads=_window_pads(node),
        group=groups,
    )


def _write_mapped_conv(emitter: Emitter, node: Node[Conv], x: list[str]) -> str:
    """Write filters that read some of the maps: one convolution per filter, over its maps."""
    shape, kernel = node.inputs[0], node.layer.kernel
    split = shape.channels > 1
    maps = emitter.add_several("Split", x, shape.channels, axis=1) if split else x
    made = []
    for i, seen in enumerate(node.layer.connects or ()):
        parts = [maps[j] for j in seen]
        read = emitter.add_step("Concat", parts, axis=1) if len(parts) > 1 else parts[0]
        inputs = [read, emitter.add_parameter(f"{i}.weight", (1, len(seen), *kernel))]
        if node.layer.bias:
            inputs.append(emitter.add_parameter(f"{i}.bias", (1,), 0.0))
        made.append(
            emitter.add_step(
                "Conv",
                inputs,
                kernel_shape=kernel,
                strides=node.layer.stride,
                dilations=node.layer.dilation,
                pads=_window_pads(node),
            )
        )
    return emitter.add_step("Concat", made, axis=1) if len(made) > 1 else made[0]


def _write_conv_transpose(emitter: Emitter, node: Node[ConvTranspose], x: list[str]) -> str:
    """Cropping is written as padding; outputs beyond what is painted are output padding."""
    shape, y, groups = node.inputs[0], node.output, node.layer.groups
    kernel, axes = node.layer.kernel, len(node.inputs[0].extents)
    pads, extra = _window_pads(node), list(node.layer.output_padding)
    for axis in range(axes):
        end = pads[axes + axis]
        if end < 0:  # a kernel narrower than its stride: outputs that no input paints
            extra[axis], pads[axes + axis] = extra[axis] - end, 0
    weight = emitter.add_parameter("weight", (shape.channels, y.channels // groups, *kernel))
    return emitter.add_step(
        "ConvTranspose",
        [*x, weight, *_write_bias(emitter, node, y.channels)],
        kernel_shape=kernel,
        strides=node.layer.stride,
        dilations=node.layer.dilation,
        pads=pads,
        output_padding=extra,
        group=groups,
    )


def _write_dense(emitter: Emitter, node: Node[Dense | Linear], x: list[str]) -> str:
    if not node.inputs[0].is_vector:
        x = [emitter.add_step("Flatten", x, axis=1)]
    weight = emitter.add_parameter("weight", (node.output.channels, node.inputs[0].units))
    bias = _write_bias(emitter, node, node.output.channels)
    return emitter.add_step("Gemm", [*x, weight, *bias], transB=1)


def _channels_last_order(node: Node) -> list[int]:
    """Return the order of axes that puts the channels last."""
    return [0, *range(2, len(node.inputs[0].dims) + 1), 1]


def _channels_first_order(node: Node) -> list[int]:
    """Return the order of axes that puts the channels first again."""
    rank = len(node.inputs[0].dims) + 1
    return [0, rank - 1, *range(1, rank - 1)]


def _write_linear(emitter: Emitter, node: Node[Linear], x: list[str]) -> str:
    if node.inputs[0].is_vector:
        return _write_dense(emitter, node, x)
    turned = emitter.add_step("Transpose", x, perm=_channels_last_order(node))
    weight = emitter.add_parameter("weight", (node.inputs[0].channels, node.output.channels))
    made = emitter.add_step("MatMul", [turned, weight])
    for bias in _write_bias(emitter, node, node.output.channels):
        made = emitter.add_step("Add", [made, bias])
    return emitter.add_step("Transpose", [made], perm=_channels_first_order(node))


def _write_attention(emitter: Emitter, node: Node[Attention], x: list[str]) -> str:
    """Write one product each for queries, keys and values, their products head by head, and the
    output projection."""
    shape, layer = node.inputs[0], node.layer
    heads, dim = layer.heads, layer.dim
    c, p, each = shape.channels, shape.positions, dim // heads
    rows = emitter.add_step("Reshape", [*x, emitter.add_integers([1, c, p])])
    tokens = emitter.add_step("Transpose", [rows], perm=[0, 2, 1])
    parts = {}
    for letter, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
        width = dim if letter == "q" else layer.kv_dim
        made = _write_projection(emitter, tokens, letter, (c, width), bias=layer.bias)
        split = emitter.add_step(
            "Reshape", [made, emitter.add_integers([1, p, width // each, each])]
        )
        if width < dim:
            split = _write_copies(
                emitter, split, (p, layer.kv_heads, heads // layer.kv_heads, each)
            )
        parts[letter] = emitter.add_step("Transpose", [split], perm=perm)
    scores = emitter.add_step("MatMul", [parts["q"], parts["k"]])
    scaled = emitter.add_step("Mul", [scores, emitter.add_number(each**-0.5)])
    seen = emitter.add_step("MatMul", [emitter.add_step("Softmax", [scaled], axis=-1), parts["v"]])
    together = emitter.add_step("Transpose", [seen], perm=[0, 2, 1, 3])
    context = emitter.add_step("Reshape", [together, emitter.add_integers([1, p, dim])])
    out = _write_projection(emitter, context, "out", (dim, c), bias=layer.bias)
    turned = emitter.add_step("Transpose", [out], perm=[0, 2, 1])
    return emitter.add_step("Reshape", [turned, emitter.add_integers([1, *shape.dims])])


def _write_copies(emitter: Emitter, x: str, sizes: tuple[int, int, int, int]) -> str:
    """Repeat each head of keys or values for the heads that read it."""
    p, few, copies, each = sizes
    column = emitter.add_step("Reshape", [x, emitter.add_integers([1, p, few, 1, each])])
    wide = emitter.add_step("Expand", [column, emitter.add_integers([1, p, few, copies, each])])
    return emitter.add_step("Reshape", [wide, emitter.add_integers([1, p, few * copies, each])])


def _write_projection(
    emitter: Emitter, x: str, part: str, sizes: tuple[int, int], *, bias: bool
) -> str:
    product = emitter.add_step("MatMul", [x, emitter.add_parameter(f"{part}.weight", sizes)])
    if not bias:
        return product
    return emitter.add_step("Add", [product, emitter.add_parameter(f"{part}.bias", sizes[1:], 0.0)])


WEIGHTED: Writers = {
    "conv": _write_conv,
    "depthwise_conv": _write_depthwise_conv,
    "conv_transpose": _write_conv_transpose,
    "dense": _write_dense,
    "linear": _write_linear,
    "attention": _write_attention,
}


# Norms, and factors per channel


def _write_affine(emitter: Emitter, node: Node[Normalisation], count: int) -> list[str]:
    """Add scale and shift; ones and zeros if nothing is learned."""
    if not node.layer.affine:
        return [emitter.add_equal_numbers(1.0, count), emitter.add_equal_numbers(0.0, count)]
    return [
        emitter.add_parameter("weight", (count,), 1.0),
        emitter.add_parameter("bias", (count,), 0.0),
    ]


def _write_batchnorm(emitter: Emitter, node: Node[BatchNorm], x: list[str]) -> str:
    channels = node.inputs[0].channels
    statistics = [
        emitter.add_parameter(part, (channels,), middle)
        for part, middle in (("running_mean", 0.0), ("running_var", 1.0))
    ]
    return emitter.add_step(
        "BatchNormalization", [*x, *_write_affine(emitter, node, channels), *statistics]
    )


def _write_layernorm(emitter: Emitter, node: Node[LayerNorm], x: list[str]) -> str:
    """Normalise over the channels, which ONNX wants last."""
    made = _write_affine(emitter, node, node.inputs[0].channels)
    if node.inputs[0].is_vector:
        return emitter.add_step("LayerNormalization", [*x, *made], axis=-1)
    rank = len(node.inputs[0].dims) + 1
    turned = emitter.add_step("Transpose", x, perm=[0, *range(2, rank), 1])
    normed = emitter.add_step("LayerNormalization", [turned, *made], axis=-1)
    return emitter.add_step("Transpose", [normed], perm=[0, rank - 1, *range(1, rank - 1)])


def _write_instancenorm(emitter: Emitter, node: Node[InstanceNorm], x: list[str]) -> str:
    return _write_grouped_norm(emitter, node, x, node.inputs[0].channels)


def _write_groupnorm(emitter: Emitter, node: Node[GroupNorm], x: list[str]) -> str:
    return _write_grouped_norm(emitter, node, x, node.layer.groups)


def _write_grouped_norm(
    emitter: Emitter, node: Node[Normalisation], x: list[str], groups: int
) -> str:
    """Write InstanceNormalization of the groups as rows, then a scale and shift per channel."""
    shape = node.inputs[0]
    row = emitter.add_step("Reshape", [*x, emitter.add_integers([1, groups, -1])])
    plain = [emitter.add_equal_numbers(value, groups) for value in (1.0, 0.0)]
    normed = emitter.add_step("InstanceNormalization", [row, *plain])
    made = emitter.add_step("Reshape", [normed, emitter.add_integers([1, *shape.dims])])
    if not node.layer.affine:
        return made
    scaled = emitter.add_step("Mul", [made, emitter.add_channel_parameter(node, "weight", 1.0)])
    return emitter.add_step("Add", [scaled, emitter.add_channel_parameter(node, "bias", 0.0)])


def _write_lrn(emitter: Emitter, node: Node[Lrn], x: list[str]) -> str:
    """Normalise over channels; runtimes take maps with two axes only."""
    shape, size = node.inputs[0], node.layer.size
    if len(shape.extents) == 2:
        return emitter.add_step("LRN", x, size=size)
    dims = [1, shape.channels, shape.positions, 1]
    flat = emitter.add_step("Reshape", [*x, emitter.add_integers(dims)])
    made = emitter.add_step("LRN", [flat], size=size)
    return emitter.add_step("Reshape", [made, emitter.add_integers([1, *shape.dims])])


def _write_prelu(emitter: Emitter, node: Node[Prelu], x: list[str]) -> str:
    return emitter.add_step("PRelu", [*x, _write_factors(emitter, node, 0.25)])


def _write_scale(emitter: Emitter, node: Node[Scale], x: list[str]) -> str:
    return emitter.add_step("Mul", [*x, _write_factors(emitter, node, 1.0)])


def _write_factors(emitter: Emitter, node: Node[Prelu | Scale], middle: float) -> str:
    """Add one factor per channel, or one in all."""
    return emitter.add_channel_parameter(node, "weight", middle, int(node.layer.shared))


NORMS: Writers = {
    "batchnorm": _write_batchnorm,
    "layernorm": _write_layernorm,
    "groupnorm": _write_groupnorm,
    "instancenorm": _write_instancenorm,
    "lrn": _write_lrn,
    "prelu": _write_prelu,
    "scale": _write_scale,
}
