"""Keras in without Keras: reference files, older forms, open sizes, damaged archives."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from keras_models import (
    HERE,
    Json,
    archived,
    functional,
    keras_2,
    layer,
    refusal,
    run,
    saved,
    small,
)

import cnncost
from cnncost.costs.memory import measure_memory


# Multiply-accumulates and parameters: Keras' own counts of parameters (less the moving
# statistics), and connections worked out from its layers' kernels and output shapes.
@pytest.mark.parametrize(
    ("name", "connections", "parameters"),
    [
        ("VGG16", 15_470_264_320, 138_357_544),
        ("ResNet50", 3_857_973_248, 25_583_592),
        ("MobileNetV2", 300_774_272, 3_504_872),
        ("DenseNet121", 2_834_161_664, 7_978_856),
    ],
)
def test_reference_files(name: str, connections: int, parameters: int, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.json"
    path.write_bytes(gzip.decompress((HERE / f"{name}.json.gz").read_bytes()))
    spec = cnncost.load(path)
    totals = cnncost.count(spec).totals
    assert spec.unknown == ()
    assert (totals.connections, totals.parameters) == (connections, parameters)


# --- older forms ------------------------------------------------------------------------------


def test_a_file_of_keras_2(tmp_path: Path) -> None:
    spec = cnncost.load(saved(keras_2(), tmp_path))
    totals = cnncost.count(spec).totals
    # 64 places of 3x6, twice 64 of 9x6x6, and 6x5; the shared kernel is learned once.
    assert totals.connections == 64 * 18 + 2 * 64 * 324 + 30
    assert totals.parameters == 18 + 6 + 324 + 2 * 6 + 30 + 5
    assert spec.unknown == ()


def chain(*, listed: bool, **first: Json) -> dict[str, Json]:
    """A Sequential without an InputLayer; before Keras 2.2.3 its config was the list itself."""
    layers = [
        {"class_name": "Conv2D", "config": {"name": "c", "filters": 4, "kernel_size": 3, **first}},
        {"class_name": "MaxPooling2D", "config": {"name": "p", "pool_size": [2, 2]}},
        {"class_name": "Flatten", "config": {"name": "f"}},
        {"class_name": "Dense", "config": {"name": "d", "units": 2}},
    ]
    return {"class_name": "Sequential", "config": layers if listed else {"layers": layers}}


@pytest.mark.parametrize("listed", [True, False])
def test_a_sequential_without_input_layer(listed: bool, tmp_path: Path) -> None:
    model = chain(listed=listed, batch_input_shape=[None, 10, 8, 3])
    totals = cnncost.count(cnncost.load(saved(model, tmp_path))).totals
    # 8x6 places of 3x3x3x4; a pool to 4x3; 48 inputs of 2 units.
    assert totals.connections == 48 * 108 + 48 * 2
    assert totals.parameters == 108 + 4 + 96 + 2


def test_a_sequential_that_says_its_shape_at_the_end(tmp_path: Path) -> None:
    model = chain(listed=False)
    model["config"]["build_input_shape"] = [None, 10, 8, 3]
    totals = cnncost.count(cnncost.load(saved(model, tmp_path))).totals
    assert totals.connections == 48 * 108 + 48 * 2


def test_an_output_that_a_layer_reads_stays_alive(tmp_path: Path) -> None:
    """Keras' inner outputs (a pyramid's maps) live to the end, as other readers have it."""
    model = functional(
        layer("InputLayer", "x", batch_input_shape=[None, 8, 8, 3]),
        layer("Conv2D", "a", "x", filters=16, kernel_size=1),
        layer("MaxPooling2D", "b", "a", pool_size=8),
        layer("UpSampling2D", "c", "b", size=8),
        output_layers=[["a", 0, 0], ["c", 0, 0], ["a", 0, 0]],
    )
    network = cnncost.load(saved(model, tmp_path)).network
    assert [network.nodes[i].layer.word for i in network.outputs] == ["upsample", "identity"]
    # While the pool is upsampled: `a` of 16x8x8, an output, `b` of 16, `c` of 16x8x8, the input.
    inference = measure_memory(network, batch=1, optimizer="adam").inference
    assert inference.bytes == 4 * (16 * 64 + 16 + 16 * 64 + 3 * 64)


def test_zeros_before_a_convolution_are_its_padding(tmp_path: Path) -> None:
    """As PyTorch's and ONNX' are; before a pool of largest numbers they are numbers."""
    model = functional(
        layer("InputLayer", "x", batch_input_shape=[None, 7, 6, 3]),
        layer("ZeroPadding2D", "p", "x", padding=[[1, 2], [0, 3]]),
        layer("Conv2D", "c", "p", filters=4, kernel_size=3, strides=2),
        layer("ZeroPadding2D", "q", "c", padding=1),
        layer("MaxPooling2D", "m", "q", pool_size=2),
    )
    spec = cnncost.load(saved(model, tmp_path))
    assert [node.layer.word for node in spec.network.layers] == ["conv", "pad", "maxpool"]
    rows = sum(0 <= 2 * y + k - 1 < 7 for y in range(4) for k in range(3))
    columns = sum(0 <= 2 * x + k < 6 for x in range(4) for k in range(3))
    assert cnncost.count(spec).totals.connections == 4 * 4 * 9 * 3 * 4
    inside = cnncost.count(spec, exclude_padding=True).totals.connections
    assert inside == rows * columns * 3 * 4


def test_an_input_that_is_an_output_passes_through_an_identity(tmp_path: Path) -> None:
    model = small()
    model["config"]["output_layers"] = [["c", 0, 0], ["x", 0, 0]]
    network = cnncost.load(saved(model, tmp_path)).network
    assert [network.nodes[i].name for i in network.outputs] == ["c", "identity1"]


# --- through the command line -----------------------------------------------------------------


def open_sizes() -> dict[str, Json]:
    start = layer("InputLayer", "x", batch_input_shape=[None, None, None, 3])
    return functional(start, layer("Conv2D", "c", "x", filters=4, kernel_size=3, padding="same"))


def test_open_sizes_must_be_said(tmp_path: Path) -> None:
    saved(open_sizes(), tmp_path)
    done = run("table", "net.json", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    said = " ".join(done.stderr.split())
    assert "the input 'x' has open sizes" in said
    assert "--input 3x224x224" in said


@pytest.mark.parametrize("given", ["3x20x10", "x=3x20x10"])
def test_open_sizes_that_are_said(given: str, tmp_path: Path) -> None:
    saved(open_sizes(), tmp_path)
    done = run("table", "net.json", "--input", given, "--format", "csv", "--total", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    # 4 x 20 x 10 units, 3x3x3x4 weights, each used at every place.
    assert done.stdout.splitlines()[-1] == "total,,,,800,108,4,21600"


def test_a_shape_for_no_input_is_refused(tmp_path: Path) -> None:
    saved(open_sizes(), tmp_path)
    done = run("table", "net.json", "--input", "left=3x20x10", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "--input: net.json has no input called 'left'",
        "  hint: its inputs are x: --input x=3x224x224",
    ]


def test_an_archive(tmp_path: Path) -> None:
    config = json.dumps(small()).encode()
    path = archived(tmp_path, metadata__json=b"{}", config__json=config, model__weights__h5=b"x")
    assert cnncost.count(cnncost.load(path)).totals.connections == 36 * 108


def test_an_archive_without_configuration(tmp_path: Path) -> None:
    assert "without config.json" in refusal(archived(tmp_path, metadata__json=b"{}"))


def test_a_configuration_that_swells(tmp_path: Path) -> None:
    """1 GiB of spaces in a megabyte of file; no more than 16 MiB of it are unpacked."""
    path = tmp_path / "net.keras"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("config.json", "w") as file,
    ):
        for _ in range(1024):
            file.write(b" " * 2**20)
    assert path.stat().st_size < 2 * 2**20
    assert "more than 16 MiB" in refusal(path)
