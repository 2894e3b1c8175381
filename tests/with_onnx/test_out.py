"""ONNX out: files that onnx.checker and onnxruntime accept, with the shapes that we predict, and
that come back as the network that was written."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from draws import CASES, Case
from hypothesis import HealthCheck, assume, given, settings

import cnncost
from cnncost import bundled, formats
from cnncost.costs.memory import measure_memory
from cnncost.errors import CnncostError, SpecError
from cnncost.formats.onnx_out.onnx_emitter import ELSEWHERE
from cnncost.language import Spec
from cnncost.network import Network

ONNX = formats.FORMATS["onnx"]


def written(spec: Spec, *, weights: bool = True) -> bytes:
    return formats.write_spec(spec, ONNX, weights=weights)


def read_back(data: bytes, folder: Path) -> Spec:
    path = folder / "back.onnx"
    path.write_bytes(data)
    return cnncost.load(path)


def run(data: bytes, network: Network) -> list[tuple[int, ...]]:
    """The shapes that onnxruntime gives for random inputs, the batch left out."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    looks_up = any(node.layer.word == "embedding" for node in network.layers)
    feed = {
        node.name: np.random.default_rng(0).standard_normal((1, *node.output.dims), "float32")
        * (0 if looks_up else 1)
        for node in network.inputs
    }
    made = session.run(None, feed)
    assert all(np.isfinite(value).all() for value in made)
    return [value.shape[1:] for value in made]


def outputs(network: Network) -> list[tuple[int, ...]]:
    return [network.nodes[i].output.dims for i in network.outputs]


@pytest.mark.parametrize("word", sorted(set(CASES) - {"locally_connected"}))
def test_each_layer_type(word: str, tmp_path: Path) -> None:
    @settings(
        max_examples=15, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck]
    )
    @given(CASES[word])
    def check(case: Case) -> None:
        try:
            spec = cnncost.loads(case.text)
        except SpecError as error:
            assume("crops all" not in str(error))
            raise
        assume(runs(case))
        data = written(spec)
        onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
        assert run(data, spec.network) == outputs(spec.network), case.text
        back = read_back(data, tmp_path)
        assert back.unknown == (), case.text
        assert outputs(back.network) == outputs(spec.network), (case.text, back.text.text)
        channels, *extents = case.inputs[0]
        if channels > 1 and (word not in UNLIKE or (word == "attention" and prod(extents) > 1)):
            several = case.arguments.get("layers", 1) > 1 or {"kv_heads", "bias"} & {
                *case.arguments
            }
            kept = slice(1 if several and word not in ALONE else 0, None)
            assert totals(back)[kept] == totals(spec)[kept], (case.text, back.text.text)

    check()


@pytest.mark.parametrize(
    ("shape", "line"),
    [
        ("[8, 17, 1]", "{maxpool: [3, 2], stride: [1, 3], ceil: true}"),
        ("[4, 4, 9]", "{maxpool: [6, 2], stride: 4, padding: [[0, 1], [0, 0]], ceil: true}"),
        ("[4, 7]", "{avgpool: 9, stride: 3, ceil: true}"),
        ("[2, 3, 4, 2]", "{maxpool: [2, 3, 2], dilation: 2, stride: 5, ceil: true}"),
    ],
)
def test_a_window_larger_than_the_map(shape: str, line: str, tmp_path: Path) -> None:
    spec = cnncost.loads(f"input: {shape}\nlayers: [{line}]")
    data = written(spec)
    assert run(data, spec.network) == outputs(spec.network)
    back = read_back(data, tmp_path)
    assert back.unknown == ()
    assert outputs(back.network) == outputs(spec.network)


ALONE = ("conv", "depthwise_conv", "conv_transpose", "dense", "linear")
UNLIKE = ("scale", "position_embedding", "attention")
"""A scale or a table of positions of the input itself is read as the input's standardisation; and
attention over one position as what it is, dense layers. The layers of a recurrent one come back as
lines, each with units of its own."""


def runs(case: Case) -> bool:
    """onnxruntime takes odd sizes for lrn, and no output padding beyond the stride; a projection
    is refused."""
    if case.arguments.get("projection"):
        return False
    if case.word == "lrn":
        return bool(case.arguments["lrn"] % 2)
    stride, padding = (
        np.atleast_1d(case.arguments.get(key, usual))
        for key, usual in (("stride", 1), ("output_padding", 0))
    )
    return bool((padding < stride).all())


