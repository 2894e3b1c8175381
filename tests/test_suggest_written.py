"""The file that `cnncost suggest` writes, and its diff: what changes in it and what stays."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from command import run
from suggested import SMALL

import cnncost
from cnncost.place import Place
from cnncost.plans.edits.text_changes import SpecText, TextChange, apply_changes, unified_diff


def test_the_file_keeps_its_comments_and_layout(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SMALL)
    done = run("suggest", "net.yaml", "--budget", "weights=100K", "--diff", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    subprocess.run(["patch", "-p1", "-s"], input=done.stdout, text=True, cwd=tmp_path, check=True)
    patched = (tmp_path / "net.yaml").read_text()
    assert "# a small network" in patched
    assert "# the stem" in patched
    assert cnncost.count(cnncost.loads(patched)).totals.weights <= 100_000
    kept = set(SMALL.splitlines()) & set(patched.splitlines())
    assert len(kept) >= len(SMALL.splitlines()) - 4


@pytest.mark.parametrize("name", ["net.yaml", "deep/net.yaml"])
def test_the_diff_makes_the_file_that_is_written(name: str, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / name).write_text(SMALL)
    done = run(
        "suggest", name, "--budget", "weights=100K", "--diff", "--write", "out.yaml", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    subprocess.run(["patch", "-p1", "-s"], input=done.stdout, text=True, cwd=tmp_path, check=True)
    assert (tmp_path / name).read_text() == (tmp_path / "out.yaml").read_text()
    assert run("check", name, cwd=tmp_path).returncode == 0


def test_a_diff_without_a_last_line_break_is_a_patch(tmp_path: Path) -> None:
    text = SMALL.rstrip("\n").replace("32", "24")
    (tmp_path / "net.yaml").write_text(SMALL.rstrip("\n"))
    difference = unified_diff(SMALL.rstrip("\n"), text, "net.yaml")
    subprocess.run(["patch", "-p1", "-s"], input=difference, text=True, cwd=tmp_path, check=True)
    assert (tmp_path / "net.yaml").read_text() == text


def test_changes_nest_and_insert() -> None:
    text = "a {b: 1} c"
    line, number = Place(2, 8), Place(6, 7)
    rewritten = TextChange(line, ("[x, ", number, "]"))
    assert apply_changes(text, [TextChange(number, ("22",)), rewritten]) == "a [x, 22] c"
    assert apply_changes(text, [TextChange(Place(2, 2), ("+ ",)), rewritten]) == "a + [x, 1] c"
    assert apply_changes(text, [TextChange(number, ("22",)), TextChange(line, ("",))]) == "a  c"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{conv: 8, kernel: 3}", "{conv: 8, kernel: 3, stride: 2}"),
        ("{conv: 8, kernel: 3 }", "{conv: 8, kernel: 3, stride: 2 }"),
        ("unit: 8", "{unit: 8, stride: 2}"),
        ("unit", "{unit, stride: 2}"),
        ("conv: 8\n    kernel: 3", "conv: 8\n    kernel: 3\n    stride: 2"),
    ],
)
def test_a_key_is_added_to_any_style_of_line(line: str, expected: str) -> None:
    blocks = "blocks: {'unit(width=8, stride=1)': [{conv: width, kernel: 3, stride: stride}]}\n"
    text = f"input: [1, 9, 9]\n{blocks}layers:\n  - {line}\n  # behind\n  - relu\n"
    spec = cnncost.loads(text)
    written = next(iter(spec.written.values()))
    at = written.call.line if written.call else written.line
    change = SpecText("net.yaml", text).add_argument(at, "stride", "2")
    assert change is not None
    edited = apply_changes(text, [change])
    assert f"  - {expected}\n  # behind\n" in edited
    assert cnncost.loads(edited).network.nodes[1].output.extents == (4, 4)


def test_a_budget_is_replaced_and_expect_removed(tmp_path: Path) -> None:
    text = SMALL.replace("expect", "budget: {weights: 90K}\nexpect") + "name: Net  # its name\n"
    (tmp_path / "net.yaml").write_text(text)
    done = run("suggest", "net.yaml", "--write", "-", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    spec = cnncost.loads(done.stdout)
    assert spec.expect is None
    assert spec.budget == {"weights": 90_000}
    assert "name: Net  # its name\n" in done.stdout


def test_set_and_input_are_written_down() -> None:
    arguments = ("mobilenet_v1", "--set", "alpha=0.5", "--input", "3x192x192")
    done = run(
        "suggest", *arguments, "--budget", "connections=90%", "--write", "-", "--time-limit", "5"
    )
    assert done.returncode == 0, done.stderr
    spec = cnncost.loads(done.stdout)
    assert spec.params["alpha"] == 0.5
    # The budget is of that network: at 3x224x224 and alpha 1 the plan would keep 7 times more.
    before = cnncost.load(
        "mobilenet_v1", params={"alpha": Fraction(1, 2)}, inputs={"": (3, 192, 192)}
    )
    most = cnncost.count(before).totals.connections * 9 // 10
    assert most // 2 < cnncost.count(spec).totals.connections <= most
    assert spec.network.inputs[0].output.extents <= (192, 192)


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "mobilenet_v2", "unet"])
def test_values_that_come_through_blocks(name: str) -> None:
    done = run(
        "suggest", name, "--budget", "weights=70%", "--time-limit", "5", "--write", "-",
        "--forbid", "separable",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    before = cnncost.count(cnncost.load(name)).totals.weights
    assert cnncost.count(cnncost.loads(done.stdout)).totals.weights <= before * 7 // 10
