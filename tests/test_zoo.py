"""`cnncost zoo`: the networks that come along, listed and printed."""

from __future__ import annotations

import csv
import io

from acceptance import ACCEPTANCE
from command import run


def test_zoo_lists_expected_beside_computed() -> None:
    rows = list(csv.DictReader(io.StringIO(run("zoo", "-f", "csv").stdout)))
    assert {"alexnet", "lenet5", "vgg16", "resnet50"} <= {row["network"] for row in rows}
    for row in rows:
        assert row["expected"] in (row["computed"], "")


def test_zoo_prints_a_spec_that_counts_the_same() -> None:
    spec = run("zoo", "alexnet.yaml").stdout
    assert run("table", "-", "-f", "csv", text=spec).stdout == ACCEPTANCE
