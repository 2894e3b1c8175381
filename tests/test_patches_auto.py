"""`--patches auto`: in how many patches a network or a plan fits, and hints where none is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import run
from fuzz_boards import fuzz

SMALL = """\
input: [1, 12, 12]
layers:
- {conv: 9, kernel: 3, padding: 1}
- {conv: 1, kernel: 3, padding: 1}
- {dense: 2}
"""
"""Alive are 144 + 9 x 144 bytes at conv1, or 9 x 144 + 144 at conv2. In n x n patches: the input,
the output, and the largest patch of conv1's map, with a halo of one position where it has
neighbours."""

NEEDS = {2: 144 + 144 + 9 * 7 * 7, 3: 144 + 144 + 9 * 6 * 6, 4: 144 + 144 + 9 * 5 * 5}

BOARD = "board: tiny\ncore: cortex-m4\nclock: 80M\nsram: {}B\nflash: 4KiB\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.yaml").write_text(SMALL)
    return tmp_path


@pytest.mark.parametrize("count", NEEDS)
def test_the_fewest_patches_that_fit(folder: Path, count: int) -> None:
    asked = ("fit", "net.yaml", "--sram", f"{NEEDS[count]}B", "-f", "json", "--patches", "auto")
    done = run(*asked, cwd=folder)
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert (found["patches"]["patches"], found["patches"]["sram"]) == (count, NEEDS[count])
    fewer = [one for one in found["patches_tried"] if 1 < one["patches"] < count]
    assert [(one["sram"], one["fits"]) for one in fewer] == [
        (NEEDS[n], False) for n in NEEDS if n < count
    ]


def test_no_patches_where_none_are_needed(folder: Path) -> None:
    done = run("fit", "net.yaml", "--sram", "1MiB", "--patches", "auto", cwd=folder)
    assert done.returncode == 0
    assert done.stdout.endswith(" Patches\n\n It fits without patches.\n")


def test_the_least_sram_where_none_fits(folder: Path) -> None:
    asked = ("fit", "net.yaml", "--sram", "300B", "-f", "json", "--patches", "auto")
    done = run(*asked, cwd=folder)
    found = json.loads(done.stdout)
    assert done.returncode == 1
    least = min(found["patches_tried"], key=lambda one: one["sram"])
    assert found["patches"]["patches"] == least["patches"]
    # From 6 x 6 on a patch of 2 x 2 has a halo on all sides.
    assert least["sram"] == 144 + 144 + 9 * 4 * 4


def test_nothing_to_save() -> None:
    done = run("fit", "mlperf_tiny_ad", "--sram", "1KiB", "--patches", "auto")
    assert done.returncode == 1
    assert "No first layers were found of which patches save memory." in done.stdout


def test_several_boards(folder: Path) -> None:
    for count in (2, 3):
        (folder / f"b{count}.yaml").write_text(BOARD.format(NEEDS[count]))
    boards = ("--board", "b2.yaml", "--board", "b3.yaml", "--patches", "auto", "-f", "json")
    found = json.loads(run("fit", "net.yaml", *boards, cwd=folder).stdout)
    assert found["patches"]["patches"] == 3
    assert [one["fits"] for one in found["boards"]] == [True, True]


def test_what_a_plain_answer_ends_with(folder: Path) -> None:
    (folder / "board.yaml").write_text(BOARD.format(NEEDS[3]))
    words = ("net.yaml", "--board", "board.yaml")
    done = run("fit", *words, cwd=folder)
    assert done.returncode == 1
    assert done.stdout.endswith(
        " With its first layers in 3 x 3 patches it would fit tiny: --patches 3.\n"
    )
    (hint,) = json.loads(run("fit", *words, "-f", "json", cwd=folder).stdout)["enough_in_patches"]
    assert hint == {"board": "board", "patches": 3, "fits": True}
    # Where flash is too little as well, patches are enough for SRAM alone.
    done = run("fit", *words, "--budget", "flash=100B", cwd=folder)
    assert "in 3 x 3 patches tiny would have enough SRAM for it: --patches 3." in " ".join(
        done.stdout.split()
    )
    done = run("suggest", *words, cwd=folder)
    assert done.returncode == 1
    last = " ".join((done.stdout or done.stderr).split())
    assert last.endswith(
        "With its first layers in 3 x 3 patches the network would have enough SRAM as it is: "
        "--patches auto finds what is left to change."
    )
    # Where SRAM is enough, patches are not said.
    assert "--patches" not in run("fit", "lenet5", "--sram", "1MiB", "--flash", "1B").stdout


def test_a_plan_of_patches_alone(folder: Path) -> None:
    (folder / "board.yaml").write_text(BOARD.format(NEEDS[3]))
    words = ("suggest", "net.yaml", "--board", "board.yaml", "--patches")
    page = run(*words, "auto", cwd=folder)
    assert page.returncode == 0
    assert "The plan: no edit but patches" in page.stdout
    assert "1. the first layers up to conv2 in 3 x 3 patches" in page.stdout
    assert "2 x 2 no less; 3 x 3 0.000" in " ".join(page.stdout.split())
    for asked in ("auto", "3"):
        found = json.loads(run(*words, asked, "-f", "json", cwd=folder).stdout)
        (step,) = found["plan"]["steps"]
        assert (step["kind"], step["score"]) == ("patches", 0)
        # conv1 computes 5, 6 and 5 of 12 positions along each axis, with 9 x 9 connections each.
        again = 9 * 9 * ((5 + 6 + 5) ** 2 - 12 * 12)
        assert step["sram_saved"] == 10 * 144 - NEEDS[3]
        assert step["connections_again"] == again
        assert step["after"]["connections"] == found["before"]["connections"] + again
        assert step["after"]["sram"] == NEEDS[3]
        first, second = found["board"]["steps"]
        assert step["seconds_again"] == pytest.approx(second["time"] - first["time"])
        assert found["board"]["fits"]


def test_the_same_as_a_record(folder: Path) -> None:
    (folder / "board.yaml").write_text(BOARD.format(NEEDS[3]))
    words = ("suggest", "net.yaml", "--board", "board.yaml", "--patches", "auto", "-f", "csv")
    last = run(*words, cwd=folder).stdout.splitlines()[-1]
    assert last.startswith("plan,patches,the first layers up to conv2 in 3 x 3 patches,0.00000,")


@pytest.mark.parametrize("asked", ["1", "33", "-2", "2.5", "many", "٣", "9" * 400])
@pytest.mark.parametrize("command", ["fit", "suggest"])
def test_numbers_of_patches_that_are_none(command: str, asked: str) -> None:
    done = run(command, "lenet5", "--board", "nucleo-l4r5zi", "--patches", asked)
    assert done.returncode == 2
    assert "no number of patches" in done.stderr
    assert "a number from 2 to 32, or auto" in done.stderr


@pytest.mark.parametrize("seed", [7, 1007, 2007, 3007])
def test_random_networks_on_random_boards(seed: int) -> None:
    assert fuzz(seed, 1) == []
