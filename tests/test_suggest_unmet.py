"""Budgets that no plan of `cnncost suggest` meets, or that are met already."""

from __future__ import annotations

from pathlib import Path

from command import run
from suggested import SMALL


def test_out_of_reach() -> None:
    done = run("suggest", "-", "--budget", "weights=10", text=SMALL)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "No plan holds the budgets" in said
    assert "Out of reach: weights." in said
    assert "The nearest plan" in said


def test_already_met() -> None:
    done = run("suggest", "-", "--budget", "weights=1M", text=SMALL)
    assert done.returncode == 0
    assert "Already met: weights" in done.stdout


NO_EDIT = """\
input: [8]
layers: [{dense: 8}, {add: [previous, input]}]
"""


def test_nothing_to_edit() -> None:
    done = run("suggest", "-", "--budget", "weights=50%", text=NO_EDIT)
    assert done.returncode == 1
    assert "None of the catalogue saves anything here." in done.stdout
    assert "extrapolation" not in done.stdout  # it would not help


def test_what_would_widen_the_space() -> None:
    arguments = ("--keep", "fc", "--forbid", "width")
    said = " ".join(
        run("suggest", "-", "--budget", "weights=9", *arguments, text=SMALL).stdout.split()
    )
    assert "--keep fc left out; --forbid width left out; --allow extrapolation" in said


def test_a_diff_or_file_that_no_plan_fills(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SMALL)
    done = run("suggest", "net.yaml", "--budget", "weights=9", "--diff", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "No plan holds the budgets" in done.stderr
    done = run("suggest", "net.yaml", "--budget", "weights=9", "--write", "-", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    for options in (("--diff",), ("--write", "x.yaml")):
        done = run("suggest", "net.yaml", *options, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "give --budget METRIC=AMOUNT" in done.stderr
    assert not (tmp_path / "x.yaml").exists()


def test_a_few_edits_do_not_reach_what_more_do() -> None:
    # Two widths: with one of them at 64 the middle layer alone has more than 512 weights.
    text = (
        "input: [8]\nlayers:\n"
        + "- {name: a, dense: 64}\n- relu\n- {name: b, dense: 64}\n- relu\n- {dense: 8}\n"
    )
    # 512 + 4096 + 512 weights; at 16 units each 128 + 256 + 128.
    budget = ("--budget", "weights=512", "--forbid", "low-rank")
    assert run("suggest", "-", *budget, text=text).returncode == 0
    few = run("suggest", "-", *budget, "--most-edits", "1", text=text)
    assert few.returncode == 1
    assert "No plan of at most 1 edit holds the budgets" in few.stdout
    assert "Out of reach" not in few.stdout
