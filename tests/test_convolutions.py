"""Random convolutions and transposed ones, 1-D to 3-D, against another program's brute force.

The reference's numbers are for its whole batch; cnncost's are for one example.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from yaml_line import written

import cnncost

LINES = (Path(__file__).parent / "reference" / "convolutions.jsonl").read_text().splitlines()
ROWS: list[dict[str, Any]] = [json.loads(line) for line in LINES]


def text(row: dict[str, Any]) -> str:
    """The row as a spec."""
    line = {"conv_transpose" if row["transposed"] else "conv": row["cout"]}
    keys = ("kernel", "stride", "padding", "dilation", "groups", "output_padding")
    line |= {key: row[key] for key in keys if row[key] is not None}
    return f"input: {written(row['in_shape'][1:])}\nlayers:\n  - {written(line)}\n"


@pytest.mark.parametrize("row", ROWS, ids=map(str, range(len(ROWS))))
def test_the_reference_agrees(row: dict[str, Any]) -> None:
    batch, *out_shape = row["out_shape"]
    spec = cnncost.loads(text(row))
    (layer,) = cnncost.count(spec).layers
    (inside,) = cnncost.count(spec, exclude_padding=True).layers

    assert list(layer.node.output.dims) == out_shape
    assert layer.weights == row["weights"]
    assert batch * layer.connections == row["macs"]
    assert batch * inside.connections == row["macs_nopad"]


def test_the_reference_holds_what_tells_formulas_apart() -> None:
    assert len(ROWS) == 260
    assert {row["dims"] for row in ROWS} == {1, 2, 3}
    for kind in (True, False):
        rows = [row for row in ROWS if row["transposed"] is kind]
        assert any(row["groups"] > 1 and max(row["dilation"]) > 1 for row in rows)
        assert any(row["macs"] > row["macs_nopad"] and max(row["stride"]) > 1 for row in rows)
        assert any(len(set(row["kernel"])) > 1 for row in rows)
