"""Networks of which some costs are unknown: no answer takes a lower bound for the amount."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import run

UNKNOWN = """\
input: [12, 25]
layers:
  - {name: memory, opaque: {output: [8], op: LSTM}}
  - {name: hidden, dense: 64}
  - {name: out, dense: 3}
"""
"""8 x 64 + 64 x 3 = 704 weights are known."""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    path.write_text(UNKNOWN)
    return path


def test_a_lower_bound_within_a_budget_does_not_meet_it(net: Path) -> None:
    done = run("suggest", str(net), "--budget", "weights=800")
    assert done.returncode == 1
    assert "Already met" not in done.stdout
    assert ">= 704" in done.stdout
    said = " ".join(done.stdout.split())
    assert "Whether the budgets hold is not known: weights is at least 704, the budget 800." in said


def test_nothing_is_written_for_a_budget_that_may_hold_already(net: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.yaml"
    assert run("suggest", str(net), "--budget", "weights=800", "--write", str(out)).returncode == 1
    assert not out.exists()


def test_a_plan_for_what_is_known_is_no_proof(net: Path) -> None:
    done = run("suggest", str(net), "--budget", "weights=400", "--format", "json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["complete"] is False
    assert found["plan"]["after"]["weights"] <= 400
    said = " ".join(run("suggest", str(net), "--budget", "weights=400").stdout.split())
    assert "What is known of it is within the budgets; the rest is not known." in said


@pytest.mark.parametrize(("amount", "met"), [("800", None), ("400", False)])
def test_json_does_not_say_met(net: Path, amount: str, met: bool | None) -> None:
    done = run("suggest", str(net), "--budget", f"weights={amount}", "--format", "json")
    assert json.loads(done.stdout)["met"] is met


def test_totals_in_csv_are_lower_bounds(net: Path) -> None:
    total = run("table", str(net), "--format", "csv", "--total").stdout.splitlines()[-1]
    # Units: 8 + 64 + 3; biases: 64 + 3.
    assert total == "total,,,,>= 75,>= 704,>= 67,>= 704"


def test_a_sweep_of_lower_bounds_says_so(net: Path) -> None:
    done = run("sweep", str(net), "--input", "12x25,12x30", "--format", "csv")
    assert done.stdout.splitlines()[1] == "12x25,>= 75,>= 704,>= 771,>= 704"
    assert "The costs of memory are unknown" in run("sweep", str(net), "--input", "12x25").stdout


def test_an_expected_figure_is_not_held_by_a_lower_bound(net: Path) -> None:
    net.write_text(UNKNOWN + "expect: {weights: 704}\n")
    done = run("check", str(net))
    assert done.returncode == 1
    assert "weights at least 704, expected 704 (some layers' costs are unknown)" in done.stdout


def test_a_frontier_of_lower_bounds_says_so(net: Path) -> None:
    assert "today >= 704" in run("suggest", str(net), "--pareto", "weights").stdout
