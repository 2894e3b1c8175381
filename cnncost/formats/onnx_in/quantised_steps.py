"""Reads quantised steps as plain ones: they multiply the same numbers as often.

The standard has QLinearConv, ConvInteger, MatMulInteger and QLinearMatMul, onnxruntime the
others. Scales and zero points are measured, not learned, and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from cnncost.formats.onnx_in.onnx_model import OnnxNode, OnnxTensor


class Plain(NamedTuple):
    """The plain operation, and which of the quantised one's inputs it reads."""

    op: str
    inputs: tuple[int, ...]


_ONE = (0,)

PLAIN = {
    "QLinearConv": Plain("Conv", (0, 3, 8)),
    "ConvInteger": Plain("Conv", (0, 1)),
    "MatMulInteger": Plain("MatMul", (0, 1)),
    "QLinearMatMul": Plain("MatMul", (0, 3)),
    "QGemm": Plain("Gemm", (0, 3, 6)),
    "QLinearAdd": Plain("Add", (0, 3)),
    "QLinearMul": Plain("Mul", (0, 3)),
    "QLinearGlobalAveragePool": Plain("GlobalAveragePool", _ONE),
    "QLinearAveragePool": Plain("AveragePool", _ONE),
    "QLinearReduceMean": Plain("ReduceMean", _ONE),
    "QLinearLeakyRelu": Plain("LeakyRelu", _ONE),
    "QLinearSigmoid": Plain("Sigmoid", _ONE),
    "QLinearSoftmax": Plain("Softmax", _ONE),
}
"""By the quantised operation."""

WITH_BIAS = {"MatMulIntegerToFloat": 6, "DynamicQuantizeMatMul": 4}
"""Products of onnxruntime that add a bias, and which input that is."""

DOMAINS = ("", "com.microsoft")

INTEGER = "integer"
"""An attribute of our own: the product of whole numbers, whose scale follows as a factor."""


def replace_quantised(steps: Iterable[OnnxNode]) -> tuple[OnnxNode, ...]:
    """Replace the quantised steps by plain ones."""
    return tuple(plain for step in steps for plain in _replace_step(step))


def _replace_step(step: OnnxNode) -> Iterator[OnnxNode]:
    known = step.domain in DOMAINS and not step.attributes.get("channels_last")
    if known and step.op in PLAIN and len(step.inputs) > 1:
        op, places = PLAIN[step.op]
        inputs = tuple(step.inputs[i] for i in places if i < len(step.inputs))
        given = {**step.attributes, INTEGER: step.op.endswith("Integer")}
        yield replace(step, op=op, domain="", inputs=inputs, attributes=given)
    elif known and step.op == "QLinearConcat":
        yield replace(step, op="Concat", domain="", inputs=step.inputs[2::3])
    elif known and step.op in WITH_BIAS:
        yield from _split_bias(step, WITH_BIAS[step.op])
    elif known and step.op == "DynamicQuantizeLinear" and step.outputs:
        yield from _split_measured(step)
    else:
        yield step


def _split_bias(step: OnnxNode, at: int) -> Iterator[OnnxNode]:
    bias = step.inputs[at] if len(step.inputs) > at else ""
    out = f"{step.outputs[0]} without its bias" if bias else step.outputs[0]
    yield replace(step, op="MatMul", domain="", inputs=step.inputs[:2], outputs=(out,))
    if bias:
        yield OnnxNode("Add", step.name, (out, bias), step.outputs[:1], {})


def _split_measured(step: OnnxNode) -> Iterator[OnnxNode]:
    """DynamicQuantizeLinear: its input, and a scale and zero point measured on it."""
    yield OnnxNode("Identity", step.name, step.inputs[:1], step.outputs[:1], {})
    for tensor in step.outputs[1:]:
        if tensor:
            value = OnnxTensor((), None, learned=False, measured=True)
            yield OnnxNode("Constant", step.name, (), (tensor,), {"value": value})
