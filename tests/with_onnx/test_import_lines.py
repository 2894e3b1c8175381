"""How long imports are as specs, and that their structure costs nothing: counts and memory."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import cnncost
from cnncost.costs.memory import measure_memory
from cnncost.formats.graph import graph_of
from cnncost.formats.spec_text import spec_text
from cnncost.formats.structured import are_equal_networks, structured_text, write_structured

HERE = Path(__file__).parent / "reference"

LINES = {"resnet50": 60, "mobilenet_v2": 80, "densenet121": 60}
"""What a person would keep: at most so many lines."""


@pytest.mark.parametrize("exporter", ["dynamo", "legacy"])
@pytest.mark.parametrize("name", LINES)
def test_an_import_is_short_and_costs_what_its_flat_spec_costs(
    name: str, exporter: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{name}.onnx"
    path.write_bytes(gzip.decompress((HERE / f"{name}.{exporter}.onnx.gz").read_bytes()))
    graph = graph_of(cnncost.load(path).network)

    text = structured_text(graph)
    assert text == write_structured(graph)  # the flat text did not have to stand in
    assert len(text.splitlines()) <= LINES[name]

    short, flat = cnncost.loads(text), cnncost.loads(spec_text(graph))
    assert are_equal_networks(short.network, flat.network)
    assert cnncost.count(short).totals == cnncost.count(flat).totals
    assert _peaks(short) == _peaks(flat)


def _peaks(spec: cnncost.Spec) -> list[int]:
    """Bytes: the inference peak, all that is saved for backward, the peak of a training step."""
    found = measure_memory(spec.network, batch=4, optimizer="momentum")
    assert found.saved is not None
    assert found.training is not None
    return [found.inference.bytes, found.saved.total, found.training.bytes]
