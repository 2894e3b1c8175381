"""DenseNet-121 by dense connectivity: what was measured, in few lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cnncost
from cnncost.costs.memory import measure_memory
from cnncost.formats.graph import graph_of
from cnncost.formats.spec_text import spec_text
from cnncost.formats.structured import structured_text, write_structured

DENSENET = """
name: DenseNet-121
input: [3, 224, 224]
blocks:
  grow(growth):
    - batchnorm
    - relu
    - {conv: 4 * growth, kernel: 1, bias: false}
    - batchnorm
    - relu
    - {conv: growth, kernel: 3, padding: 1, bias: false}
  transition:
    - batchnorm
    - relu
    - {conv: channels // 2, kernel: 1, bias: false}
    - {avgpool: 2}
layers:
  - {conv: 64, kernel: 7, stride: 2, padding: 3, bias: false}
  - batchnorm
  - relu
  - {maxpool: 3, stride: 2, padding: 1}
  - {name: dense1, densely: [grow: 32], times: 6}
  - transition
  - {name: dense2, densely: [grow: 32], times: 12}
  - transition
  - {name: dense3, densely: [grow: 32], times: 24}
  - transition
  - {name: dense4, densely: [grow: 32], times: 16}
  - batchnorm
  - relu
  - global_avgpool
  - {dense: 1000}
"""


def test_densenet_costs_what_was_measured() -> None:
    rows = (Path(__file__).parent / "reference" / "totals.jsonl").read_text().splitlines()
    (row,) = (
        r for r in map(json.loads, rows) if (r["source"], r["model"]) == ("tv", "densenet121")
    )
    totals = cnncost.count(cnncost.loads(DENSENET)).totals
    assert totals.units == row["conv_linear_units"]
    assert totals.weights == row["weights"]
    assert totals.parameters == row["params"]
    assert totals.connections == row["macs"]


def test_densenet_holds_what_torchvisions_holds() -> None:
    """Bytes of PyTorch 2.13 on a CPU, fp32, batch 4: its layers join all maps anew."""
    found = measure_memory(cnncost.loads(DENSENET).network, batch=4, optimizer="momentum")
    assert found.saved is not None
    assert found.training is not None
    assert found.parameters == 31915424
    assert found.inference.bytes == 36126720
    assert found.saved.total == 521796004
    assert found.training.bytes == pytest.approx(591659856, rel=0.0002)


def test_densenet_comes_back_short() -> None:
    graph = graph_of(cnncost.loads(DENSENET).network)
    text = structured_text(graph)
    assert text == write_structured(graph)
    assert text.count("densely:") == 1  # a block with so many times
    assert len(text.splitlines()) <= 60 < len(spec_text(graph).splitlines())
