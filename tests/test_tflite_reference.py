"""TensorFlow Lite in: third parties' files, which stay out of the repository, as counted by another
program, layer by layer. The test runs where they lie beside it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import cnncost
from cnncost.cli.arch_reader import load_spec
from cnncost.costs.typed_bytes import count_typed_bytes

_PLACES = [up / "shared" / "reference" / "tflite" for up in Path(__file__).resolve().parents]
HERE = next((place for place in _PLACES if place.is_dir()), None)

COUNTS: list[dict[str, Any]] = (  # Any: what JSON holds
    json.loads((HERE / "counts.json").read_text()) if HERE else []
)
BY_FILE = {one["file"]: one for one in COUNTS}
UNKNOWN = {
    "made_if_three_subgraphs.tflite": ["IF"],
    "model_invoking_error.tflite": ["fake_op_double"],
    "person_detect_vela.tflite": ["ethos_u"],
}
"""The operators of unknown costs, by file; no other file has one."""

pytestmark = pytest.mark.skipif(HERE is None, reason="the reference files are not here")


def channels_first(shape: list[int]) -> tuple[int, ...]:
    inner = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape or [1]
    return (inner[-1], *inner[:-1])


@pytest.mark.parametrize("file", BY_FILE)
def test_layers_are_as_counted(file: str) -> None:
    assert HERE is not None
    spec = load_spec(str(HERE / file))
    found = [
        (row.connections, row.weights + row.biases, row.node.output.dims)
        for row in cnncost.count(spec).layers
        if row.node.layer.counted and row.node.layer.known
    ]
    due = [
        (layer["macs"], layer["params"], channels_first(layer["outputs"][0]))
        for layer in BY_FILE[file]["graphs"][0]["layers"]
        if layer["macs"]
    ]
    assert found == due


@pytest.mark.parametrize("file", BY_FILE)
def test_totals_and_unknown_costs(file: str) -> None:
    assert HERE is not None
    spec, said = load_spec(str(HERE / file)), BY_FILE[file]
    main = said["graphs"][0]["layers"]
    report = cnncost.count(spec)
    opaque = [n.layer.op for n in spec.network.layers if not n.layer.known]  # type: ignore[attr-defined]
    assert opaque == UNKNOWN.get(file, [])
    assert report.complete == (not opaque)
    assert report.totals.connections == sum(layer["macs"] for layer in main)
    assert report.totals.parameters == sum(layer["params"] for layer in main)
    if len(said["graphs"]) == 1:
        assert report.totals.parameters == said["parameters"]
        assert report.totals.weights == said["weights"]


@pytest.mark.parametrize("file", BY_FILE)
def test_every_output_has_the_shape_of_the_file(file: str) -> None:
    """Each operator's, in order: views have no layer where the next one reads through them."""
    assert HERE is not None
    network = load_spec(str(HERE / file)).network
    made = [node.output.dims for node in network.nodes]
    graph = BY_FILE[file]["graphs"][0]
    for end in (*graph["inputs"], *graph["outputs"]):
        if end["type"] != "INT32" or end["shape"] != [4]:  # the shape that an operator asks for
            assert channels_first(end["shape"]) in made
    shapes = [channels_first(out) for layer in graph["layers"] for out in layer["outputs"][:1]]
    at = 0
    for shape in shapes:
        assert shape in made[at:]
        at += made[at:].index(shape)


BYTES = {"FLOAT32": 4, "INT8": 1, "UINT8": 1, "INT16": 2, "INT32": 4, "INT64": 8}


@pytest.mark.parametrize("file", BY_FILE)
def test_bytes_are_those_of_the_files_own_types(file: str) -> None:
    assert HERE is not None
    spec, said = load_spec(str(HERE / file)), BY_FILE[file]
    types = spec.network.types
    assert types is not None
    if file not in MIXED:
        assert types.activations == said["graphs"][0]["inputs"][-1]["type"].lower()
    if len(said["graphs"]) == 1:
        due = sum(BYTES[word] * count for word, count in said["weight_types"].items())
        assert count_typed_bytes(spec.network, types).parameters == due


MIXED = ("keyword_scrambled.tflite", "keras_lstm_mnist_ptq.tflite")
"""Files whose input is of another type than most activations."""


def test_the_list_has_every_file() -> None:
    assert HERE is not None
    with (HERE / "list.csv").open() as lines:
        assert {row["file"] for row in csv.DictReader(lines)} == set(BY_FILE)


def test_further_subgraphs_are_named() -> None:
    assert HERE is not None
    spec = load_spec(str(HERE / "made_if_three_subgraphs.tflite"))
    assert spec.audit == ("the main subgraph is read; 2 others are not: then, else",)
