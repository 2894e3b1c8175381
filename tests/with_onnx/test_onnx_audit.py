"""Imports that were false and called complete: every number is the file's, or the answer says so.

Right values are hand arithmetic beside each case, agreed with PyTorch's count of distinct
parameters where the file is an export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from models import model, save
from onnx import ModelProto, TensorProto, helper

import cnncost
from cnncost.costs import Report
from cnncost.errors import CnncostError

FAULTS = Path(__file__).parent / "faults"


def counted(proto: ModelProto, folder: Path) -> Report:
    return cnncost.count(cnncost.load(save(proto, folder)))


@pytest.mark.parametrize(
    ("file", "parameters", "connections"),
    [
        # 4 filters of 3x3 over 3 channels, twice; at 14x14 and at 7x7 positions.
        ("76d-colon-names", 2 * 108, 108 * 14 * 14 + 108 * 7 * 7),
        # 3 filters at 8x8 positions, 4 at 6x6.
        ("72e-qlinear-then-float", 81 + 108, 81 * 8 * 8 + 108 * 6 * 6),
        # PyTorch counts 7,797 distinct numbers, and its FLOP counter 75,088 with the products.
        ("03-class-token", 7797, 75088),
    ],
)
def test_a_file_that_was_false_is_exact(file: str, parameters: int, connections: int) -> None:
    spec = cnncost.load(FAULTS / f"{file}.onnx")
    report = cnncost.count(spec)
    assert (report.totals.parameters, report.totals.connections) == (parameters, connections)
    assert report.complete
    assert spec.audit == ()


def test_what_reads_an_unknown_shape_is_unknown_too() -> None:
    """MyPool halves its input and says so nowhere; the convolution behind it gives 4x6x6."""
    spec = cnncost.load(FAULTS / "72i-custom-op.onnx")
    report = cnncost.count(spec)
    assert not report.complete
    (layer,) = spec.network.layers
    assert layer.output.dims == (4, 6, 6)
    # Right: 108 weights, each used at 6x6 positions.
    assert report.totals.parameters == 108
    assert report.totals.connections <= 108 * 6 * 6
    assert spec.unknown == (
        "opaque1: MyPool: the language has no word for it, nor is the shape of its output in "
        "the file: all up to Conv is one",
    )


def test_a_shape_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    proto = model(
        {"x": (1, 3, 8, 8)}, "c = Conv (x, w)\ny = Oddly (c)", weights={"w": (4, 3, 3, 3)}
    )
    with pytest.raises(CnncostError, match=r"Oddly '' cannot be expressed \(the language has no"):
        cnncost.load(save(proto, tmp_path))
    # With a shape in the file it is opaque, and of that shape.
    proto = model(
        {"x": (1, 3, 8, 8)}, "c = Conv (x, w)\nz = Oddly (c)\ny = Relu (z)",
        weights={"w": (4, 3, 3, 3)}, known={"z": (1, 9, 2, 5)},
    )  # fmt: skip
    spec = cnncost.load(save(proto, tmp_path))
    assert [node.output.dims for node in spec.network.layers] == [(4, 6, 6), (9, 2, 5), (9, 2, 5)]


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


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
def test_a_padding_that_is_no_zeros(mode: str, tmp_path: Path) -> None:
    """Connections to the map's own numbers are no padding: 81 weights at 8x8 positions."""
    nodes = f'p = Pad <mode = "{mode}"> (x, n)\ny = Conv (p, w)'
    proto = model(X, nodes, weights={"w": (3, 3, 3, 3)}, numbers={"n": [0, 0, 1, 1] * 2}, opset=19)
    spec = cnncost.load(save(proto, tmp_path))
    for padded in (True, False):
        report = cnncost.count(spec, exclude_padding=padded)
        assert report.totals.connections == 81 * 64
        assert report.complete
    with pytest.raises(CnncostError, match="opaque"):
        cnncost.formats.write_spec(spec, cnncost.formats.FORMATS["pytorch"])


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE])
def test_numbers_of_other_lengths(kind: int, tmp_path: Path) -> None:
    make, info = helper.make_tensor, helper.make_tensor_value_info
    constants = [
        make("w", kind, [4, 3, 3, 3], [0.5] * 108),
        make("b", kind, [4], [0.1] * 4),
        make("v", kind, [4, 5], [0.3] * 20),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"]),
        helper.make_node("Oddly", ["c"], ["o"]),
        helper.make_node("GlobalAveragePool", ["o"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "v"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes, "net", [info("x", kind, [1, 3, 8, 8])], [info("y", kind, [1, 5])], constants,
        value_info=[info("o", kind, [1, 4, 2, 2])],
    )  # fmt: skip
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    spec = cnncost.load(save(proto, tmp_path))
    report = cnncost.count(spec)
    assert report.totals.parameters == 112 + 20
    assert report.totals.connections == 108 * 36 + 20
    assert spec.network.layers[1].output.dims == (4, 2, 2)
    assert not report.complete


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("onnx::Conv_0", "onnx::Conv_1"), ["onnx_Conv_0", "onnx_Conv_1"]),
        (("x:0", "x:1"), ["x_0", "x_1"]),
        (("a.b", "a/b"), ["a_b", "a_b_2"]),
        (("a_b_2", "a.b", "a/b"), ["a_b_2", "a_b", "a_b_3"]),
        (("左", "右"), ["input_1", "input_2"]),
        (("left:0", "right:0"), ["left", "right"]),
    ],
)
def test_inputs_have_names_of_their_own(
    names: Sequence[str], labels: list[str], tmp_path: Path
) -> None:
    """Inputs of 4, 5 and 6 positions, whose sum over all is one convolution each."""
    info = helper.make_tensor_value_info
    inputs = [info(name, 1, [1, 3, 4 + i, 4]) for i, name in enumerate(names)]
    nodes, outs = [], []
    for i, name in enumerate(names):
        nodes.append(helper.make_node("GlobalAveragePool", [name], [f"g{i}"]))
        outs.append(f"g{i}")
    nodes.append(helper.make_node("Sum", outs, ["y"]))
    graph = helper.make_graph(nodes, "net", inputs, [info("y", 1, [1, 3, 1, 1])])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    network = cnncost.load(save(proto, tmp_path)).network
    assert [node.name for node in network.inputs] == labels
    assert [node.output.extents for node in network.inputs] == [
        (4 + i, 4) for i in range(len(names))
    ]


