"""Files that are damaged, absurd or huge: one clear message, in bounded time and memory."""

from __future__ import annotations

import gzip
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest
from models import model, save, weight
from onnx import helper

import cnncost
from cnncost.errors import CnncostError
from cnncost.formats.onnx_in.onnx_graph import OPERATIONS

HERE = Path(__file__).parent / "reference"
SMALL = sorted(path for path in HERE.glob("*.gz") if path.stat().st_size < 2500)
LONGEST = 3.0
"""Seconds for one file; these take hundredths."""

X = {"x": (1, 3, 8, 8)}
W = {"w": (4, 3, 3, 3)}


def refusal(path: Path) -> str:
    with pytest.raises(CnncostError) as raised:
        cnncost.load(path)
    text = str(raised.value)
    assert text.startswith(str(path))
    return text.removeprefix(str(path))


def survives(path: Path) -> bool:
    """Whether a damaged file still is a network; nothing but a clean refusal may come of it."""
    start = time.process_time()
    try:
        cnncost.load(path)
        return True
    except CnncostError:
        return False
    finally:
        assert time.process_time() - start < LONGEST


@pytest.mark.parametrize("source", SMALL, ids=lambda path: path.stem)
def test_truncated_anywhere(source: Path, tmp_path: Path) -> None:
    data = gzip.decompress(source.read_bytes())
    path = tmp_path / "net.onnx"
    for length in [*range(40), *range(40, len(data), len(data) // 40)]:
        path.write_bytes(data[:length])
        assert not survives(path)


@pytest.mark.parametrize("source", SMALL, ids=lambda path: path.stem)
def test_bytes_changed_anywhere(source: Path, tmp_path: Path) -> None:
    data, path = gzip.decompress(source.read_bytes()), tmp_path / "net.onnx"
    chance = random.Random(6)
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 5)):
            damaged[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(damaged)
        survives(path)


@pytest.mark.parametrize("source", SMALL, ids=lambda path: path.stem)
def test_nodes_changed_anywhere(source: Path, tmp_path: Path) -> None:
    """Attributes, inputs and operations that are readable, and wrong."""
    data, chance = gzip.decompress(source.read_bytes()), random.Random(7)
    for _ in range(60):
        proto = onnx.ModelProto.FromString(data)
        node, other = (chance.choice(proto.graph.node) for _ in range(2))
        change = chance.randrange(4)
        if change == 0 and node.attribute:
            attribute = chance.choice(node.attribute)
            if attribute.ints:
                attribute.ints[0] = chance.choice([-1, 0, 2**31, 2**62, -(2**63)])
        elif change == 1 and node.input:
            node.input[chance.randrange(len(node.input))] = chance.choice(["", other.output[0]])
        elif change == 2 and node.input:
            del node.input[chance.randrange(len(node.input))]
        else:
            node.op_type = other.op_type
        survives(save(proto, tmp_path))


def test_no_onnx_at_all(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    start = time.process_time()
    for data in (b"", b"name: net\nlayers: []\n", b"\0" * 10_000_000, b"\x08\x01" * 5_000_000):
        path.write_bytes(data)
        assert re.match(": (no ONNX model, or a damaged one|an ONNX file without)", refusal(path))
    assert time.process_time() - start < 5 * LONGEST
    path.unlink()
    path.mkdir()
    assert refusal(path) == ": Is a directory"


def test_a_cycle(tmp_path: Path) -> None:
    path = save(model(X, "a = Add (x, b)\nb = Relu (a)\ny = Relu (b)"), tmp_path)
    assert refusal(path) == (
        ": Add '' reads 'b', which no step before it makes\n"
        "  hint: the steps of an ONNX file come in order, without cycles"
    )


@pytest.mark.parametrize(
    ("dims", "nodes", "message"),
    [
        ((1, 3, 2**62, 2**62), "y = Conv (x, w)", "the layer has 8.51e+37 units"),
        ((1, 3, 0, 8), "y = Conv (x, w)", "shape of its input 'x' is left open (1x3x?x8)"),
        ((1, 3, 8, None), "y = Conv (x, w)", "--input 3x224x224"),
        ((1, 3, 8, 8), "y = Reshape (x)", "Reshape '' is malformed: it has no 'shape'"),
        ((1, 3, 8, 8), "y = Conv (x)", "Conv '' is malformed: it lacks an input or output"),
        ((1, 3, 8, 8), "y = Add (x, q)", "reads 'q', which no step before it makes"),
        ((1, 3, 8, 8), "y = Transpose <perm = 1> (x)", "perm is not a list of whole numbers"),
        ((1, 3, 8, 8), "y = Softmax <axis = 0.5> (x)", "its attribute axis is not a whole number"),
        ((1, 3, 8, 8), "y = LRN <size = [2, 2]> (x)", "its attribute size is not a whole number"),
        ((1, 3, 8, 8), 'y = Clip <max = "six"> (x)', "its attribute max is not a number"),
        ((1, 3, 8, 8), "y = Relu ()", "Relu '' is malformed: it lacks an input or output"),
    ],
)
def test_what_cannot_be_a_network(
    dims: tuple[int, ...], nodes: str, message: str, tmp_path: Path
) -> None:
    assert message in refusal(save(model({"x": dims}, nodes, weights=W), tmp_path))


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ("y = Conv <strides = [-1, 2]> (x, w)", "strides [-1, 2] over 2 axes"),
        ("y = Conv <strides = [2]> (x, w)", "strides [2] over 2 axes"),
        ("y = Conv <pads = [-1, 0, 0, 0]> (x, w)", "pads [-1, 0, 0, 0] over 2 axes"),
        ("y = Conv <group = -3> (x, w)", "3 channels, but weights for 3 x -3"),
        ("y = MaxPool <kernel_shape = [0, 2]> (x)", "kernel_shape [0, 2] over 2 axes"),
        ("y = MaxPool <kernel_shape = [9, 9]> (x)", "the window reaches over 9 positions"),
        ("r = Relu (x)\ny = MatMul (r, r, r)", "too many values to unpack"),
        ("y = Transpose <perm = [0, 0, 1, 9]> (x)", "axes [0, 0, 1, 9] of 4"),
    ],
)
def test_what_makes_no_sense_is_opaque_or_refused(nodes: str, why: str, tmp_path: Path) -> None:
    path = save(model(X, nodes, weights=W), tmp_path)
    try:
        said = "".join(cnncost.load(path).unknown)
    except CnncostError as error:
        said = str(error)
    assert why in said
    assert said


