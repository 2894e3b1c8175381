"""Sweeps as users run them, against MobileNet's published tables."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command import run

from cnncost.cli.arch_reader import make_reader

WIDTHS = {"1.0": (569, 4.2), "0.75": (325, 2.6), "0.5": (149, 1.3), "0.25": (41, 0.5)}
"""Howard et al. 2017, table 6: millions of multiply-adds and of parameters."""

RESOLUTIONS = {"3x224x224": 569, "3x192x192": 418, "3x160x160": 290, "3x128x128": 186}
"""Howard et al. 2017, table 7: millions of multiply-adds at full width."""


def swept(*arguments: str) -> list[dict[str, str]]:
    done = run("sweep", "mobilenet_v1", *arguments, "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_width_multipliers_as_published() -> None:
    rows = swept("--set", f"alpha={','.join(WIDTHS)}")
    assert [row["alpha"] for row in rows] == list(WIDTHS)
    for row in rows:
        connections, parameters = WIDTHS[row["alpha"]]
        assert round(int(row["connections"]) / 1e6) == pytest.approx(connections, abs=1)
        assert round(int(row["parameters"]) / 1e6, 1) == parameters


def test_resolutions_as_published() -> None:
    rows = swept("--input", ",".join(RESOLUTIONS))
    for row in rows:
        expected = RESOLUTIONS[row["input"]]
        assert round(int(row["connections"]) / 1e6) == pytest.approx(expected, abs=1)


def test_every_combination_in_order() -> None:
    rows = swept("--set", "alpha=0.5,1", "--input", "3x96x96,3x64x64")
    assert [(row["alpha"], row["input"]) for row in rows] == [
        ("0.5", "3x96x96"), ("0.5", "3x64x64"), ("1", "3x96x96"), ("1", "3x64x64"),
    ]  # fmt: skip


def test_a_row_is_what_table_counts() -> None:
    (row,) = swept("--set", "alpha=0.5")
    alone = run("table", "mobilenet_v1", "--set", "alpha=0.5", "-f", "json")
    totals = json.loads(alone.stdout)["totals"]
    assert {key: int(row[key]) for key in ("units", "weights", "connections")} == {
        key: totals[key] for key in ("units", "weights", "connections")
    }


def test_a_combination_without_a_network_is_named_and_the_others_counted() -> None:
    spec = run("zoo", "alexnet").stdout
    done = run("sweep", "-", "--input", "3x5x5,3x227x227", "-f", "csv", text=spec)
    assert done.returncode == 2
    assert done.stderr.startswith("input=3x5x5: <stdin>:8:5: conv1: the window reaches over 11")
    assert done.stdout.splitlines()[1:] == ["3x227x227,659272,200415264,200425832,863867424"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to sweep over\n  hint: give --set NAME=A,B,... or --input A,B,...\n"),
        (("--set", "alpha"), "--set alpha: NAME=A,B,... is due\n  hint: as in --set alpha=0.5,1\n"),
        (("--set", "alpha=1,"), "--set alpha=1,: NAME=A,B,... is due\n"),
        (("--set", "alpha=1", "--set", "alpha=2"), "--set alpha is given twice\n"),
    ],
)
def test_what_cannot_be_swept(arguments: tuple[str, ...], message: str) -> None:
    done = run("sweep", "mobilenet_v1", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)


@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
def test_readable_forms_show_whole_numbers_and_the_convention(form: str) -> None:
    shown = run("sweep", "mobilenet_v1", "--set", "alpha=1", "-f", form).stdout
    assert "568,740,352" in shown
    assert "those to zero padding" in " ".join(shown.split())


def test_a_file_that_changes_meanwhile_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("params: {n: 1}\ninput: [4]\nlayers:\n  - dense: n\n")
    read = make_reader(str(file), 100)
    assert read(["n=2"], ()).network.nodes[1].output.channels == 2
    file.write_text("params: {n: 1}\ninput: [4]\nlayers:\n  - dense: 10 * n\n")
    assert read(["n=3"], ()).network.nodes[1].output.channels == 3
