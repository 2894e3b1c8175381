"""ONNX in: the types of quantised networks' numbers, and the bytes that follow them."""

from __future__ import annotations

from pathlib import Path

import numpy
import onnx
import pytest
from onnx import numpy_helper, parser

import cnncost
from cnncost.costs.memory import measure_embedded
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
