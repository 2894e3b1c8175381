"""TensorFlow Lite in: each operator as a small file of our own, its shapes and counts by hand;
whole networks, their types, batches and shapes, and what has no words."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tflite_cases import CASES, products
from tflite_files import SAME, VALID, Model, numbers, quantised, window
from tflite_rows import Row, rows_of

import cnncost
from cnncost.costs.typed_bytes import count_typed_bytes
from cnncost.errors import CnncostError
from cnncost.number_types import NumberTypes


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_an_operator(make: Callable[[Model], None], tmp_path: Path) -> None:
    model = Model()
    make(model)
    path = model.save(tmp_path)
    assert rows_of(path) == CASES[make]
    assert cnncost.load(path).unknown == ()


def test_attention(tmp_path: Path) -> None:
    """Three heads of 5 x 5 products of 4 numbers, twice; views around them cost nothing."""
    model = Model()
    products(model)
    rows = rows_of(model.save(tmp_path))
    assert [row for row in rows if row.connections] == [
        Row("matmul", (15, 5), connections=3 * 5 * 5 * 4),
        Row("matmul", (15, 4), connections=3 * 5 * 5 * 4),
    ]
    assert rows[-1].output == (4, 3, 5)


@pytest.mark.parametrize(
    ("kind", "bias"),
    [("float32", "float32"), ("uint8", "int32"), ("int8", "int32"), ("int16", "int64")],
)
def test_a_network_of_each_type(kind: str, bias: str, tmp_path: Path) -> None:
    """Padding in front of the first convolution is taken in: rows 1 + 9 + 1, columns 7 + 1."""
    model = Model(kind)
    spec = cnncost.load(model.save(tmp_path, quantised(model, bias)))
    stem = spec.network.layers[0]
    assert stem.name == "stem_conv"
    assert (stem.layer.word, stem.output.dims) == ("conv", (8, 5, 3))
    assert stem.layer.padding == ((1, 1), (0, 1))  # type: ignore[attr-defined]
    assert [node.layer.word for node in spec.network.layers] == [
        "conv", "relu6", "depthwise_conv", "relu", "global_avgpool", "flatten", "dense",
    ]  # fmt: skip
    assert spec.network.types == NumberTypes(kind, kind, bias)
    size = {"float32": 4, "uint8": 1, "int8": 1, "int16": 2}[kind]
    held = size * (216 + 144 + 160) + {"float32": 4, "int32": 4, "int64": 8}[bias] * 34
    assert count_typed_bytes(spec.network, spec.network.types).parameters == held
    totals = cnncost.count(spec).totals
    assert totals.weights == 8 * 9 * 3 + 16 * 9 + 16 * 10
    assert totals.biases == 8 + 16 + 10
    assert totals.connections == 216 * 15 + 144 * 15 + 160


def test_padding_before_a_convolution_that_pads_itself(tmp_path: Path) -> None:
    """1 + 8 + 1 rows, and `same` adds one below for a step of 2 and a kernel of 3."""
    model = Model()
    x = model.input(1, 8, 8, 2)
    around = model.buffer(struct.pack("<8i", 0, 0, 1, 1, 1, 1, 0, 0))
    x = model.step("PAD", [x, model.tensor(4, 2, kind="int32", buffer=around)], 1, 10, 10, 2)
    model.step(
        "CONV_2D", [x, model.weights(3, 3, 3, 2), -1], 1, 5, 5, 3, options=window(SAME, (2, 2))
    )
    (layer,) = cnncost.load(model.save(tmp_path)).network.layers
    assert layer.output.dims == (3, 5, 5)
    assert layer.layer.padding == ((1, 2), (1, 2))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("number", "folded"), [(-7, True), (0, False)])
def test_padding_by_a_number(number: int, folded: bool, tmp_path: Path) -> None:
    """PADV2 adds zeros if its number is what stands for zero."""
    model = Model("int8")
    x = model.input(1, 4, 4, 2)
    around = model.buffer(struct.pack("<8i", 0, 0, 1, 1, 1, 1, 0, 0))
    reads = [x, model.tensor(4, 2, kind="int32", buffer=around)]
    x = model.step("PADV2", [*reads, model.numbers(number, kind="int8", zero=-7)], 1, 6, 6, 2)
    model.step("CONV_2D", [x, model.weights(3, 3, 3, 2), -1], 1, 4, 4, 3, options=window(VALID))
    words = [row.word for row in rows_of(model.save(tmp_path))]
    assert words == (["conv"] if folded else ["opaque", "conv"])


def test_a_batch_is_one_example(tmp_path: Path) -> None:
    model = Model()
    x = model.input(4, 6, 6, 2)
    x = model.step("CONV_2D", [x, model.weights(3, 3, 3, 2), -1], 4, 6, 6, 3, options=window())
    x = model.step("RESHAPE", [x, model.numbers(4, 108)], 4, 108)
    model.step("FULLY_CONNECTED", [x, model.weights(5, 108), -1], 4, 5, options={})
    spec = cnncost.load(model.save(tmp_path))
    assert cnncost.count(spec).totals.connections == 54 * 36 + 108 * 5
    assert "batch of 4" in spec.network.notes


def test_another_resolution(tmp_path: Path) -> None:
    """The file's own shapes are of no use then: all are inferred."""
    model = Model()
    x = model.input(1, 8, 8, 2)
    x = model.step("CONV_2D", [x, model.weights(3, 3, 3, 2), -1], 1, 4, 4, 3,
                   options=window(SAME, (2, 2)))  # fmt: skip
    x = model.step("MEAN", [x, model.numbers(1, 2)], 1, 3, options=numbers(b_0=0))
    model.step("RESHAPE", [x, model.numbers(1, -1)], 1, 3)
    found = rows_of(model.save(tmp_path), x=(2, 11, 6))
    assert found[0] == Row("conv", (3, 6, 3), 54, 0, 54 * 18)
    assert found[-1].output == (3,)


