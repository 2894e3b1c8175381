"""What a student reads first: the plan, what it saves and may cost, and what to type next."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import struct
import subprocess
import termios
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path

import pytest
from command import CNNCOST, run
from suggested import SMALL, found

import cnncost


def _on_a_terminal(columns: int, *arguments: str) -> list[str]:
    """The lines that a terminal of so many columns shows."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    shown = b""
    with subprocess.Popen([*CNNCOST, *arguments], stdout=follower, stderr=subprocess.DEVNULL):
        os.close(follower)
        with suppress(OSError):  # the other side is closed
            while part := os.read(leader, 65536):
                shown += part
    os.close(leader)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
    return [line.rstrip() for line in plain.splitlines()]


@pytest.mark.parametrize("name", ["alexnet", "resnet50", "mobilenet_v2"])
def test_the_first_screen_answers_a_student(name: str) -> None:
    lines = _on_a_terminal(80, "suggest", name, "--budget", "connections=50%")
    assert max(map(len, lines)) <= 80
    said = " ".join(" ".join(lines[:40]).split())
    assert re.search(r"The plan: \d+ edits?", said)  # what do I change
    assert re.search(r"Saves 5\d % of the connections", said)  # what do I save
    assert re.search(r"estimated error x 1\.\d\d, 90 % between \d\.\d\d and \d\.\d\d", said)
    typed = f"cnncost suggest {name} --budget connections=50% --write {name}_plan.yaml"
    assert f"To write it: {typed}" in said  # what do I type next
    assert " ".join(lines).count("estimates of ln(error after / before)") == 1


def test_the_command_that_is_said_writes_the_plan(tmp_path: Path) -> None:
    (tmp_path / "my net.yaml").write_text(SMALL)
    command = ["suggest", "my net.yaml", "--budget", "weights=40%"]
    said = " ".join(run(*command, cwd=tmp_path).stdout.split())
    words = said.split("To write it: cnncost ")[1].split(" Optimal over")[0]
    assert run(*shlex.split(words), cwd=tmp_path).returncode == 0
    totals = cnncost.count(cnncost.load(tmp_path / "my net_plan.yaml")).totals
    assert totals.weights <= cnncost.count(cnncost.loads(SMALL)).totals.weights * 40 // 100


def test_long_phrases_wrap_and_numbers_stay_whole() -> None:
    wide = _on_a_terminal(200, "suggest", "mobilenet_v2", "--budget", "connections=50%")
    narrow = _on_a_terminal(80, "suggest", "mobilenet_v2", "--budget", "connections=50%")
    amounts = [
        re.findall(r"\d{1,3}(?:,\d{3})+|0\.\d{3}", " ".join(lines)) for lines in (wide, narrow)
    ]
    assert sorted(amounts[0]) == sorted(amounts[1])
    assert max(map(len, narrow)) <= 80


def test_the_textbooks_edits_of_alexnet_stand_among_the_single_ones() -> None:
    lines = _on_a_terminal(80, "suggest", "alexnet")[:40]
    said = " ".join(" ".join(lines).split())
    assert "maxpool to 6x6 before fc1 " in said
    assert "fc1 and fc2: 4096 to 512 units " in said
    data = found("alexnet")
    (joint,) = [
        one for one in data["single_edits"] if one["edit"] == "fc1 and fc2: 4096 to 512 units"
    ]
    # fc1 reads 13 x 13 x 256 values, fc2 4,096, the output 4,096 of 1,000 classes.
    others = 200_415_264 - 43_264 * 4096 - 4096 * 4096 - 4096 * 1000
    assert joint["after"]["weights"] == others + 43_264 * 512 + 512 * 512 + 512 * 1000


def test_dense_layers_of_several_widths_are_not_narrowed_alike() -> None:
    text = (
        "input: [3, 8, 8]\nlayers: [{conv: 8, kernel: 3}, {dense: 4096}, {dense: %s}, {dense: 9}]"
    )
    for width, alike in ((4096, True), (2048, False)):
        edits = [one["edit"] for one in found("-", text=text % width)["single_edits"]]
        assert any("dense1 and dense2" in edit for edit in edits) == alike


def test_no_column_is_empty() -> None:
    for budget in (
        (),
        ("--budget", "weights=60%"),
        ("--budget", "weights=60%", "--budget", "units=1G"),
    ):
        page = run("suggest", "-", *budget, "-f", "markdown", text=SMALL).stdout
        for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
            _, _, *rows = [line.strip("|").split("|") for line in table.splitlines()]
            for column in zip(*rows, strict=True):
                assert any(cell.strip() for cell in column), page


MANY = (
    """\
input: [3, 16, 16]
layers:
"""
    + "".join(f"  - {{name: c{n}, conv: 64, kernel: 3, padding: 1}}\n  - relu\n" for n in range(9))
    + """\
  - global_avgpool
  - {dense: 10}
"""
)


def test_a_plan_of_many_edits_says_what_few_would_miss() -> None:
    kinds = ("grouped", "separable", "low-rank", "bottleneck", "asymmetric", "resolution",
             "stride", "pooling", "kernel", "depth")  # fmt: skip
    forbidden = [word for kind in kinds for word in ("--forbid", kind)]
    command = ("suggest", "-", "--budget", "weights=35%", *forbidden)
    said = " ".join(run(*command, text=MANY).stdout.split())
    plan = json.loads(run(*command, "-f", "json", text=MANY).stdout)["plan"]
    assert len(plan["steps"]) > 3
    # Three of nine equal layers at a quarter each still leave about half of the weights.
    share = re.search(r"the 3 of these that save most miss them by (\d+) % of the weights", said)
    assert share is not None, said
    assert "No 3 edits hold the budgets" in said
    limit = cnncost.count(cnncost.loads(MANY)).totals.weights * 35 // 100
    assert 5 <= int(share[1]) <= 100
    assert plan["after"]["weights"] <= limit


def test_a_plan_that_is_preferred_for_its_few_edits_is_not_said_to_be_the_best_of_all() -> None:
    command = ("suggest", "alexnet", "--budget", "weights=20M")
    data = json.loads(run(*command, "-f", "json").stdout)
    plan, others = data["plan"], data["others"]
    better = [other for other in others if other["price"] < plan["price"]]
    said = " ".join(run(*command).stdout.split())
    assert plan["proved"]
    assert all(len(other["steps"]) > len(plan["steps"]) for other in better)
    assert ("no plan of so few edits adds up to less" in said) == bool(better)
    assert ("no plan's edits add up to less" in said) == (not better)
