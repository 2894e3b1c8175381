"""`cnncost check`: files against what they expect and the budgets they are given."""

from __future__ import annotations

from pathlib import Path

from command import run
from small import SMALL


def test_check_reads_all_files_and_2_beats_1(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("input: [1]\nlayers: [convv]\n")
    (tmp_path / "good.yaml").write_text(SMALL)
    done = run("check", "bad.yaml", "alexnet", "good.yaml", "--budget", "weights=20M", cwd=tmp_path)
    assert done.stdout.splitlines() == [
        "bad.yaml: INVALID: 2:10: unknown layer type 'convv'",
        "alexnet: FAILED: weights 200,415,264, budget 20,000,000 (180,415,264 over)",
        "good.yaml: ok: weights 72 within 20,000,000",
    ]
    assert done.returncode == 2


def test_check_of_a_broken_expectation(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(SMALL + "expect: {weights: 71}\n")
    done = run("check", "n.yaml", cwd=tmp_path)
    assert done.stdout == "n.yaml: FAILED: weights 72, expected 71 (+1)\n"
    assert done.returncode == 1


def test_check_of_the_specs_own_budget(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(SMALL + "budget: {weights: 72, connections: 200}\n")
    done = run("check", "n.yaml", cwd=tmp_path)
    # connections: 162 + 54
    assert done.stdout == "n.yaml: FAILED: connections 216, budget 200 (16 over)\n"
    assert done.returncode == 1


def test_another_network_is_held_to_budgets_alone(tmp_path: Path) -> None:
    """`expect` is of the network as its file has it: 9 x 2 + 18 x 3 weights."""
    (tmp_path / "n.yaml").write_text(SMALL + "expect: {weights: 72}\n")
    assert run("check", "n.yaml", cwd=tmp_path).stdout == "n.yaml: ok: weights 72 as expected\n"
    wider = ("check", "n.yaml", "--input", "1x6x6", "--budget")
    # 9 x 2 + 4 x 4 x 2 x 3
    done = run(*wider, "weights=114", cwd=tmp_path)
    assert done.stdout == "n.yaml: ok: weights 114 within 114\n"
    assert run(*wider, "weights=113", cwd=tmp_path).returncode == 1
