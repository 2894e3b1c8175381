"""Layers with weights: convolutions, matrix products, attention."""

from __future__ import annotations

from typing import cast

from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writers, field
from cnncost.layers.windowed import Windowed
from cnncost.network import Node


def _pads(node: Node) -> list[int]:
    """All axes' beginnings, then all ends, as ONNX lists them."""
    windows = cast("Windowed", node.layer).resolve_windows(node.inputs[0])
    return [w.before for w in windows] + [w.after for w in windows]


def _bias(emitter: Emitter, node: Node, count: int) -> list[str]:
    return [emitter.parameter("bias", (count,), 0.0)] if field(node, "bias") else []


def _conv(emitter: Emitter, node: Node, x: list[str]) -> str:
    layer, shape, y = node.layer, node.inputs[0], node.output
    if getattr(layer, "connects", None):
        return _mapped(emitter, node, x)
    groups = shape.channels if layer.word == "depthwise_conv" else field(node, "groups")
    kernel = field(node, "kernel")
    weight = emitter.parameter("weight", (y.channels, shape.channels // groups, *kernel))
    return emitter.add(
        "Conv",
        [*x, weight, *_bias(emitter, node, y.channels)],
        kernel_shape=kernel,
        strides=field(node, "stride"),
        dilations=field(node, "dilation"),
        pads=_pads(node),
        group=groups,
    )


def _mapped(emitter: Emitter, node: Node, x: list[str]) -> str:
    """Filters that see some of the maps: a convolution for each, over the maps put together."""
    shape, kernel = node.inputs[0], field(node, "kernel")
    split = shape.channels > 1
    maps = emitter.add_several("Split", x, shape.channels, axis=1) if split else x
    made = []
    for i, seen in enumerate(field(node, "connects")):
        parts = [maps[j] for j in seen]
        read = emitter.add("Concat", parts, axis=1) if len(parts) > 1 else parts[0]
        inputs = [read, emitter.parameter(f"{i}.weight", (1, len(seen), *kernel))]
        if field(node, "bias"):
            inputs.append(emitter.parameter(f"{i}.bias", (1,), 0.0))
        made.append(
            emitter.add(
                "Conv",
                inputs,
                kernel_shape=kernel,
                strides=field(node, "stride"),
                dilations=field(node, "dilation"),
                pads=_pads(node),
            )
        )
    return emitter.add("Concat", made, axis=1) if len(made) > 1 else made[0]


def _conv_transpose(emitter: Emitter, node: Node, x: list[str]) -> str:
    """What is cropped is padding; where the output is longer than painted, output padding."""
    shape, y, groups = node.inputs[0], node.output, field(node, "groups")
    kernel, axes = field(node, "kernel"), len(node.inputs[0].extents)
    pads, extra = _pads(node), list(field(node, "output_padding"))
    for axis in range(axes):
        end = pads[axes + axis]
        if end < 0:  # a kernel narrower than its stride: outputs that no input paints
            extra[axis], pads[axes + axis] = extra[axis] - end, 0
    weight = emitter.parameter("weight", (shape.channels, y.channels // groups, *kernel))
    return emitter.add(
        "ConvTranspose",
        [*x, weight, *_bias(emitter, node, y.channels)],
        kernel_shape=kernel,
        strides=field(node, "stride"),
        dilations=field(node, "dilation"),
        pads=pads,
        output_padding=extra,
        group=groups,
    )


def _dense(emitter: Emitter, node: Node, x: list[str]) -> str:
    if not node.inputs[0].is_vector:
        x = [emitter.add("Flatten", x, axis=1)]
    weight = emitter.parameter("weight", (node.output.channels, node.inputs[0].units))
    bias = _bias(emitter, node, node.output.channels)
    return emitter.add("Gemm", [*x, weight, *bias], transB=1)


def _last(node: Node) -> list[int]:
    """The axes with the channels last."""
    return [0, *range(2, len(node.inputs[0].dims) + 1), 1]


def _first(node: Node) -> list[int]:
    """And back."""
    rank = len(node.inputs[0].dims) + 1
    return [0, rank - 1, *range(1, rank - 1)]


def _linear(emitter: Emitter, node: Node, x: list[str]) -> str:
    if node.inputs[0].is_vector:
        return _dense(emitter, node, x)
    turned = emitter.add("Transpose", x, perm=_last(node))
    weight = emitter.parameter("weight", (node.inputs[0].channels, node.output.channels))
    made = emitter.add("MatMul", [turned, weight])
    for bias in _bias(emitter, node, node.output.channels):
        made = emitter.add("Add", [made, bias])
    return emitter.add("Transpose", [made], perm=_first(node))


def _attention(emitter: Emitter, node: Node, x: list[str]) -> str:
    """Queries, keys and values by one product each, their products head by head, and back."""
    shape, heads, dim = node.inputs[0], field(node, "heads"), field(node, "dim")
    c, p, each = shape.channels, shape.positions, dim // heads
    rows = emitter.add("Reshape", [*x, emitter.integers([1, c, p])])
    tokens = emitter.add("Transpose", [rows], perm=[0, 2, 1])
    parts = {}
    for letter, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
        made = _projected(emitter, tokens, letter, (c, dim))
        split = emitter.add("Reshape", [made, emitter.integers([1, p, heads, each])])
        parts[letter] = emitter.add("Transpose", [split], perm=perm)
    scores = emitter.add("MatMul", [parts["q"], parts["k"]])
    scaled = emitter.add("Mul", [scores, emitter.number(each**-0.5)])
    seen = emitter.add("MatMul", [emitter.add("Softmax", [scaled], axis=-1), parts["v"]])
    together = emitter.add("Transpose", [seen], perm=[0, 2, 1, 3])
    context = emitter.add("Reshape", [together, emitter.integers([1, p, dim])])
    out = _projected(emitter, context, "out", (dim, c))
    turned = emitter.add("Transpose", [out], perm=[0, 2, 1])
    return emitter.add("Reshape", [turned, emitter.integers([1, *shape.dims])])


def _projected(emitter: Emitter, x: str, part: str, sizes: tuple[int, int]) -> str:
    product = emitter.add("MatMul", [x, emitter.parameter(f"{part}.weight", sizes)])
    return emitter.add("Add", [product, emitter.parameter(f"{part}.bias", sizes[1:], 0.0)])


WRITERS: Writers = {
    **dict.fromkeys(("conv", "depthwise_conv"), _conv),
    "conv_transpose": _conv_transpose,
    "dense": _dense,
    "linear": _linear,
    "attention": _attention,
}
