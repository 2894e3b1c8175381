"""What tf2onnx and Keras' own export write, in small: maps with channels last, norms by parts,
biases behind a view, rows of positions taken for maps."""

from __future__ import annotations

from pathlib import Path

import pytest
from models import model, save

import cnncost
from cnncost.language import Spec

FRONT = "t = Transpose <perm = [0, 3, 1, 2]> (x)\n"


def read(
    folder: Path,
    x: tuple[int, ...],
    nodes: str,
    weights: dict[str, tuple[int, ...]] | None = None,
    numbers: dict[str, object] | None = None,
) -> Spec:
    proto = model({"x": x}, nodes, weights=weights, numbers=numbers)
    proto.producer_name = "tf2onnx"
    spec = cnncost.load(save(proto, folder))
    assert spec.unknown == ()
    return spec


def lines(spec: Spec) -> list[tuple[str, str]]:
    return [(node.layer.word, str(node.output)) for node in spec.network.layers if node.layer]


NORM = """
m = ReduceMean <axes = {axes}> ({x})
d = Sub ({x}, m)
q = Mul (d, d)
v = ReduceMean <axes = {axes}> (q)
e = Add (v, eps)
r = Sqrt (e)
i = Reciprocal (r)
f = Mul (i, gamma)
p = Mul ({x}, f)
n = Neg (m)
o = Mul (n, f)
h = Add (o, beta)
y = Add (p, h)
"""
"""x f + (beta - mean f), f = gamma / sqrt(variance + eps)."""


@pytest.mark.parametrize(
    ("x", "before", "axes", "dims", "word", "parameters"),
    [
        # along the channels, which stand last: 2 x 12 numbers
        ((1, 16, 12), "t = Relu (x)", [2], (1, 1, 12), "layernorm", 24),
        # groups of 2 x 4 channels: each group over its positions and channels; 2 x 8
        ((1, 5, 6, 8), "u = Relu (x)\nt = Reshape (u, split)", [1, 2, 4], (1, 1, 1, 2, 4),
         "groupnorm", 16),
        # one channel a group
        ((1, 5, 6, 8), "u = Relu (x)\nt = Reshape (u, alone)", [1, 2, 4], (1, 1, 1, 8, 1),
         "instancenorm", 16),
    ],
)  # fmt: skip
def test_norms_by_parts(
    x: tuple[int, ...],
    before: str,
    axes: list[int],
    dims: tuple[int, ...],
    word: str,
    parameters: int,
    tmp_path: Path,
) -> None:
    nodes = before + NORM.format(x="t", axes=axes)
    numbers = {"eps": 0.001, "split": [1, 5, 6, 2, 4], "alone": [1, 5, 6, 8, 1]}
    spec = read(tmp_path, x, nodes, {"gamma": dims, "beta": dims}, numbers)
    words = [node.layer.word for node in spec.network.layers if node.layer]
    assert words[:2] == ["relu", word]
    assert cnncost.count(spec).totals.parameters == parameters
    assert "written as" not in spec.network.notes  # no part of it stands alone


def test_a_norm_whose_scale_is_computed(tmp_path: Path) -> None:
    nodes = (
        "t = Relu (x)\ngamma = Sigmoid (t)\n"
        + NORM.format(x="t", axes=[2]).replace("beta", "zero")
    )  # fmt: skip
    proto = model({"x": (1, 16, 12)}, nodes, weights={"zero": (1, 1, 12)}, numbers={"eps": 0.001})
    (line,) = cnncost.load(save(proto, tmp_path)).unknown
    assert "a norm whose scale or shift is computed" in line


def test_a_bias_behind_a_reshape(tmp_path: Path) -> None:
    nodes = FRONT + (
        "c = Conv (t, w)\nl = Transpose <perm = [0, 2, 3, 1]> (c)\n"
        "r = Reshape (l, rows)\ns = MatMul (r, v)\no = Reshape (s, map)\ny = Add (o, b)"
    )
    numbers = {"rows": [-1, 8], "map": [1, 4, 4, 5]}
    weights = {"w": (8, 4, 3, 3), "v": (8, 5), "b": (5,)}
    spec = read(tmp_path, (1, 6, 6, 4), nodes, weights, numbers)
    totals = cnncost.count(spec).totals
    # 8 x 4 x 3 x 3 and 8 x 5 weights, five biases; 16 positions
    assert (totals.weights, totals.biases) == (288 + 40, 5)
    assert totals.connections == 16 * (288 + 40)
    assert str(spec.network.nodes[spec.network.outputs[0]].output) == "5x4x4"


