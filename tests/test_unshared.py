"""Locally connected layers, and a layer beside its forms with less sharing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command import run
from keras_models import functional, layer, saved

import cnncost
from cnncost import formats
from cnncost.accuracy.roles import Follower, find_roles
from cnncost.cli.explain_pages import PageChoice, build_page
from cnncost.device_files import load_device
from cnncost.errors import CnncostError
from cnncost.formats.keras_out.keras_code import keras_code
from cnncost.study.layer_forms import LayerForm, list_forms
from cnncost.timing.time_estimate import estimate_time

TEXT = """
name: local
input: [2, 6, 5]
layers:
  - {name: l, locally_connected: 3, kernel: [3, 2], padding: [1, 0]}
  - relu
  - {name: c, conv: 8, kernel: 3}
  - {dense: 4}
"""


def forms(text: str, name: str, against: str) -> list[LayerForm]:
    (node,) = [n for n in cnncost.loads(text).network.layers if n.name == name]
    return list_forms(node, against)


def test_alexnet_against_dense() -> None:
    """CS231n, "Parameter Sharing": 290,400 * 364 = 105,705,600 parameters without sharing,
    34,944 with it."""
    node = next(n for n in cnncost.load("alexnet").network.layers if n.name == "conv1")
    shared, local, dense = list_forms(node, "dense")
    assert (shared.row.parameters, local.row.parameters) == (34_944, 290_400 * 364)
    assert (local.row.weights, local.row.biases) == (105_415_200, 290_400)
    assert dense.row.weights == 290_400 * (3 * 227 * 227)
    # One set of parameters for each of 55 x 55 positions.
    assert (shared.parameters_factor, local.parameters_factor) == (1, 55 * 55)


def test_depthwise_and_grouped() -> None:
    text = "input: [4, 6, 6]\nlayers:\n- {name: d, depthwise_conv: 3, bias: false}\n"
    text += "- {name: g, conv: 2, kernel: 2, groups: 2}\n"
    found = forms(text, "d", "locally_connected")
    assert [form.row.weights for form in found] == [9 * 4, 9 * 4 * 16]
    found = forms(text, "g", "dense")
    # 3 x 3 positions of 2 filters, each of 2 x 2 x 2 weights; dense over 4 x 4 x 4 units.
    assert [form.row.weights for form in found] == [16, 16 * 9, 18 * 64]
    assert [form.row.biases for form in found] == [2, 18, 18]


def test_a_locally_connected_layer_against_dense() -> None:
    local, dense = forms(TEXT, "l", "dense")
    assert local.row.weights == (3 * 2 * 2) * (3 * 6 * 4)
    assert dense.row.weights == (2 * 6 * 5) * (3 * 6 * 4)


@pytest.mark.parametrize(
    ("name", "against", "said"),
    [
        ("l", "locally_connected", "l is locally_connected itself"),
        ("relu1", "dense", "relu1 is relu: it has no locally connected or dense form"),
        ("dense1", "dense", "dense1 is dense: it has no locally connected or dense form"),
    ],
)
def test_layers_without_other_forms(name: str, against: str, said: str) -> None:
    with pytest.raises(CnncostError, match=said):
        forms(TEXT, name, against)


def test_connects_has_no_other_form() -> None:
    text = "input: [2, 4]\nlayers: [{name: c, conv: 1, kernel: 2, connects: [[0]]}]\n"
    with pytest.raises(CnncostError, match="conv with connects"):
        forms(text, "c", "dense")


def test_shown(tmp_path: Path) -> None:
    (tmp_path / "local.yaml").write_text(TEXT)
    shown = run("explain", "local.yaml", "l", cwd=tmp_path).stdout
    assert "weights      3 x 2 x 2 x 3 x 6 x 4 = 864" in shown
    assert re.search(r"biases +3 x 6 x 4 = 72", shown)
    spec = cnncost.loads(TEXT)
    page = build_page(spec, "c", PageChoice(against="dense"), every=False)
    assert [record[0] for record in page.records()] == [
        "form",
        "conv",
        "locally_connected",
        "dense",
    ]
    with pytest.raises(CnncostError, match="is none of locally_connected, dense"):
        build_page(spec, "c", PageChoice(against="sparse"), every=False)


def test_written_elsewhere_it_is_refused() -> None:
    spec = cnncost.loads(TEXT)
    with pytest.raises(CnncostError, match="l cannot be written in Keras"):
        keras_code(spec.network)
    onnx = formats.FORMATS["onnx"]
    pytest.importorskip("onnx")
    with pytest.raises(CnncostError, match="l is locally_connected: ONNX has no operation"):
        formats.write_spec(spec, onnx)


def local(**config: object) -> dict[str, object]:
    start = layer("InputLayer", "x", batch_input_shape=[None, 8, 7, 3])
    given = {"filters": 4, "kernel_size": [3, 2], "strides": [2, 1], **config}
    return functional(start, layer("LocallyConnected2D", "l", "x", **given))


def test_read_from_keras_2(tmp_path: Path) -> None:
    spec = cnncost.load(saved(local(implementation=1, activation="relu"), tmp_path))
    totals = cnncost.count(spec).totals
    # 3 x 6 places, 4 filters, windows of 3 x 2 x 3; keras.io: a bias for each unit.
    assert (totals.weights, totals.biases) == (3 * 6 * 4 * 18, 3 * 6 * 4)
    assert (totals.connections, spec.unknown) == (totals.weights, ())


@pytest.mark.parametrize("config", [{"padding": "same"}, {"implementation": 2}])
def test_what_keras_2_stores_in_another_way(config: dict[str, object], tmp_path: Path) -> None:
    said = "cannot be expressed: padding, or implementation 2, stores weights in another way"
    with pytest.raises(CnncostError, match=said):
        cnncost.load(saved(local(**config), tmp_path))


def test_a_plan_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / "local.yaml").write_text(TEXT)
    done = run("suggest", "local.yaml", "--budget", "weights=95%", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Other layers hold" in done.stdout
    assert "Locally connected layers (l) keep their filters" in " ".join(done.stdout.split())
    assert not re.search(r"^ +[0-9.]+ +l: ", done.stdout, re.MULTILINE)


def test_what_it_is_to_the_layers_before_it() -> None:
    text = "input: [2, 6, 5]\nlayers:\n- {name: c, conv: 4, kernel: 1}\n- relu\n"
    text += "- {name: l, locally_connected: 3, kernel: 1}\n"
    network = cnncost.loads(text).network
    role = find_roles(network)[network.layers[0].index]
    # Its weights differ from position to position, whatever its kernel.
    assert (role.follower, role.positions_used) == (Follower.NON_LINEARITY, True)


def test_its_time_was_never_measured() -> None:
    found = estimate_time(cnncost.loads(TEXT).network, load_device("rtx4090"))
    assert any("without locally_connected" in remark for remark in found.remarks)
