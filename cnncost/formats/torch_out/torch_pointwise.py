"""Write layers without windows: norms, activations, joins, and layers that move numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.costs.memory.unmoved_numbers import moves_nothing
from cnncost.formats.torch_out.torch_layer_code import (
    CodePiece,
    Writer,
    axis_count,
    call_writer,
    index_text,
    slice_text,
    standing_in,
    tuple_text,
    write_keywords,
)

if TYPE_CHECKING:
    from cnncost.layers import activation, joins, normalisation, regularisation, reshaping, scaling
    from cnncost.network import Node


def _norm_writer(kind: str) -> Writer:
    def write_norm(node: Node[normalisation.Normalisation], inplace: bool) -> CodePiece:
        affine, x = node.layer.affine, node.inputs[0]
        usual = "False" if kind == "InstanceNorm" else "True"
        option = write_keywords(affine=(str(affine), usual))
        axes = max(axis_count(node), 1)
        return CodePiece(f"nn.{kind}{axes}d", (str(x.channels), *option))

    return write_norm


def _write_layernorm(node: Node[normalisation.LayerNorm], inplace: bool) -> CodePiece:
    affine = write_keywords(elementwise_affine=(str(node.layer.affine), "True"))
    call = "{m}({x})"
    if not node.inputs[0].is_vector:
        call = "{m}({x}.movedim(1, -1)).movedim(-1, 1)"
    return CodePiece("nn.LayerNorm", (str(node.inputs[0].channels), *affine), call)


def _write_groupnorm(node: Node[normalisation.GroupNorm], inplace: bool) -> CodePiece:
    affine = write_keywords(affine=(str(node.layer.affine), "True"))
    return CodePiece(
        "nn.GroupNorm", (str(node.layer.groups), str(node.inputs[0].channels), *affine)
    )


def _write_lrn(node: Node[normalisation.Lrn], inplace: bool) -> CodePiece:
    # PyTorch wants a position at least.
    call = "{m}({x}.unsqueeze(-1)).squeeze(-1)" if node.inputs[0].is_vector else "{m}({x})"
    return CodePiece("nn.LocalResponseNorm", (str(node.layer.size),), call)


def _activation_writer(module: str, *arguments: str) -> Writer:
    def write_activation(node: Node, inplace: bool) -> CodePiece:
        return CodePiece(f"nn.{module}", (*arguments, *(["inplace=True"] if inplace else [])))

    return write_activation


def _write_prelu(node: Node[activation.Prelu], inplace: bool) -> CodePiece:
    count = 1 if node.layer.shared else node.inputs[0].channels
    return CodePiece("nn.PReLU", (str(count),) if count > 1 else ())


def _write_step(node: Node, inplace: bool) -> CodePiece:
    # torch.heaviside has no derivative, a comparison passes none on.
    return CodePiece("", call="({x} >= 0).to({x}.dtype)")


def _write_scale(node: Node[scaling.Scale], inplace: bool) -> CodePiece:
    count = 1 if node.layer.shared else node.inputs[0].channels
    return CodePiece("Scale", (str(count), str(axis_count(node))), extra="Scale")


def _write_dropout(node: Node[regularisation.Dropout], inplace: bool) -> CodePiece:
    return CodePiece("nn.Dropout", (repr(float(node.layer.rate)),))


def _write_drop_path(node: Node[regularisation.DropPath], inplace: bool) -> CodePiece:
    return CodePiece("DropPath", (repr(float(node.layer.rate)),), extra="DropPath")


POINTWISE: dict[str, Writer] = {
    "batchnorm": _norm_writer("BatchNorm"),
    "layernorm": _write_layernorm,
    "groupnorm": _write_groupnorm,
    "instancenorm": _norm_writer("InstanceNorm"),
    "lrn": _write_lrn,
    "relu": _activation_writer("ReLU"),
    "relu6": _activation_writer("ReLU6"),
    "leaky_relu": _activation_writer("LeakyReLU"),
    "prelu": _write_prelu,
    "elu": _activation_writer("ELU"),
    "selu": _activation_writer("SELU"),
    "gelu": _activation_writer("GELU"),
    "silu": _activation_writer("SiLU"),
    "hardswish": _activation_writer("Hardswish"),
    "sigmoid": _activation_writer("Sigmoid"),
    "hardsigmoid": standing_in(_activation_writer("Hardsigmoid")),
    "tanh": _activation_writer("Tanh"),
    "softplus": _activation_writer("Softplus"),
    "mish": _activation_writer("Mish"),
    "step": _write_step,
    "softmax": _activation_writer("Softmax", "dim=1"),
    "logsoftmax": _activation_writer("LogSoftmax", "dim=1"),
    "dropout": _write_dropout,
    "drop_path": _write_drop_path,
    "scale": _write_scale,
}


# Layers that move numbers, and joins


def _write_reshape(node: Node, inplace: bool) -> CodePiece:
    return CodePiece("", call=f"{{x}}.reshape(-1, {', '.join(map(str, node.output.dims))})")


def _write_permute(node: Node[reshaping.Permute], inplace: bool) -> CodePiece:
    axes = node.layer.axes
    return CodePiece("", call=f"{{x}}.permute(0, {', '.join(map(str, axes))})")


def _write_pad(node: Node[reshaping.Pad], inplace: bool) -> CodePiece:
    flat = ", ".join(f"{a}, {b}" for a, b in reversed(node.layer.amount))
    return CodePiece("", call=f"F.pad({{x}}, ({flat}))")


def _write_crop(node: Node[reshaping.Crop], inplace: bool) -> CodePiece:
    return CodePiece(
        "", call="{x}" + index_text(["", *(slice_text(a, b) for a, b in node.layer.amount)])
    )


def _write_slice(node: Node[reshaping.Slice], inplace: bool) -> CodePiece:
    start, end = node.layer.span
    before, last = str(start or ""), end == node.inputs[0].channels
    return CodePiece("", call=f"{{x}}[:, {before}:{'' if last else end}]")


def _write_channel_shuffle(node: Node[reshaping.ChannelShuffle], inplace: bool) -> CodePiece:
    groups = node.layer.groups
    call = f"{{x}}.unflatten(1, ({groups}, -1)).transpose(1, 2).flatten(1, 2)"
    return CodePiece("", call=call)


def _write_pixel_shuffle(node: Node[reshaping.PixelShuffle], inplace: bool) -> CodePiece:
    factor = node.layer.factor
    if len(factor) == 2 and len(set(factor)) == 1:
        return CodePiece("nn.PixelShuffle", (str(factor[0]),))
    return CodePiece("PixelShuffle", (tuple_text(factor),), extra="PixelShuffle")


def _write_space_to_depth(node: Node[reshaping.SpaceToDepth], inplace: bool) -> CodePiece:
    factor = node.layer.factor
    if len(factor) == 2 and len(set(factor)) == 1:
        return CodePiece("nn.PixelUnshuffle", (str(factor[0]),))
    return CodePiece("SpaceToDepth", (tuple_text(factor),), extra="SpaceToDepth")


LINEAR_MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


def _write_upsample(node: Node[reshaping.Upsample], inplace: bool) -> CodePiece:
    mode = node.layer.mode
    options = f', mode="{LINEAR_MODES[axis_count(node)]}"' if mode == "bilinear" else ""
    # A size serves for a factor too: what is exact for integers stays exact.
    return CodePiece(
        "", call=f"F.interpolate({{x}}, size={tuple_text(node.output.extents)}{options})"
    )


def _skip_if_still(write: Writer) -> Writer:
    """Write a layer that moves nothing as its input or a reshape; PyTorch's own operation would
    copy in some of these cases."""

    def write_unless_still(node: Node, inplace: bool) -> CodePiece:
        if not moves_nothing(node):
            return write(node, inplace)
        return (
            CodePiece("", call="{x}")
            if node.output == node.inputs[0]
            else _write_reshape(node, inplace)
        )

    return write_unless_still


def _write_matmul(node: Node[joins.MatMul], inplace: bool) -> CodePiece:
    groups = node.layer.groups
    if groups == 1:
        return CodePiece("", call="{0} @ {1}")
    sides = [f"{{{i}}}.unflatten(1, ({groups}, -1))" for i in (0, 1)]
    return CodePiece("", call=f"({' @ '.join(sides)}).flatten(1, 2)")


def _join_writer(sign: str) -> Writer:
    def write_join(node: Node, inplace: bool) -> CodePiece:
        if inplace:
            return CodePiece("", call="{0}.add_({1})")
        places = [f"{{{i}}}" for i in range(len(node.reads))]
        return CodePiece("", call=f" {sign} ".join(places))

    return write_join


MOVES: dict[str, Writer] = {
    "flatten": call_writer("{x}.flatten(1)"),
    "reshape": _write_reshape,
    "permute": _write_permute,
    "pad": standing_in(_write_pad),
    "crop": _write_crop,
    "slice": _write_slice,
    "channel_shuffle": _skip_if_still(_write_channel_shuffle),
    "pixel_shuffle": _skip_if_still(_write_pixel_shuffle),
    "space_to_depth": _skip_if_still(_write_space_to_depth),
    "upsample": standing_in(_write_upsample),
    "identity": standing_in(call_writer("{x}")),
    "add": standing_in(_join_writer("+")),
    "mul": standing_in(_join_writer("*")),
    "matmul": _write_matmul,
    "concat": call_writer("torch.cat([{xs}], dim=1)"),
}