def test_a_sum_that_is_no_bias(tmp_path: Path) -> None:
    # Numbers of the 4 x 4 positions, as many as there could be features, are no bias.
    nodes = FRONT + "c = Conv (t, w)\ny = Add (c, b)"
    spec = read(tmp_path, (1, 6, 6, 4), nodes, {"w": (16, 4, 3, 3), "b": (4, 4)})
    assert cnncost.count(spec).totals.biases == 0
    assert "learned numbers that are added are written as scale" in spec.network.notes


def test_a_layer_used_twice_with_its_bias(tmp_path: Path) -> None:
    nodes = FRONT + (
        "c = Conv <pads = [1, 1, 1, 1]> (t, w)\na = Add (c, b)\n"
        "d = Conv <pads = [1, 1, 1, 1]> (a, w)\ny = Add (d, b)"
    )
    weights = {"w": (3, 3, 3, 3), "b": (3, 1, 1)}
    totals = cnncost.count(read(tmp_path, (1, 6, 6, 3), nodes, weights)).totals
    assert (totals.weights, totals.biases, totals.connections) == (81, 3, 2 * 81 * 36)


def test_rows_of_positions(tmp_path: Path) -> None:
    """Conv1D, MaxPooling1D and a causal Conv1D: over maps of height one in the file."""
    nodes = """
        u = Unsqueeze (x, first)
        t = Transpose <perm = [0, 3, 1, 2]> (u)
        c = Conv <strides = [1, 2], pads = [0, 0, 0, 1]> (t, w)
        s = Squeeze (c, two)
        a = Add (s, b)
        r = Relu (a)
        n = Unsqueeze (r, two)
        p = MaxPool <kernel_shape = [1, 2], strides = [1, 2]> (n)
        q = Squeeze (p, two)
        z = Pad (q, before)
        k = Unsqueeze (z, two)
        e = Conv <dilations = [1, 2]> (k, v)
        y = Squeeze (e, two)
    """
    weights = {"w": (4, 3, 1, 3), "b": (1, 4, 1), "v": (5, 4, 1, 3)}
    numbers = {"first": [-3], "two": [2], "before": [0, 0, 4, 0, 0, 0]}
    spec = read(tmp_path, (1, 20, 3), nodes, weights, numbers)
    expected = cnncost.loads(
        "input: [3, 20]\nlayers:\n"
        "  - {conv: 4, kernel: 3, stride: 2, padding: [[0, 1]]}\n  - relu\n  - {maxpool: 2}\n"
        "  - {conv: 5, kernel: 3, dilation: 2, padding: [[4, 0]], bias: false}\n"
    )
    layers = [[node.layer for node in one.network.layers] for one in (spec, expected)]
    assert layers[0] == layers[1]


def test_a_dense_layer_reads_a_map_in_any_order(tmp_path: Path) -> None:
    nodes = FRONT + (
        "c = Conv (t, w)\nl = Transpose <perm = [0, 2, 3, 1]> (c)\n"
        "f = Reshape (l, flat)\ny = MatMul (f, v)"
    )
    weights = {"w": (4, 3, 3, 3), "v": (48, 7)}
    spec = read(tmp_path, (1, 6, 5, 3), nodes, weights, {"flat": [1, -1]})
    assert lines(spec) == [("conv", "4x4x3"), ("flatten", "48"), ("dense", "7")]


def test_positions_repeated(tmp_path: Path) -> None:
    """UpSampling2D: each axis by an axis of one behind it, tiled."""
    nodes = """
        u = Unsqueeze (x, two)
        a = Tile (u, once)
        r = Reshape (a, tall)
        y = Transpose <perm = [0, 3, 1, 2]> (r)
    """
    numbers = {"two": [2], "once": [1, 1, 2, 1, 1], "tall": [1, 10, 4, 3]}
    spec = read(tmp_path, (1, 5, 4, 3), nodes, None, numbers)
    assert lines(spec) == [("upsample", "3x10x4")]


def test_an_input_that_is_scaled_before_it_is_turned(tmp_path: Path) -> None:
    nodes = "a = Mul (x, g)\nb = Add (a, h)\nt = Transpose <perm = [0, 3, 1, 2]> (b)\n"
    proto = model(
        {"x": (1, 8, 9, 3)},
        nodes + "y = Conv (t, w)",
        weights={"g": (3,), "h": (3,), "w": (4, 3, 3, 3)},
    )
    spec = cnncost.load(save(proto, tmp_path))
    assert lines(spec) == [("conv", "4x6x7")]
    assert str(spec.network.inputs[0].output) == "3x8x9"