def test_open_sizes(tmp_path: Path) -> None:
    model = Model()
    x = model.input(1, 1, 1, 2, signature=(-1, -1, -1, 2), name="x:0")
    model.step("CONV_2D", [x, model.weights(3, 3, 3, 2), -1], 1, 1, 1, 3, options=window())
    path = model.save(tmp_path)
    with pytest.raises(CnncostError) as raised:
        cnncost.load(path)
    assert raised.value.what == f"{path}: its input 'x:0' has open sizes: ?x?x?x2"
    assert raised.value.hint == "give one: --input 3x224x224, channels first"
    assert rows_of(path, x=(2, 5, 7)) == [Row("conv", (3, 5, 7), 54, 0, 54 * 35)]


def test_unknown_operators(tmp_path: Path) -> None:
    """A custom operator has its own shape and no known costs; nor has an IF."""
    model = Model("int8")
    x = model.input(1, 4, 4, 2)
    x = model.step("ethos-u", [x, model.weights(5000, kind="uint8")], 1, 7, custom=True)
    model.step("IF", [model.weights(1), x], 1, 3)
    spec = cnncost.load(model.save(tmp_path, others=("then", "else")))
    assert [node.output.dims for node in spec.network.layers] == [(7,), (3,)]
    assert not cnncost.count(spec).complete
    assert spec.unknown == (
        "opaque1: ethos-u: the language has no word for it",
        "opaque2: IF: the language has no word for it",
    )
    assert spec.audit == ("the main subgraph is read; 2 others are not: then, else",)


def test_a_shape_that_the_file_gainsays(tmp_path: Path) -> None:
    """The layer is opaque with the file's shape, and its cost by its weights."""
    model = Model()
    x = model.input(1, 8, 8, 2)
    model.step("CONV_2D", [x, model.weights(3, 3, 3, 2), model.weights(3)], 1, 5, 5, 3,
               options=window())  # fmt: skip
    assert rows_of(model.save(tmp_path)) == [Row("opaque", (3, 5, 5), 54, 3, 54 * 25)]


