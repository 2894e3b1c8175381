"""How each layer type is written in Keras: one entry per type."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.keras_out import keras_window_calls
from cnncost.formats.keras_out.keras_calls import (
    KerasCallStep,
    Piece,
    Writer,
    Writers,
    count_axes,
    keras_refusal,
    write_options,
    write_pairs,
    write_sizes,
    write_tuple,
)
from cnncost.network import Node
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.layers import (
        activation,
        attention,
        dense,
        joins,
        normalisation,
        opaque,
        regularisation,
        reshaping,
        scaling,
    )


def _plain_writer(head: str, *arguments: str) -> Writer:
    def write_plain(node: Node) -> Piece:
        return (KerasCallStep(head, arguments),)

    return write_plain


def _bias_option(node: Node[dense.Dense | dense.Linear]) -> tuple[str, ...]:
    return write_options(use_bias=(str(node.layer.bias), "True"))


def _write_dense(node: Node[dense.Dense]) -> Piece:
    step = KerasCallStep("layers.Dense", (str(node.output.channels), *_bias_option(node)))
    if node.inputs[0].is_vector:
        return (step,)
    return (KerasCallStep("layers.Flatten", (), "flatten"), step)


def _write_linear(node: Node[dense.Linear]) -> Piece:
    return (KerasCallStep("layers.Dense", (str(node.output.channels), *_bias_option(node))),)


def _norm_writer(head: str, *arguments: str) -> Writer:
    """Make the writer of a norm along the last axis, which is the channels'."""

    def write_norm(node: Node[normalisation.Normalisation]) -> Piece:
        plain = () if node.layer.affine else ("center=False", "scale=False")
        return (KerasCallStep(f"layers.{head}", (*arguments, *plain)),)

    return write_norm


def _write_groupnorm(node: Node[normalisation.GroupNorm]) -> Piece:
    return _norm_writer("GroupNormalization", str(node.layer.groups))(node)


def _write_lrn(node: Node[normalisation.Lrn]) -> Piece:
    return (KerasCallStep("LocalResponseNorm", (str(node.layer.size),)),)


def _activation_writer(word: str) -> Writer:
    return _plain_writer("layers.Activation", f'"{word}"')


def _write_prelu(node: Node[activation.Prelu]) -> Piece:
    """Write a prelu; Keras has one slope per unit, except along the axes that share it."""
    first = 1 if not node.layer.shared else 0
    shared = list(range(1, count_axes(node) + 2 - first))
    return (KerasCallStep("layers.PReLU", (f"shared_axes={shared}",) if shared else ()),)


def _write_scale(node: Node[scaling.Scale]) -> Piece:
    return (KerasCallStep("Scale", write_options(shared=(str(node.layer.shared), "False"))),)


def _write_dropout(node: Node[regularisation.Dropout]) -> Piece:
    return (KerasCallStep("layers.Dropout", (repr(float(node.layer.rate)),)),)


def _write_drop_path(node: Node[regularisation.DropPath]) -> Piece:
    """Write dropout with one random draw per example."""
    noise = ", ".join(["None", *["1"] * len(node.output.dims)])
    return (
        KerasCallStep("layers.Dropout", (repr(float(node.layer.rate)), f"noise_shape=({noise})")),
    )


def _order_channels_last(shape: Shape) -> tuple[int, ...]:
    """Return a shape in Keras' order, with the channels last."""
    return (*shape.extents, shape.channels)


def _write_reshape(node: Node) -> Piece:
    """Write a reshape; as a spec's units are in channels-first order, permute before and after."""
    x, y = node.inputs[0], node.output
    before: Piece = ()
    if x.positions > 1 and x.channels > 1:
        order = write_tuple((len(x.dims), *range(1, len(x.dims))))
        before = (KerasCallStep("layers.Permute", (order,), "first"),)
    if y.positions == 1 or y.channels == 1:
        return (*before, KerasCallStep("layers.Reshape", (write_tuple(_order_channels_last(y)),)))
    order = write_tuple((*range(2, len(y.dims) + 1), 1))
    return (
        *before,
        KerasCallStep("layers.Reshape", (write_tuple(y.dims),)),
        KerasCallStep("layers.Permute", (order,), "last"),
    )


def _write_permute(node: Node[reshaping.Permute]) -> Piece:
    # Our axis 1, the channels, is Keras' last; our axis i is Keras' i - 1.
    rank = len(node.inputs[0].dims)
    first, *others = (rank if axis == 1 else axis - 1 for axis in node.layer.axes)
    return (KerasCallStep("layers.Permute", (write_tuple((*others, first)),)),)


def _edge_writer(head: str) -> Writer:
    def write_edges(node: Node[reshaping.Pad | reshaping.Crop]) -> Piece:
        amounts = node.layer.amount
        return (KerasCallStep(f"layers.{head}{count_axes(node)}D", (write_pairs(amounts),)),)

    return write_edges


def _write_slice(node: Node[reshaping.Slice]) -> Piece:
    start, end = node.layer.span
    last = end == node.inputs[0].channels
    return (KerasCallStep(f"{{x}}[..., {start or ''}:{'' if last else end}]"),)