def totals(spec: Spec) -> tuple[int, ...]:
    """Without what is trained: ONNX doesn't say."""
    found = cnncost.count(spec).totals
    return found.units, found.weights, found.biases, found.parameters, found.connections


def bytes_of(network: Network) -> dict[str, Any]:
    """What has the same name before and after."""
    found = measure_memory(network)
    return {
        "parameters": found.parameters,
        "inference": found.inference.bytes,
        "saved": found.saved.total,
        "training": found.training.bytes,
    }


@pytest.mark.parametrize("name", bundled.list_names())
def test_bundled_networks_come_back(name: str, tmp_path: Path) -> None:
    spec = cnncost.load(name)
    data = written(spec, weights=False)
    back = read_back(data, tmp_path)

    assert back.unknown == ()
    assert outputs(back.network) == outputs(spec.network)
    assert totals(back) == totals(spec)
    assert bytes_of(spec.network) == bytes_of(back.network)


@pytest.mark.parametrize("name", ["lenet5", "minmax", "m5", "residual_mlp", "shufflenet_v2"])
def test_bundled_networks_run(name: str) -> None:
    spec = cnncost.load(name)
    assert run(written(spec), spec.network) == outputs(spec.network)


def test_the_same_file_every_time() -> None:
    spec = cnncost.load("lenet5")
    assert written(spec) == written(cnncost.load("lenet5"))


def test_weights_left_out() -> None:
    spec = cnncost.load("resnet18")
    data = written(spec, weights=False)
    assert len(data) < 100_000
    proto = onnx.load_from_string(data)
    outside = [t for t in proto.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL]
    assert {entry.value for t in outside for entry in t.external_data} == {ELSEWHERE}
    # Running statistics, two a channel, are beside the parameters.
    size = sum(int(np.prod(t.dims)) for t in outside)
    assert size == cnncost.count(spec).totals.parameters + 2 * 4800


SHARED = """
input: {left: [3, 8, 8], right: [3, 8, 8]}
layers:
  - {name: a, conv: 4, kernel: 3, from: left}
  - {name: b, conv: 4, kernel: 3, from: right, share: a}
  - {name: both, concat: [a, b]}
  - {name: more, relu: , from: a}
"""


def test_inputs_outputs_and_shared_weights(tmp_path: Path) -> None:
    spec = cnncost.loads(SHARED)
    data = written(spec)
    assert run(data, spec.network) == outputs(spec.network)
    back = read_back(data, tmp_path)
    assert totals(back) == totals(spec)
    assert [node.name for node in back.network.inputs] == ["left", "right"]
    assert len(back.network.outputs) == 2


def test_what_cannot_be_written() -> None:
    opaque = "input: [3, 4, 4]\nlayers: [{name: it, opaque: {output: [5], op: Einsum}}]\n"
    with pytest.raises(CnncostError, match=r"it is opaque \(Einsum\)"):
        written(cnncost.loads(opaque))
    huge = "input: [100000]\nlayers: [{dense: 10000}]\n"
    with pytest.raises(CnncostError, match="an ONNX file holds less than 2 GiB"):
        written(cnncost.loads(huge))
    assert len(written(cnncost.loads(huge), weights=False)) < 1000


def test_filters_apart_in_the_spec_stay_apart(tmp_path: Path) -> None:
    """Only what was one convolution with `connects` is one again."""
    spec = cnncost.loads("""\
input: [2, 8, 8]
layers:
  - {name: low, slice: [0, 1]}
  - {name: a, conv: 1, kernel: 3}
  - {name: high, slice: [1, 2], from: input}
  - {name: b, conv: 1, kernel: 3}
  - {concat: [a, b]}
  - {name: last, dense: 2, frozen: true}
""")
    back = read_back(written(spec, weights=False), tmp_path)
    assert [n.layer.word for n in back.network.layers if n.layer].count("conv") == 2
    assert totals(back) == totals(spec)
    assert [node.name for node in back.network.layers if node.frozen] == ["last"]
