"""`cnncost zoo`: the networks that come along, listed and printed."""

from __future__ import annotations

import csv
import io

import pytest
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


def test_networks_that_meet_conditions_in_the_order_of_a_count() -> None:
    """Of what the papers print: weights below 5 million, the most connections first."""
    shown = run("zoo", "--sort", "connections", "--where", "weights<5M", "--where", "macs>100M")
    names = [line.split()[0] for line in shown.stdout.splitlines()[1:] if line[:1].strip()]
    light = ["mobilenet_v1", "squeezenet1_1", "mobilenet_v2", "m5", "shufflenet_v2"]
    assert [name for name in names if name in light] == light
    assert not {"alexnet", "resnet50", "lenet5"} & set(names)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--sort weihgts", "--sort weihgts: no count of a network\n  hint: did you mean 'weights'"),
        ("--where sram<5M", "--where sram<5M: there is no sram\n"),
        ("alexnet --sort weights", "--sort and --where choose from the list\n"),
    ],
)
def test_what_cannot_be_chosen_by(words: str, said: str) -> None:
    done = run("zoo", *words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
