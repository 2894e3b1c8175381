"""Sixteen networks as PyTorch's two exporters write them: their shapes and all their counts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import cnncost
from cnncost import formats
from cnncost.language import Spec

HERE = Path(__file__).parent / "reference"
EXPECTED = [json.loads(line) for line in (HERE / "expected.jsonl").read_text().splitlines()]

# Floating-point numbers in a file that are no parameters: the running statistics of the batch
# norms that no convolution has taken in, a mean and a variance a channel.
GROWN = sum(  # DenseNet: each layer's first norm sees what all before it have added
    layers * start + 32 * layers * (layers - 1) // 2
    for start, layers in ((64, 6), (128, 12), (256, 24), (512, 16))
)
NO_PARAMETERS = {
    **dict.fromkeys(
        ("densenet121.dynamo.onnx", "densenet121.legacy.onnx"),
        2 * (GROWN + 256 + 512 + 1024 + 1024),  # three transitions, the last norm
    ),
    **dict.fromkeys(
        ("repvgg_a0.dynamo.onnx", "repvgg_a0.legacy.onnx"),
        2 * (1 * 48 + 3 * 96 + 13 * 192),  # identity branches, where shapes stay
    ),
    "mobilenet_v2.dynamo.onnx": 2,  # the bounds of its clips
}


def load(row: dict[str, Any], folder: Path) -> Spec:
    path = folder / row["file"]
    path.write_bytes(gzip.decompress((HERE / f"{row['file']}.gz").read_bytes()))
    return cnncost.load(path)


def test_every_file_is_expected() -> None:
    assert {row["file"] for row in EXPECTED} == {path.stem for path in HERE.glob("*.onnx.gz")}
    assert len(EXPECTED) == 30


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row["file"])
def test_a_file_costs_what_its_network_costs(row: dict[str, Any], tmp_path: Path) -> None:
    spec = load(row, tmp_path)
    report = cnncost.count(spec)

    assert spec.unknown == ()
    assert report.complete
    network = spec.network
    assert [list(node.output.dims) for node in network.inputs] == row["inputs"]
    assert [list(network.nodes[i].output.dims) for i in network.outputs] == row["outputs"]
    assert report.totals.connections == row["macs"]
    if row["units"] is not None:
        assert report.totals.units == row["units"]
    assert report.totals.parameters == row["floats"] - NO_PARAMETERS.get(row["file"], 0)


@pytest.mark.parametrize("row", EXPECTED[:3], ids=lambda row: row["file"])
def test_the_text_of_an_import_is_a_spec(row: dict[str, Any], tmp_path: Path) -> None:
    spec = load(row, tmp_path)

    again = cnncost.loads(spec.text.text)
    assert cnncost.count(again).totals == cnncost.count(spec).totals
    assert formats.write_spec(spec, formats.FORMATS["yaml"]) == spec.text.text.encode()
