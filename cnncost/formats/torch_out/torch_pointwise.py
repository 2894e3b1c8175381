"""Layers that keep the shape in code: norms, activations, dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.formats.torch_out.torch_layer_code import (
    CodePiece,
    Writer,
    axis_count,
    field_value,
    write_keywords,
)
from cnncost.formats.torch_out.torch_stand_ins import standing_in

if TYPE_CHECKING:
    from cnncost.network import Node


def _norm_writer(kind: str) -> Writer:
    def write_norm(node: Node, inplace: bool) -> CodePiece:
        affine, x = bool(field_value(node, "affine")), node.inputs[0]
        usual = "False" if kind == "InstanceNorm" else "True"
        option = write_keywords(affine=(str(affine), usual))
        axes = max(axis_count(node), 1)
        return CodePiece(f"nn.{kind}{axes}d", (str(x.channels), *option))

    return write_norm


def _write_layernorm(node: Node, inplace: bool) -> CodePiece:
    affine = write_keywords(elementwise_affine=(str(field_value(node, "affine")), "True"))
    call = "{m}({x})"
    if not node.inputs[0].is_vector:
        call = "{m}({x}.movedim(1, -1)).movedim(-1, 1)"
    return CodePiece("nn.LayerNorm", (str(node.inputs[0].channels), *affine), call)


def _write_groupnorm(node: Node, inplace: bool) -> CodePiece:
    affine = write_keywords(affine=(str(field_value(node, "affine")), "True"))
    return CodePiece(
        "nn.GroupNorm", (str(field_value(node, "groups")), str(node.inputs[0].channels), *affine)
    )


def _write_lrn(node: Node, inplace: bool) -> CodePiece:
    # PyTorch wants a position at least.
    call = "{m}({x}.unsqueeze(-1)).squeeze(-1)" if node.inputs[0].is_vector else "{m}({x})"
    return CodePiece("nn.LocalResponseNorm", (str(field_value(node, "size")),), call)


def _activation_writer(module: str, *arguments: str) -> Writer:
    def write_activation(node: Node, inplace: bool) -> CodePiece:
        return CodePiece(f"nn.{module}", (*arguments, *(["inplace=True"] if inplace else [])))

    return write_activation


def _write_prelu(node: Node, inplace: bool) -> CodePiece:
    count = 1 if field_value(node, "shared") else node.inputs[0].channels
    return CodePiece("nn.PReLU", (str(count),) if count > 1 else ())


def _write_scale(node: Node, inplace: bool) -> CodePiece:
    count = 1 if field_value(node, "shared") else node.inputs[0].channels
    return CodePiece("Scale", (str(count), str(axis_count(node))), extra="Scale")


def _rate_text(node: Node) -> str:
    return repr(float(cast("float", field_value(node, "rate"))))


def _write_dropout(node: Node, inplace: bool) -> CodePiece:
    return CodePiece("nn.Dropout", (_rate_text(node),))


def _write_drop_path(node: Node, inplace: bool) -> CodePiece:
    return CodePiece("DropPath", (_rate_text(node),), extra="DropPath")


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
    "softmax": _activation_writer("Softmax", "dim=1"),
    "logsoftmax": _activation_writer("LogSoftmax", "dim=1"),
    "dropout": _write_dropout,
    "drop_path": _write_drop_path,
    "scale": _write_scale,
}
