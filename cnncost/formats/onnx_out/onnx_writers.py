"""How each layer type is written in ONNX, one entry per type; activations and joins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError
from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writer, Writers
from cnncost.formats.onnx_out.onnx_pooling_writers import POOLS, RESHAPING
from cnncost.formats.onnx_out.onnx_weighted_writers import NORMS, WEIGHTED
from cnncost.network import Node

if TYPE_CHECKING:
    from cnncost.layers.joins import MatMul
    from cnncost.layers.opaque import Opaque
    from cnncost.layers.regularisation import Dropout

# Activations, joins, dropout


def _plain_writer(name: str, **attributes: Any) -> Writer:  # Any: attributes
    return lambda emitter, node, x: emitter.add_step(name, x, **attributes)


def _write_relu6(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step("Clip", [*x, emitter.add_number(0.0), emitter.add_number(6.0)])


def _write_gelu(emitter: Emitter, node: Node, x: list[str]) -> str:
    """x (1 + erf(x / sqrt 2)) / 2: an operation of its own came with opset 20."""
    inner = emitter.add_step("Erf", [emitter.add_step("Div", [*x, emitter.add_number(2.0**0.5)])])
    outer = emitter.add_step("Mul", [*x, emitter.add_step("Add", [inner, emitter.add_number(1.0)])])
    return emitter.add_step("Mul", [outer, emitter.add_number(0.5)])


def _write_silu(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step("Mul", [*x, emitter.add_step("Sigmoid", x)])


def _write_mish(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step(
        "Mul", [*x, emitter.add_step("Tanh", [emitter.add_step("Softplus", x)])]
    )


def _write_step(emitter: Emitter, node: Node, x: list[str]) -> str:
    """Write a comparison, whose truth values become numbers."""
    import onnx

    holds = emitter.add_step("GreaterOrEqual", [*x, emitter.add_number(0.0)])
    return emitter.add_step("Cast", [holds], to=onnx.TensorProto.FLOAT)


def _join_writer(op: str) -> Writer:
    def write_join(emitter: Emitter, node: Node, x: list[str]) -> str:
        made = x[0]
        for other in x[1:]:
            made = emitter.add_step(op, [made, other])
        return made

    return write_join


def _write_concat(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step("Concat", x, axis=1)


def _write_dropout(emitter: Emitter, node: Node[Dropout], x: list[str]) -> str:
    """Write dropout, which runtimes skip in inference."""
    return emitter.add_step("Dropout", [*x, emitter.add_number(float(node.layer.rate))])


def _write_matmul(emitter: Emitter, node: Node[MatMul], x: list[str]) -> str:
    """Write a product of matrices; each group of channels is a matrix of its own."""
    groups = node.layer.groups
    if groups > 1:
        x = [
            emitter.add_step(
                "Reshape",
                [
                    name,
                    emitter.add_integers([1, groups, shape.channels // groups, shape.positions]),
                ],
            )
            for name, shape in zip(x, node.inputs, strict=True)
        ]
    made = emitter.add_step("MatMul", x)
    if groups == 1:
        return made
    return emitter.add_step("Reshape", [made, emitter.add_integers([1, *node.output.dims])])


POINTWISE: Writers = {
    "relu": _plain_writer("Relu"),
    "relu6": _write_relu6,
    "leaky_relu": _plain_writer("LeakyRelu", alpha=0.01),
    "elu": _plain_writer("Elu"),
    "selu": _plain_writer("Selu"),
    "gelu": _write_gelu,
    "silu": _write_silu,
    "hardswish": _plain_writer("HardSwish"),
    "sigmoid": _plain_writer("Sigmoid"),
    "hardsigmoid": _plain_writer("HardSigmoid", alpha=1 / 6, beta=0.5),
    "tanh": _plain_writer("Tanh"),
    "softplus": _plain_writer("Softplus"),
    "mish": _write_mish,
    "step": _write_step,
    "softmax": _plain_writer("Softmax", axis=1),
    "logsoftmax": _plain_writer("LogSoftmax", axis=1),
    "dropout": _write_dropout,
    # ONNX has no word for it, and it does nothing once a network is trained.
    **dict.fromkeys(("drop_path", "identity"), _plain_writer("Identity")),
    "add": _join_writer("Add"),
    "mul": _join_writer("Mul"),
    "matmul": _write_matmul,
    "concat": _write_concat,
}


def _refuse_opaque(emitter: Emitter, node: Node[Opaque], x: list[str]) -> str:
    raise CnncostError(
        f"{node.name} is opaque ({node.layer.op}): nobody knows how it is computed",
        "write it as layers that the language has; then it can be written in ONNX",
    )


def _refuse_unshared(emitter: Emitter, node: Node, x: list[str]) -> str:
    raise CnncostError(
        f"{node.name} is {node.layer.word}: ONNX has no operation whose windows share no weights",
        "PyTorch code, as in -o net.py, has a class for it",
    )


LAYERS: Writers = {
    **WEIGHTED,
    **POOLS,
    **NORMS,
    **POINTWISE,
    **RESHAPING,
    "opaque": _refuse_opaque,
    "locally_connected": _refuse_unshared,
}
"""The writer of each layer type, by its word; a test holds that none is missing."""
