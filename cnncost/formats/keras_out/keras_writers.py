"""How each layer type is written in Keras: an entry a type."""

from __future__ import annotations

from math import prod
from typing import cast

from cnncost.formats.keras_out import keras_window_calls
from cnncost.formats.keras_out.keras_calls import (
    KerasCallStep,
    Piece,
    Writer,
    Writers,
    alike,
    axes,
    field,
    options,
    pairs,
    refuse,
    sizes,
    tupled,
    whole,
)
from cnncost.network import Node
from cnncost.shape import Shape


def _plain(head: str, *arguments: str) -> Writer:
    def write(node: Node) -> Piece:
        return (KerasCallStep(head, arguments),)

    return write


def _bias(node: Node) -> tuple[str, ...]:
    return options(use_bias=(str(field(node, "bias")), "True"))


def _dense(node: Node) -> Piece:
    step = KerasCallStep("layers.Dense", (str(node.output.channels), *_bias(node)))
    if node.inputs[0].is_vector:
        return (step,)
    return (KerasCallStep("layers.Flatten", (), "flatten"), step)


def _linear(node: Node) -> Piece:
    return (KerasCallStep("layers.Dense", (str(node.output.channels), *_bias(node))),)


def _norm(head: str, *arguments: str) -> Writer:
    """A norm along the last axis, the channels'."""

    def write(node: Node) -> Piece:
        plain = () if field(node, "affine") else ("center=False", "scale=False")
        return (KerasCallStep(f"layers.{head}", (*arguments, *plain)),)

    return write


def _groupnorm(node: Node) -> Piece:
    return _norm("GroupNormalization", str(whole(node, "groups")))(node)


def _lrn(node: Node) -> Piece:
    return (KerasCallStep("LocalResponseNorm", (str(whole(node, "size")),)),)


def _activation(word: str) -> Writer:
    return _plain("layers.Activation", f'"{word}"')


def _prelu(node: Node) -> Piece:
    """Keras has a slope a unit, but for the axes that share theirs."""
    first = 1 if not field(node, "shared") else 0
    shared = list(range(1, axes(node) + 2 - first))
    return (KerasCallStep("layers.PReLU", (f"shared_axes={shared}",) if shared else ()),)


def _scale(node: Node) -> Piece:
    return (KerasCallStep("Scale", options(shared=(str(field(node, "shared")), "False"))),)


def _rate(node: Node) -> str:
    return repr(float(cast("float", field(node, "rate"))))


def _dropout(node: Node) -> Piece:
    return (KerasCallStep("layers.Dropout", (_rate(node),)),)


def _drop_path(node: Node) -> Piece:
    """One draw for all of an example."""
    noise = ", ".join(["None", *["1"] * len(node.output.dims)])
    return (KerasCallStep("layers.Dropout", (_rate(node), f"noise_shape=({noise})")),)


def _last(shape: Shape) -> tuple[int, ...]:
    """A shape as Keras orders it, the channels last."""
    return (*shape.extents, shape.channels)


def _reshape(node: Node) -> Piece:
    """A spec's shapes are channels first: so are the units in order, before and after."""
    x, y = node.inputs[0], node.output
    before: Piece = ()
    if x.positions > 1 and x.channels > 1:
        order = tupled((len(x.dims), *range(1, len(x.dims))))
        before = (KerasCallStep("layers.Permute", (order,), "first"),)
    if y.positions == 1 or y.channels == 1:
        return (*before, KerasCallStep("layers.Reshape", (tupled(_last(y)),)))
    order = tupled((*range(2, len(y.dims) + 1), 1))
    return (
        *before,
        KerasCallStep("layers.Reshape", (tupled(y.dims),)),
        KerasCallStep("layers.Permute", (order,), "last"),
    )


def _permute(node: Node) -> Piece:
    # Our axis 1, the channels, is Keras' last; our axis i is Keras' i - 1.
    rank = len(node.inputs[0].dims)
    first, *others = (rank if axis == 1 else axis - 1 for axis in sizes(node, "axes"))
    return (KerasCallStep("layers.Permute", (tupled((*others, first)),)),)


def _edges(head: str) -> Writer:
    def write(node: Node) -> Piece:
        amounts = cast("tuple[tuple[int, int], ...]", field(node, "amount"))
        return (KerasCallStep(f"layers.{head}{axes(node)}D", (pairs(amounts),)),)

    return write


