"""ONNX in: the types of quantised networks' numbers, and the bytes that follow them."""

from __future__ import annotations

from pathlib import Path

import numpy
import onnx
import pytest
from onnx import numpy_helper, parser

import cnncost
from cnncost.costs.memory import measure_embedded
from cnncost.costs.typed_bytes import list_odd_weights
from cnncost.number_types import NumberTypes

QLINEAR = "y = QLinearConv (x, s, z, w, s, z, s, z, b)"
QDQ = """
q = QuantizeLinear (x, s, z)
d = DequantizeLinear (q, s, z)
v = DequantizeLinear (w, s, z)
c = DequantizeLinear (b, s)
y = Conv (d, v, c)
"""
WEIGHTS_ALONE = "v = DequantizeLinear (w, s)\ny = Conv (x, v, b)"
CONV = (108, 4, 192 + 144)  # 3 x 3 x 3 x 4 weights, 4 biases; 3x8x8 in, 4x6x6 out


@pytest.mark.parametrize(("body", "word", "kinds", "types"), [
    (QLINEAR, "INT8", "int8 int8 int32", NumberTypes("int8", "int8", "int32")),
    (QDQ, "FLOAT", "uint8 uint8 int32", NumberTypes("uint8", "uint8", "int32")),
    (QDQ, "FLOAT", "int16 int16 int32", NumberTypes("int16", "int16", "int32")),
    (WEIGHTS_ALONE, "FLOAT", "int8 int8 float32", NumberTypes("float32", "int8", "float32")),
    ("y = Conv (x, w, b)", "FLOAT", "float32 float32 float32", None),
])  # fmt: skip
def test_types(body: str, word: str, kinds: str, types: NumberTypes | None, tmp_path: Path) -> None:
    text = (
        '<ir_version: 10, opset_import: ["" : 21]>\n'
        f"net ({word.lower()}[1, 3, 8, 8] x) => ({word.lower()}[1, 4, 6, 6] y) {{\n{body}\n}}"
    )
    model = parser.parse_model(text)
    point, weights, biases = kinds.split()
    held = {
        "w": numpy.ones((4, 3, 3, 3), weights), "b": numpy.ones(4, biases),
        "s": numpy.ones((), "float32"), "z": numpy.zeros((), point),
    }  # fmt: skip
    model.graph.initializer.extend(numpy_helper.from_array(held[name], name) for name in held)
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    network = cnncost.load(path).network
    assert network.types == types
    found = measure_embedded(network)
    count, shift, alive = CONV
    sizes = types or NumberTypes("int8", "int8", "int32")
    assert found.flash == sizes.count_bytes(weights=count, biases=shift)
    assert found.sram == sizes.count_bytes(activations=alive)
    if types:  # and what is written as a spec says them too
        again = cnncost.loads(cnncost.load(path).text.text).network
        assert again.types == types


MIXED = """
v = DequantizeLinear (w, s)
y = Conv (x, v)
r = DequantizeLinear (h, s)
z = Conv (y, r)
u = DequantizeLinear (k, s)
t = Conv (z, u)
"""


def test_layers_of_other_types_are_named(tmp_path: Path) -> None:
    """Weights of four bits first: 4 x 3 x 3 x 3 of them fill 54 bytes, 5 x 5 x 3 x 3 more 113; in
    between 5 x 4 x 3 x 3 of eight bits."""
    text = (
        '<ir_version: 10, opset_import: ["" : 21]>\n'
        f"net (float[1, 3, 9, 9] x) => (float[1, 5, 3, 3] t) {{\n{MIXED}\n}}"
    )
    model = parser.parse_model(text)
    int4, int8 = onnx.TensorProto.INT4, onnx.TensorProto.INT8
    for name, kind, dims in (
        ("w", int4, (4, 3, 3, 3)), ("h", int8, (5, 4, 3, 3)), ("k", int4, (5, 5, 3, 3)),
    ):  # fmt: skip
        numbers = [1] * int(numpy.prod(dims))
        model.graph.initializer.append(onnx.helper.make_tensor(name, kind, dims, numbers))
    model.graph.initializer.append(numpy_helper.from_array(numpy.ones((), "float32"), "s"))
    onnx.save(model, tmp_path / "net.onnx")
    network = cnncost.load(tmp_path / "net.onnx").network
    assert network.types == NumberTypes("float32", "int4", "int32", other_bytes=180 - 90)
    assert measure_embedded(network).flash == 54 + 180 + 113
    (odd,) = list_odd_weights(network)
    assert (odd.layer, odd.word, odd.bytes) == (network.layers[1].name, "int8", 180)
