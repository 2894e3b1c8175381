"""Imports that were false and called complete: every number is the file's, or the answer says so.

Right values are hand arithmetic beside each case, agreed with PyTorch's count of distinct
parameters where the file is an export.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from models import counted, model, save
from onnx import TensorProto, helper

import cnncost
from cnncost.errors import CnncostError

X = {"x": (1, 3, 8, 8)}
W = {"w": (3, 3, 3, 3), "b": (3,)}
FAULTS = Path(__file__).parent / "faults"


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