def _slice(node: Node) -> Piece:
    start, end = cast("tuple[int, int]", field(node, "span"))
    last = end == node.inputs[0].channels
    return (KerasCallStep(f"{{x}}[..., {start or ''}:{'' if last else end}]"),)


def _channel_shuffle(node: Node) -> Piece:
    return (KerasCallStep("ChannelShuffle", (str(whole(node, "groups")),)),)


def _finer(head: str) -> Writer:
    def write(node: Node) -> Piece:
        return (KerasCallStep(head, (tupled(sizes(node, "factor")),)),)

    return write


def _upsample(node: Node) -> Piece:
    x, y, mode = node.inputs[0].extents, node.output.extents, str(field(node, "mode"))
    if mode == "bilinear" and len(x) != 2:
        raise refuse(node, "Keras interpolates maps of two axes alone", "use mode: nearest")
    if all(out % n == 0 for n, out in zip(x, y, strict=True)):
        factor = alike(tuple(out // n for n, out in zip(x, y, strict=True)))
        way = options(interpolation=(f'"{mode}"', '"nearest"'))
        return (KerasCallStep(f"layers.UpSampling{len(x)}D", (factor, *way)),)
    if len(x) != 2:
        raise refuse(node, "Keras resizes maps of two axes alone, others by whole factors")
    way = options(interpolation=(f'"{mode}"', '"bilinear"'))
    return (KerasCallStep("layers.Resizing", (*map(str, y), *way)),)


def _matmul(node: Node) -> Piece:
    if whole(node, "groups") > 1:
        raise refuse(node, "layers.Dot has no groups", "the layer type attention has heads")
    # Positions x channels here: the second's channels meet the first's positions.
    return (KerasCallStep("Product"),)


def _attention(node: Node) -> Piece:
    """Over a sequence; a map's positions are one."""
    x, heads = node.inputs[0], whole(node, "heads")
    given = (str(heads), str(whole(node, "dim") // heads))
    step = KerasCallStep("layers.MultiHeadAttention", given, twice=True)
    if axes(node) == 1:
        return (step,)
    line = KerasCallStep("layers.Reshape", (tupled((prod(x.extents), x.channels)),), "line")
    return (line, step, KerasCallStep("layers.Reshape", (tupled(_last(x)),), "map"))


def _opaque(node: Node) -> Piece:
    raise refuse(
        node,
        f"it is opaque ({field(node, 'op')}): nobody knows how it is computed",
        "write it as layers that the language has",
    )


LAYERS: Writers = {
    **keras_window_calls.WRITERS,
    "dense": _dense,
    "linear": _linear,
    "batchnorm": _norm("BatchNormalization"),
    "layernorm": _norm("LayerNormalization"),
    "groupnorm": _groupnorm,
    "instancenorm": _norm("GroupNormalization", "-1"),
    "lrn": _lrn,
    "relu": _plain("layers.ReLU"),
    "relu6": _plain("layers.ReLU", "6.0"),
    "leaky_relu": _plain("layers.LeakyReLU", "0.01"),
    "prelu": _prelu,
    "elu": _plain("layers.ELU"),
    "selu": _activation("selu"),
    "gelu": _activation("gelu"),
    "silu": _activation("silu"),
    "hardswish": _activation("hard_silu"),
    "sigmoid": _activation("sigmoid"),
    "hardsigmoid": _activation("hard_sigmoid"),
    "tanh": _activation("tanh"),
    "softplus": _activation("softplus"),
    "mish": _activation("mish"),
    "softmax": _plain("layers.Softmax"),
    "logsoftmax": _activation("log_softmax"),
    "dropout": _dropout,
    "drop_path": _drop_path,
    "flatten": _plain("layers.Flatten"),
    "reshape": _reshape,
    "permute": _permute,
    "pad": _edges("ZeroPadding"),
    "crop": _edges("Cropping"),
    "slice": _slice,
    "channel_shuffle": _channel_shuffle,
    "pixel_shuffle": _finer("PixelShuffle"),
    "space_to_depth": _finer("SpaceToDepth"),
    "upsample": _upsample,
    "identity": _plain("layers.Identity"),
    "scale": _scale,
    "add": _plain("layers.Add"),
    "mul": _plain("layers.Multiply"),
    "matmul": _matmul,
    "concat": _plain("layers.Concatenate"),
    "attention": _attention,
    "opaque": _opaque,
}
"""By layer type; a test holds that none lacks one."""
