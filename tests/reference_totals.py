"""What PyTorch measured of whole networks, and that a spec agrees with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cnncost

REFERENCE = Path(__file__).parent / "reference"

TOTALS = {
    row["model"]: row
    for row in map(json.loads, (REFERENCE / "totals.jsonl").read_text().splitlines())
}


def agree_in_total(spec: cnncost.Spec, theirs: dict[str, Any]) -> None:
    ours = cnncost.count(spec).totals
    inside = cnncost.count(spec, exclude_padding=True).totals

    assert [1, *spec.network.inputs[0].output.dims] == theirs["input"]
    assert ours.parameters == ours.trainable_parameters == theirs["params"]
    assert (ours.weights, ours.biases) == (theirs["weights"], theirs["biases"])
    assert ours.connections == theirs["macs"]
    assert inside.connections == theirs["macs_nopad"]
    assert ours.units == theirs["conv_linear_units"]


def close_to(millions: int) -> Any:
    """The tables partly round, partly truncate to millions."""
    return pytest.approx(millions * 10**6, rel=0, abs=10**6 - 1)