def test_a_mistake_of_ours_is_not_taken_for_the_file_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(importer: object, step: object) -> None:
        importer.no_such_thing  # type: ignore[attr-defined]  # noqa: B018  so it is mistaken

    monkeypatch.setitem(OPERATIONS, "Relu", mistaken)
    with pytest.raises(AttributeError, match="no_such_thing"):
        cnncost.load(save(model(X, "y = Relu (x)"), tmp_path))


def test_external_data_are_not_opened(tmp_path: Path) -> None:
    proto = model(X, "y = Conv (x, w)", weights=W)
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for ever
    proto.graph.initializer[0].external_data[0].value = "pipe"
    assert cnncost.count(cnncost.load(save(proto, tmp_path))).totals.weights == 4 * 3 * 3 * 3


def test_functions_that_call_themselves(tmp_path: Path) -> None:
    proto = model(X, "y = Conv (x, w)", weights=W)
    opset = helper.make_opsetid("", 17)
    for name, calls in (("Conv", "Other"), ("Other", "Conv")):
        body = [helper.make_node(calls, ["a"], ["b"], domain="own") for _ in range(2)]
        proto.functions.append(helper.make_function("own", name, ["a"], ["b"], body, [opset]))
    proto.graph.node[0].domain = "own"
    assert "functions" in refusal(save(proto, tmp_path))


def test_graphs_within_graphs(tmp_path: Path) -> None:
    inner = helper.make_node("Relu", ["x"], ["y"])
    for _ in range(60):
        graph = helper.make_graph([inner], "g", [], [])
        inner = helper.make_node("If", ["x"], ["y"], then_branch=graph, else_branch=graph)
        if inner.ByteSize() > 2**20:
            break
    proto = model(X, "y = Relu (x)")
    proto.graph.node.append(inner)
    survives(save(proto, tmp_path))


@pytest.mark.parametrize("op", ["Relu", "Exp", "Unheard"])
def test_long_chains_take_time_in_proportion(op: str, tmp_path: Path) -> None:
    nodes = "\n".join(
        f"{'y' if i == 4999 else f't{i}'} = {op} ({f't{i - 1}' if i else 'x'})" for i in range(5000)
    )
    start = time.process_time()
    cnncost.load(save(model(X, nodes, known={"y": (1, 3, 8, 8)}), tmp_path))
    assert time.process_time() - start < 20  # a second or three; a square would take minutes


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def test_a_gigabyte_of_weights_is_not_read(tmp_path: Path) -> None:
    """A file whose weights are there: 1 GiB, most of it a hole on the disk."""
    proto = model({"x": (1, 16384)}, "y = Gemm (x, w)", weights={"w": (16384, 16384)})
    del proto.graph.initializer[:]
    tensor = weight("w", (16384, 16384))
    tensor.ClearField("external_data")
    tensor.ClearField("data_location")
    size = 4 * 16384**2
    head = tensor.SerializeToString() + b"\x4a" + varint(size)  # field 9, raw_data
    held = b"\x2a" + varint(len(head) + size) + head  # GraphProto's field 5, initializer
    graph = proto.graph.SerializeToString()
    proto.ClearField("graph")
    start = proto.SerializeToString() + b"\x3a" + varint(len(graph) + len(held) + size)
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.write(start + graph + held)
        file.truncate(file.tell() + size)
    # VmHWM is this program's own peak; ru_maxrss would be the larger of its and its parent's.
    code = (
        "import re, sys, cnncost\n"
        "total = cnncost.count(cnncost.load(sys.argv[1])).totals.weights\n"
        "print(total, re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    total, kilobytes = map(int, done.stdout.split())
    assert total == 16384 * 16384
    assert kilobytes * 1024 < 200 * 2**20