def test_weights_of_several_types(tmp_path: Path) -> None:
    """Hybrid: floats beside int8 weights. Half precision that a step makes floats of stays half."""
    model = Model()
    x = model.input(1, 4, 4, 3)
    y = model.step("CONV_2D", [x, model.weights(5, 3, 3, 3, kind="int8"), model.weights(5)],
                   1, 4, 4, 5, options=window())  # fmt: skip
    w = model.step("DEQUANTIZE", [model.weights(2, 5, kind="float16")], 2, 5)
    y = model.step("MEAN", [y, model.numbers(1, 2)], 1, 5, options=numbers(b_0=0))
    model.step("FULLY_CONNECTED", [y, w, model.weights(2)], 1, 2, options={})
    network = cnncost.load(model.save(tmp_path)).network
    assert network.types == NumberTypes("float32", "int8", "float32", other_bytes=10)
    assert count_typed_bytes(network, network.types).parameters == 135 + 10 * 2 + 7 * 4
    assert network.notes == "10 of the weights are float16"


def test_types_are_kept_in_the_spec(tmp_path: Path) -> None:
    model = Model("int8")
    spec = cnncost.load(model.save(tmp_path, quantised(model)))
    assert "types: {activations: int8, weights: int8, biases: int32}\n" in spec.text.text
    again = cnncost.loads(spec.text.text)
    assert again.network.types == spec.network.types
    assert cnncost.count(again).totals == cnncost.count(spec).totals


def test_reading_needs_the_standard_library_alone(tmp_path: Path) -> None:
    model = Model("int8")
    path = model.save(tmp_path, quantised(model))
    code = (
        "import sys, pathlib\n"
        "from cnncost.formats.tflite_in import read\n"
        f"read(pathlib.Path({str(path)!r}), 'net.tflite', {{}})\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "torch", "onnx", "rich", "flatbuffers", "tensorflow"}
    assert not heavy & set(done.stdout.split())


def test_commands_take_it(tmp_path: Path) -> None:
    """`convert` writes the spec; `table --depth 1` and `memory` say the file's types."""
    model = Model("int8")
    path = model.save(tmp_path, quantised(model))

    def run(*arguments: str) -> str:
        words = [sys.executable, "-m", "cnncost", *arguments]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    run("convert", str(path), str(tmp_path / "net.yaml"))
    assert cnncost.load(tmp_path / "net.yaml").network.types == NumberTypes("int8", "int8", "int32")
    said = run("table", str(path), "--depth", "1").split()
    assert "int8 activations, int8 weights, int32 biases: 656 bytes" in " ".join(said)
    assert "parameters, int8 weights, int32 biases" in run("memory", str(path))
    data = json.loads(run("table", str(path), "--format", "json"))
    assert data["types"] == {
        "activations": "int8", "weights": "int8", "biases": "int32", "parameter_bytes": 656,
        "activation_bytes": 360, "odd_weights": [],
    }  # fmt: skip


def test_shared_weights_with_biases_of_their_own(tmp_path: Path) -> None:
    """The second layer adds its biases, and not the weights that the first one has."""
    model = Model()
    x = model.input(1, 4, 4, 3)
    w = model.weights(3, 1, 1, 3)
    x = model.step("CONV_2D", [x, w, model.weights(3)], 1, 4, 4, 3, options=window(VALID))
    model.step("CONV_2D", [x, w, model.weights(3)], 1, 4, 4, 3, options=window(VALID))
    assert rows_of(model.save(tmp_path)) == [
        Row("conv", (3, 4, 4), 9, 3, 144),
        Row("opaque", (3, 4, 4), 0, 3, 144),
    ]


def test_shared_dense_weights_with_biases_of_their_own(tmp_path: Path) -> None:
    model = Model()
    x, w = model.input(1, 5), model.weights(5, 5)
    x = model.step("FULLY_CONNECTED", [x, w, model.weights(5)], 1, 5, options={})
    model.step("FULLY_CONNECTED", [x, w, model.weights(5)], 1, 5, options={})
    assert rows_of(model.save(tmp_path)) == [
        Row("dense", (5,), 25, 5, 25),
        Row("opaque", (5,), 0, 5, 25),
    ]
