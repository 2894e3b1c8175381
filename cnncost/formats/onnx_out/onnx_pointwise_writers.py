"""Activations, joins, and what is at work in training only."""

from __future__ import annotations

from typing import Any

from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writer, Writers, field
from cnncost.network import Node


def _op(name: str, **attributes: Any) -> Writer:  # Any: attributes
    return lambda emitter, node, x: emitter.add(name, x, **attributes)


def _relu6(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add("Clip", [*x, emitter.number(0.0), emitter.number(6.0)])


def _gelu(emitter: Emitter, node: Node, x: list[str]) -> str:
    """x (1 + erf(x / sqrt 2)) / 2: an operation of its own came with opset 20."""
    inner = emitter.add("Erf", [emitter.add("Div", [*x, emitter.number(2.0**0.5)])])
    outer = emitter.add("Mul", [*x, emitter.add("Add", [inner, emitter.number(1.0)])])
    return emitter.add("Mul", [outer, emitter.number(0.5)])


def _silu(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add("Mul", [*x, emitter.add("Sigmoid", x)])


def _mish(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add("Mul", [*x, emitter.add("Tanh", [emitter.add("Softplus", x)])])


def _joined(op: str) -> Writer:
    def write(emitter: Emitter, node: Node, x: list[str]) -> str:
        made = x[0]
        for other in x[1:]:
            made = emitter.add(op, [made, other])
        return made

    return write


def _concat(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add("Concat", x, axis=1)


def _dropout(emitter: Emitter, node: Node, x: list[str]) -> str:
    """At work in training only: a runtime passes its input on."""
    return emitter.add("Dropout", [*x, emitter.number(float(field(node, "rate")))])


def _matmul(emitter: Emitter, node: Node, x: list[str]) -> str:
    """Channels in groups are matrices of their own."""
    groups = field(node, "groups")
    if groups > 1:
        x = [
            emitter.add(
                "Reshape",
                [name, emitter.integers([1, groups, shape.channels // groups, shape.positions])],
            )
            for name, shape in zip(x, node.inputs, strict=True)
        ]
    made = emitter.add("MatMul", x)
    if groups == 1:
        return made
    return emitter.add("Reshape", [made, emitter.integers([1, *node.output.dims])])


WRITERS: Writers = {
    "relu": _op("Relu"),
    "relu6": _relu6,
    "leaky_relu": _op("LeakyRelu", alpha=0.01),
    "elu": _op("Elu"),
    "selu": _op("Selu"),
    "gelu": _gelu,
    "silu": _silu,
    "hardswish": _op("HardSwish"),
    "sigmoid": _op("Sigmoid"),
    "hardsigmoid": _op("HardSigmoid", alpha=1 / 6, beta=0.5),
    "tanh": _op("Tanh"),
    "softplus": _op("Softplus"),
    "mish": _mish,
    "softmax": _op("Softmax", axis=1),
    "logsoftmax": _op("LogSoftmax", axis=1),
    "dropout": _dropout,
    # ONNX has no word for it, and it does nothing once a network is trained.
    **dict.fromkeys(("drop_path", "identity"), _op("Identity")),
    "add": _joined("Add"),
    "mul": _joined("Mul"),
    "matmul": _matmul,
    "concat": _concat,
}