def _write_channel_shuffle(node: Node[reshaping.ChannelShuffle]) -> Piece:
    return (KerasCallStep("ChannelShuffle", (str(node.layer.groups),)),)


def _factor_writer(head: str) -> Writer:
    def write_factor(node: Node[reshaping.PixelShuffle | reshaping.SpaceToDepth]) -> Piece:
        return (KerasCallStep(head, (write_tuple(node.layer.factor),)),)

    return write_factor


def _write_upsample(node: Node[reshaping.Upsample]) -> Piece:
    x, y, mode = node.inputs[0].extents, node.output.extents, node.layer.mode
    if mode == "bilinear" and len(x) != 2:
        raise keras_refusal(node, "Keras interpolates maps of two axes alone", "use mode: nearest")
    if all(out % n == 0 for n, out in zip(x, y, strict=True)):
        factor = write_sizes(tuple(out // n for n, out in zip(x, y, strict=True)))
        way = write_options(interpolation=(f'"{mode}"', '"nearest"'))
        return (KerasCallStep(f"layers.UpSampling{len(x)}D", (factor, *way)),)
    if len(x) != 2:
        raise keras_refusal(node, "Keras resizes maps of two axes alone, others by whole factors")
    way = write_options(interpolation=(f'"{mode}"', '"bilinear"'))
    return (KerasCallStep("layers.Resizing", (*map(str, y), *way)),)


def _write_matmul(node: Node[joins.MatMul]) -> Piece:
    if node.layer.groups > 1:
        raise keras_refusal(node, "layers.Dot has no groups", "the layer type attention has heads")
    # Positions x channels here: the second's channels meet the first's positions.
    return (KerasCallStep("Product"),)


def _write_attention(node: Node[attention.Attention]) -> Piece:
    """Write attention over a sequence; a map's positions are reshaped into one."""
    x, heads = node.inputs[0], node.layer.heads
    given = (str(heads), str(node.layer.dim // heads))
    step = KerasCallStep("layers.MultiHeadAttention", given, twice=True)
    if count_axes(node) == 1:
        return (step,)
    line = KerasCallStep("layers.Reshape", (write_tuple((prod(x.extents), x.channels)),), "line")
    return (
        line,
        step,
        KerasCallStep("layers.Reshape", (write_tuple(_order_channels_last(x)),), "map"),
    )


def _refuse_opaque(node: Node[opaque.Opaque]) -> Piece:
    raise keras_refusal(
        node,
        f"it is opaque ({node.layer.op}): nobody knows how it is computed",
        "write it as layers that the language has",
    )


def _refuse_unshared(node: Node) -> Piece:
    raise keras_refusal(
        node,
        "Keras dropped LocallyConnected1D and 2D with version 3",
        "PyTorch code, as in -o net.py, has a class for it",
    )


LAYERS: Writers = {
    **keras_window_calls.WRITERS,
    "dense": _write_dense,
    "linear": _write_linear,
    "batchnorm": _norm_writer("BatchNormalization"),
    "layernorm": _norm_writer("LayerNormalization"),
    "groupnorm": _write_groupnorm,
    "instancenorm": _norm_writer("GroupNormalization", "-1"),
    "lrn": _write_lrn,
    "relu": _plain_writer("layers.ReLU"),
    "relu6": _plain_writer("layers.ReLU", "6.0"),
    "leaky_relu": _plain_writer("layers.LeakyReLU", "0.01"),
    "prelu": _write_prelu,
    "elu": _plain_writer("layers.ELU"),
    "selu": _activation_writer("selu"),
    "gelu": _activation_writer("gelu"),
    "silu": _activation_writer("silu"),
    "hardswish": _activation_writer("hard_silu"),
    "sigmoid": _activation_writer("sigmoid"),
    "hardsigmoid": _activation_writer("hard_sigmoid"),
    "tanh": _activation_writer("tanh"),
    "softplus": _activation_writer("softplus"),
    "mish": _activation_writer("mish"),
    "step": _plain_writer("Step"),
    "softmax": _plain_writer("layers.Softmax"),
    "logsoftmax": _activation_writer("log_softmax"),
    "dropout": _write_dropout,
    "drop_path": _write_drop_path,
    "flatten": _plain_writer("layers.Flatten"),
    "reshape": _write_reshape,
    "permute": _write_permute,
    "pad": _edge_writer("ZeroPadding"),
    "crop": _edge_writer("Cropping"),
    "slice": _write_slice,
    "channel_shuffle": _write_channel_shuffle,
    "pixel_shuffle": _factor_writer("PixelShuffle"),
    "space_to_depth": _factor_writer("SpaceToDepth"),
    "upsample": _write_upsample,
    "identity": _plain_writer("layers.Identity"),
    "scale": _write_scale,
    "add": _plain_writer("layers.Add"),
    "mul": _plain_writer("layers.Multiply"),
    "matmul": _write_matmul,
    "concat": _plain_writer("layers.Concatenate"),
    "attention": _write_attention,
    "opaque": _refuse_opaque,
    "locally_connected": _refuse_unshared,
}
"""The writer of each layer type, by its word; a test holds that none is missing."""
