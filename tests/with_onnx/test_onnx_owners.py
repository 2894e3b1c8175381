"""Whose each learned number of an ONNX file is: one layer's, whatever is computed of it.

Right values are hand arithmetic beside each case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from models import counted, model


class Fault(NamedTuple):
    name: str
    inputs: Mapping[str, Sequence[int]]
    nodes: str
    weights: Mapping[str, Sequence[int]]
    parameters: int
    connections: int
    numbers: Mapping[str, Any] = {}  # Any: whatever numpy takes
    producer: str = ""


X = {"x": (1, 3, 8, 8)}
W = {"w": (3, 3, 3, 3), "b": (3,)}
TWICE = 81 * 6 * 6 + 81 * 4 * 4
Q = {"s": 0.1, "z": 0}

OWNERS = [
    Fault("own_biases", X, "a = Conv(x, w, b)\ny = Conv(a, w, c)", {**W, "c": (3,)}, 87, TWICE),
    Fault("bias_once", X, "a = Conv(x, w, b)\ny = Conv(a, w)", W, 84, TWICE),
    Fault("bias_later", X, "a = Conv(x, w)\ny = Conv(a, w, b)", W, 84, TWICE),
    Fault("one_bias", X, "a = Conv(x, w, b)\ny = Conv(a, w, b)", W, 84, TWICE),
    Fault(
        "own_biases_behind", {"x": (1, 5, 6)},
        "a = MatMul(x, w)\nd = Add(a, b)\ne = MatMul(d, w)\ny = Add(e, c)",
        {"w": (6, 6), "b": (6,), "c": (6,)}, 36 + 6 + 6, 2 * 36 * 5,
    ),
    Fault(
        "one_bias_behind", {"x": (1, 5, 6)},
        "a = MatMul(x, w)\nd = Add(a, b)\ne = MatMul(d, w)\ny = Add(e, b)",
        {"w": (6, 6), "b": (6,)}, 36 + 6, 2 * 36 * 5,
    ),
    Fault(  # a merged LoRA: 20 x 4 x 12 multiplications make the weights
        "added_weights", {"x": (1, 12)},
        "d = MatMul(b, a)\ne = Add(w, d)\nf = Transpose(e)\ny = MatMul(x, f)",
        {"w": (20, 12), "b": (20, 4), "a": (4, 12)}, 240 + 80 + 48, 240 + 960,
    ),
    Fault(
        "halves_of_a_kernel", {"x": (1, 4, 8, 8)},
        "p, q = Split <axis = 0> (w)\nc = Conv(x, p)\nd = Conv(x, q)\ny = Add(c, d)",
        {"w": (8, 4, 3, 3)}, 288, 288 * 6 * 6,
    ),
    Fault(
        "half_of_a_kernel", {"x": (1, 4, 8, 8)}, "p, q = Split <axis = 0> (w)\ny = Conv(x, p)",
        {"w": (8, 4, 3, 3)}, 288, 144 * 6 * 6,
    ),
    Fault(
        "tied_and_turned", {"x": (1, 12)}, "t = Transpose(w)\na = MatMul(x, w)\ny = MatMul(a, t)",
        {"w": (12, 20)}, 240, 480,
    ),
    Fault(
        "map_at_the_input", {"x": (1, 3, 6, 6)}, "p = Add(x, m)\ny = Conv(p, w, b)",
        {**W, "m": (1, 3, 6, 6)}, 84 + 108, 81 * 4 * 4,
    ),
    Fault(  # 8 numbers spread one channel to eight
        "constant_that_spreads", {"x": (1, 1, 6, 6)}, "p = Add(x, m)\ny = Conv(p, v, c)",
        {"v": (4, 8, 3, 3), "c": (4,), "m": (8, 1, 1)}, 288 + 4 + 8, 288 * 4 * 4,
    ),
    Fault(
        "one_learned_factor", X,
        "a = Conv <pads = [1, 1, 1, 1]> (x, w)\nm = Mul(a, g)\ny = Add(x, m)",
        {"w": (3, 3, 3, 3), "block.gain": (1,)}, 82, 81 * 64, producer="pytorch",
    ),
    Fault(
        "embedding", {"x": (1, 7)}, "i = Cast <to = 7> (x)\nz = Gather(e, i)\ny = MatMul(z, w)",
        {"e": (50, 8), "w": (8, 2)}, 400 + 16, 16 * 7,
    ),
    Fault(  # a state of zeros, weights and bias for it: 20 x 5 and 20, 20 x 8 and 20
        "lstm_cell", {"x": (1, 8)},
        "g = Gemm <transB = 1> (h, u, c)\nf = Gemm <transB = 1> (x, w, b)\ns = Add(g, f)\n"
        "i, j, k, l = Split <axis = 1> (s)\ny = Tanh(l)",
        {"u": (20, 5), "c": (20,), "w": (20, 8), "b": (20,), "h": (1, 5)}, 305, 260,
    ),
]  # fmt: skip

QUANTISED = [
    Fault("conv_integer", X, "y = ConvInteger(x, w, z, z)", {"w": (4, 3, 3, 3)}, 108, 108 * 36, Q),
    Fault(
        "qlinear_conv", X,
        "y = QLinearConv <strides = [2, 2]> (x, s, z, w, s, z, s, z, b)",
        {"w": (4, 3, 3, 3), "b": (4,)}, 112, 108 * 9, Q,
    ),
    Fault(
        "matmul_integer", {"x": (1, 8)}, "y = MatMulInteger(x, w, z, z)", {"w": (8, 5)}, 40, 40, Q
    ),
    Fault(
        "qlinear_matmul", {"x": (1, 8)}, "y = QLinearMatMul(x, s, z, w, s, z, s, z)",
        {"w": (8, 5)}, 40, 40, Q,
    ),
    Fault(
        "qgemm", {"x": (1, 8)},
        "y = com.microsoft.QGemm <transB = 1> (x, s, z, w, s, z, b, s, z)",
        {"w": (5, 8), "b": (5,)}, 45, 40, Q,
    ),
    Fault(
        "joined", X,
        "c = QLinearConv <pads = [1, 1, 1, 1]> (x, s, z, w, s, z, s, z)\n"
        "a = com.microsoft.QLinearAdd(x, s, z, c, s, z, s, z)\n"
        "m = com.microsoft.QLinearMul(a, s, z, c, s, z, s, z)\n"
        "r = com.microsoft.QLinearLeakyRelu <alpha = 0.1> (m, s, z, s, z)\n"
        "t = com.microsoft.QLinearSigmoid(r, s, z, s, z)\n"
        "p = com.microsoft.QLinearAveragePool <kernel_shape = [2, 2], strides = [2, 2]>"
        " (t, s, z, s, z)\n"
        "k = com.microsoft.QLinearConcat <axis = 1> (s, z, p, s, z, p, s, z)\n"
        "g = com.microsoft.QLinearGlobalAveragePool(k, s, z, s, z)\n"
        "f = Flatten(g)\nd = DequantizeLinear(f, s, z)\ny = MatMul(d, v)",
        {"w": (3, 3, 3, 3), "v": (6, 5)}, 81 + 30, 81 * 64 + 30, Q,
    ),
    Fault(  # weights kept in eight bits with a scale for each filter
        "qdq", X,
        "q = QuantizeLinear(x, s, z)\nd = DequantizeLinear(q, s, z)\n"
        "v = DequantizeLinear <axis = 0> (w, k)\ny = Conv(d, v, b)",
        {"w": (4, 3, 3, 3), "k": (4,), "b": (4,)}, 112, 108 * 36, Q,
    ),
    Fault(
        "dynamic", {"x": (1, 8)},
        "q, a, o = DynamicQuantizeLinear(x)\ni = MatMulInteger(q, w, o, z)\nf = Cast <to = 1> (i)\n"
        "k = Mul(a, r)\nm = Mul(f, k)\ny = Add(m, b)",
        {"w": (8, 5), "r": (5,), "b": (5,)}, 45, 40, Q,
    ),
    Fault(
        "dynamic_in_one", {"x": (1, 8)}, "y = com.microsoft.DynamicQuantizeMatMul(x, w, r, z, b)",
        {"w": (8, 5), "r": (5,), "b": (5,)}, 45, 40, Q,
    ),
]  # fmt: skip


@pytest.mark.parametrize("fault", [*OWNERS, *QUANTISED], ids=lambda fault: fault.name)
def test_each_number_has_one_owner(fault: Fault, tmp_path: Path) -> None:
    nodes = fault.nodes.replace("Mul(a, g)", "Mul(a, gain)")
    proto = model(fault.inputs, nodes, weights=fault.weights, numbers=fault.numbers)
    proto.producer_name = fault.producer
    if fault.producer:  # a parser takes no dots in names
        for node in proto.graph.node:
            node.input[:] = ["block.gain" if t == "gain" else t for t in node.input]
    report = counted(proto, tmp_path)
    assert (report.totals.parameters, report.totals.connections) == (
        fault.parameters,
        fault.connections,
    )
    assert report.complete


@pytest.mark.parametrize("first", ["/c/Conv", "/m/m.0/Conv"])
def test_a_folded_convolution_that_runs_twice(first: str, tmp_path: Path) -> None:
    """PyTorch's older exporter folds a norm into each call, and finds the results equal."""
    module, _, op = first.rpartition("/")
    for later, parameters in ((f"{module}_1/{op}", 84), ("/other/Conv", 168)):
        nodes = "v = Identity (w)\nd = Identity (b)\na = Conv (x, w, b)\ny = Conv (a, v, d)"
        proto = model(X, nodes, weights=W)
        proto.graph.node[2].name, proto.graph.node[3].name = first, later
        assert counted(proto, tmp_path).totals.parameters == parameters
