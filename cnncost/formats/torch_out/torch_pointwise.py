"""Layers that keep the shape in code: norms, activations, dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.formats.torch_out.torch_layer_code import CodePiece, Writer, axis_count, get, keywords
from cnncost.formats.torch_out.torch_stand_ins import standing_in

if TYPE_CHECKING:
    from cnncost.network import Node


def _norm(kind: str) -> Writer:
    def write(node: Node, inplace: bool) -> CodePiece:
        affine, x = bool(get(node, "affine")), node.inputs[0]
        usual = "False" if kind == "InstanceNorm" else "True"
        option = keywords(affine=(str(affine), usual))
        axes = max(axis_count(node), 1)
        return CodePiece(f"nn.{kind}{axes}d", (str(x.channels), *option))

    return write


def _layernorm(node: Node, inplace: bool) -> CodePiece:
    affine = keywords(elementwise_affine=(str(get(node, "affine")), "True"))
    call = "{m}({x})"
    if not node.inputs[0].is_vector:
        call = "{m}({x}.movedim(1, -1)).movedim(-1, 1)"
    return CodePiece("nn.LayerNorm", (str(node.inputs[0].channels), *affine), call)


def _groupnorm(node: Node, inplace: bool) -> CodePiece:
    affine = keywords(affine=(str(get(node, "affine")), "True"))
    return CodePiece(
        "nn.GroupNorm", (str(get(node, "groups")), str(node.inputs[0].channels), *affine)
    )


def _lrn(node: Node, inplace: bool) -> CodePiece:
    # PyTorch wants a position at least.
    call = "{m}({x}.unsqueeze(-1)).squeeze(-1)" if node.inputs[0].is_vector else "{m}({x})"
    return CodePiece("nn.LocalResponseNorm", (str(get(node, "size")),), call)


def _activation(module: str, *arguments: str) -> Writer:
    def write(node: Node, inplace: bool) -> CodePiece:
        return CodePiece(f"nn.{module}", (*arguments, *(["inplace=True"] if inplace else [])))

    return write


def _prelu(node: Node, inplace: bool) -> CodePiece:
    count = 1 if get(node, "shared") else node.inputs[0].channels
    return CodePiece("nn.PReLU", (str(count),) if count > 1 else ())


def _scale(node: Node, inplace: bool) -> CodePiece:
    count = 1 if get(node, "shared") else node.inputs[0].channels
    return CodePiece("Scale", (str(count), str(axis_count(node))), extra="Scale")


def _rate(node: Node) -> str:
    return repr(float(cast("float", get(node, "rate"))))


def _dropout(node: Node, inplace: bool) -> CodePiece:
    return CodePiece("nn.Dropout", (_rate(node),))


def _drop_path(node: Node, inplace: bool) -> CodePiece:
    return CodePiece("DropPath", (_rate(node),), extra="DropPath")


POINTWISE: dict[str, Writer] = {
    "batchnorm": _norm("BatchNorm"),
    "layernorm": _layernorm,
    "groupnorm": _groupnorm,
    "instancenorm": _norm("InstanceNorm"),
    "lrn": _lrn,
    "relu": _activation("ReLU"),
    "relu6": _activation("ReLU6"),
    "leaky_relu": _activation("LeakyReLU"),
    "prelu": _prelu,
    "elu": _activation("ELU"),
    "selu": _activation("SELU"),
    "gelu": _activation("GELU"),
    "silu": _activation("SiLU"),
    "hardswish": _activation("Hardswish"),
    "sigmoid": _activation("Sigmoid"),
    "hardsigmoid": standing_in(_activation("Hardsigmoid")),
    "tanh": _activation("Tanh"),
    "softplus": _activation("Softplus"),
    "mish": _activation("Mish"),
    "softmax": _activation("Softmax", "dim=1"),
    "logsoftmax": _activation("LogSoftmax", "dim=1"),
    "dropout": _dropout,
    "drop_path": _drop_path,
    "scale": _scale,
}