def test_a_second_output(tmp_path: Path) -> None:
    pool = "MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)"
    unpool = "MaxUnpool <kernel_shape = [2, 2], strides = [2, 2]> (a, i)"
    spec = cnncost.load(save(model(X, f"a, i = {pool}\ny = {unpool}"), tmp_path))
    assert spec.network.nodes[spec.network.outputs[0]].output.dims == (3, 8, 8)
    assert not cnncost.count(spec).complete


def test_numbers_that_nothing_reads_are_told(tmp_path: Path) -> None:
    proto = model(X, "y = Conv (x, w)", weights={**W, "head.weight": (10, 10)})
    spec = cnncost.load(save(proto, tmp_path))
    assert spec.audit == (
        "the model holds 184 parameters, the graph 81: 103 of b, head are unused: "
        "no output depends on them",
    )
    assert cnncost.count(spec).totals.parameters == 81


def test_an_opaque_layer_has_the_numbers_that_it_reads(tmp_path: Path) -> None:
    """At least: 3 x 16 x 4 and 3 x 16 x 4 weights of a GRU that has 16 units over 4 numbers."""
    nodes = "y = Oddly (x, w, r)"
    proto = model({"x": (1, 4)}, nodes, weights={"w": (48, 4), "r": (48, 16)}, known={"y": (1, 16)})
    spec = cnncost.load(save(proto, tmp_path))
    report = cnncost.count(spec)
    assert not report.complete
    assert report.totals.parameters == 48 * 4 + 48 * 16


def test_a_sequence_whose_steps_come_first(tmp_path: Path) -> None:
    """No batch of 58, for its examples meet: 58 x 58 products of 12 numbers, and 5 x 58 of 58."""
    nodes = (
        "t = Transpose <perm = [1, 0, 2]> (x)\nu = Transpose <perm = [1, 2, 0]> (x)\n"
        "m = MatMul (t, u)\ny = MatMul (m, w)"
    )
    report = counted(model({"x": (58, 1, 12)}, nodes, weights={"w": (58, 5)}), tmp_path)
    assert report.totals.connections == 58 * 58 * 12 + 58 * 58 * 5
    assert report.complete


def test_examples_that_are_mixed_are_not_counted_twice(tmp_path: Path) -> None:
    """A convolution over four examples, whose means one vector then holds: 108 weights at 6x6
    positions of one example, and 32 weights whose uses are no example's alone."""
    nodes = "c = Conv (x, w)\ng = GlobalAveragePool (c)\nf = Reshape (g, n)\ny = Gemm (f, v)"
    weights = {"w": (4, 3, 3, 3), "v": (16, 2)}
    proto = model({"x": (4, 3, 8, 8)}, nodes, weights=weights, numbers={"n": [1, 16]})
    report = counted(proto, tmp_path)
    assert not report.complete
    assert (report.totals.parameters, report.totals.connections) == (108 + 32, 108 * 36)
