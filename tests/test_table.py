"""`cnncost table`: AlexNet's in every form, and the rows and columns that options choose."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from acceptance import ACCEPTANCE
from command import run
from small import SMALL
from terminal import in_terminal, plain

# The acceptance table


def test_csv_of_alexnet_is_the_acceptance_table(tmp_path: Path) -> None:
    done = run("table", "alexnet.yaml", "--format", "csv", cwd=tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == (ACCEPTANCE, "", 0)


def test_total_row() -> None:
    done = run("table", "alexnet", "-f", "csv", "--total")
    assert done.stdout == ACCEPTANCE + "total,,,,659272,200415264,10568,863867424\n"


def test_tsv_is_csv_with_tabs() -> None:
    assert run("table", "alexnet", "-f", "tsv").stdout == ACCEPTANCE.replace(",", "\t")


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("piped", [True, False])
def test_no_number_is_cut(columns: int, *, piped: bool) -> None:
    if piped:
        shown = run("table", "alexnet", COLUMNS=str(columns)).stdout
    else:
        shown = plain(in_terminal("table", "alexnet", columns=columns))
    for row in csv.DictReader(io.StringIO(ACCEPTANCE)):
        line = next(line for line in shown.splitlines() if line.split()[:1] == [row["layer"]])
        words = line.split()
        for key in ("units", "weights", "connections"):
            assert f"{int(row[key]):,}" in words
    assert "…" not in shown
    total = next(line for line in shown.splitlines() if line.split()[:1] == ["total"])
    assert total.split()[1:] == ["659,272", "200,415,264", "863,867,424"]


def test_markdown_columns_add_up() -> None:
    lines = run("table", "alexnet", "-f", "markdown").stdout.splitlines()
    rows = [
        [c.strip(" *") for c in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    header, _, *body, total = rows
    for i, name in enumerate(header):
        if name in ("units", "weights", "connections"):
            numbers = [int(row[i].replace(",", "")) for row in body]
            assert sum(numbers) == int(total[i].replace(",", ""))


def test_json_is_only_json() -> None:
    done = run("table", "alexnet", "-f", "json")
    data = json.loads(done.stdout)
    assert done.stderr == ""
    assert data["name"] == "AlexNet"
    assert data["input_shape"] == [3, 227, 227]
    assert data["complete"] is True
    assert data["outputs"] == ["output"]
    assert data["convention"]["biases"] is False
    assert data["totals"] == {
        "units": 659272, "weights": 200415264, "biases": 10568, "parameters": 200425832,
        "trainable_parameters": 200425832, "connections": 863867424,
    }  # fmt: skip
    assert data["layers"][0] == {
        "layer": "conv1", "type": "conv", "input_shape": [3, 227, 227],
        "output_shape": [96, 55, 55], "units": 290400, "weights": 34848, "biases": 96,
        "connections": 105415200, "counted": True, "parameters": 34944, "frozen": False,
    }  # fmt: skip


# Rows and columns


def test_all_shows_every_layer_and_changes_no_total() -> None:
    few, every = (
        run("table", "alexnet", "-f", "json"),
        run("table", "alexnet", "-f", "json", "--all"),
    )
    assert len(json.loads(every.stdout)["layers"]) == 21
    assert json.loads(every.stdout)["totals"] == json.loads(few.stdout)["totals"]


def test_top_leaves_a_rest_so_that_columns_add_up() -> None:
    done = run("table", "alexnet", "-f", "csv", "--sort", "weights", "--top", "2", "--total")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["layer"] for row in rows] == ["fc1", "fc2", "rest (6 layers)", "total"]
    for key in ("units", "weights", "connections"):
        *parts, total = [int(row[key]) for row in rows]
        assert sum(parts) == total


def test_depth_groups_blocks() -> None:
    rows = list(
        csv.DictReader(io.StringIO(run("table", "resnet50", "-f", "csv", "--depth", "1").stdout))
    )
    flat = list(csv.DictReader(io.StringIO(run("table", "resnet50", "-f", "csv").stdout)))
    assert len(rows) < len(flat)
    for key in ("units", "weights", "connections"):
        assert sum(int(row[key]) for row in rows) == sum(int(row[key]) for row in flat)


def test_parameters_of_hidden_norms_have_a_row() -> None:
    lines = run("table", "-", "--biases", "-f", "markdown", text=SMALL).stdout.splitlines()
    # c: 2*9 + 2; bn: 2*2; out: 18*3 + 3. Connections: 18*9 + 2*9; none; 54 + 3.
    assert lines[2:6] == [
        "| c | 2x3x3 | 18 | 20 | 180 |",
        "| out | 3 | 3 | 57 | 57 |",
        "| norms and others |  | 0 | 4 | 0 |",
        "| **total** |  | **21** | **81** | **237** |",
    ]


def test_chosen_columns_in_their_order() -> None:
    done = run(
        "table", "alexnet", "-f", "csv", "--columns", "flops,layer,kernel,groups", "--top", "1"
    )
    assert done.stdout.splitlines()[:2] == ["flops,layer,kernel,groups", "210830400,conv1,11x11,1"]


def test_columns_help_lists_them() -> None:
    done = run("table", "alexnet", "--columns", "help")
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert {"layer", "units", "flops", "kernel", "groups"} <= set(listed)


def test_human_numbers() -> None:
    shown = run("table", "alexnet", "--human").stdout
    assert "105.4M" in shown
    assert "34.85k" in shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(999, "999"), (1000, "1.000k"), (34_848, "34.85k"), (999_949, "999.9k"), (999_950, "1.000M"),
     (105_415_200, "105.4M"), (863_867_424, "863.9M"), (4_089_184_256, "4.089G"), (0, "0")],
)  # fmt: skip
def test_human_rounds_to_four_digits(value: int, text: str) -> None:
    from cnncost.views.amounts import human_text

    assert human_text(value) == text


def test_lenet5_with_biases_is_the_papers_count() -> None:
    done = run("table", "lenet5", "--biases", "-f", "json")
    totals = json.loads(done.stdout)["totals"]
    assert totals["trainable_parameters"] == 60_000
    assert totals["connections"] == 340_908
