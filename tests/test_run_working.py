"""`run`: each unit's working, exact fractions, threshold units."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from command import run

import cnncost
from cnncost.study.run import run_network


def outputs(text: str, x: list[int | Fraction]) -> dict[str, tuple[object, ...]]:
    return {s.node.name: s.output.numbers for s in run_network(cnncost.loads(text), {"input": x})}


def _working(*arguments: str) -> list[str]:
    found = json.loads(run("run", *arguments, "--working", "--format", "json").stdout)
    (example,) = found["examples"]
    return [line for layer in example["layers"] for line in layer["working"]]


def test_minmax_worked_through() -> None:
    # By hand for (3, -1): relu keeps what is above zero; -1 = 3 - 4 and 3 = 3 + 0.
    assert _working("minmax", "3,-1") == [
        "-1 x 3 + 0 x -1 = -3 + 0 = -3",
        "1 x 3 + 0 x -1 = 3 + 0 = 3",
        "1 x 3 + -1 x -1 = 3 + 1 = 4",
        "-1 x 3 + 1 x -1 = -3 - 1 = -4",
        "relu(-3) = 0",
        "relu(3) = 3",
        "relu(4) = 4",
        "relu(-4) = 0",
        "-1 x 0 + 1 x 3 + -1 x 4 + 0 x 0 = 0 + 3 - 4 + 0 = -1",
        "-1 x 0 + 1 x 3 + 0 x 4 + 1 x 0 = 0 + 3 + 0 + 0 = 3",
    ]


XOR = """\
input: [2]
layers:
  - {name: hidden, dense: 2, values: {weights: [[1, 1], [1, 1]], bias: [-0.5, -1.5]}}
  - {name: on, step}
  - {name: output, dense: 1, values: {weights: [[1, -1]], bias: [-0.5]}}
  - {name: y, step}
"""


@pytest.mark.parametrize(("a", "b", "y"), [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_threshold_units_compute_xor(a: int, b: int, y: int) -> None:
    # h1 = a or b, h2 = a and b, y = h1 and not h2 (Minsky & Papert 1969: one unit cannot).
    found = outputs(XOR, [a, b])
    assert found["on"] == (int(a + b >= 1), int(a + b >= 2))
    assert found["y"] == (y,)


def test_a_threshold_unit_is_1_at_zero() -> None:
    assert outputs("input: [3]\nlayers: [step]", [Fraction(-1, 10**30), 0, 2]) == {
        "step1": (0, 1, 1)
    }


def test_other_layers_worked_through(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "input: [1, 2, 2]\nlayers:\n"
        "- {name: c, conv: 1, kernel: [1, 2], padding: [[0, 0], [1, 0]],"
        " values: {weights: [[2, -1]], bias: [0.5]}}\n"
        "- {maxpool: [2, 1]}\n- {avgpool: [1, 2]}\n- flatten\n"
        "- {add: [previous, previous]}\n- {mul: [previous, previous]}\n- softmax\n"
    )
    # The windows of c: (0, 1) (1, 3) and (0, -2) (-2, 4), of which padding is left out.
    assert _working(str(path), "1,3,-2,4", "--fractions") == [
        "-1 x 1 + 1/2 = -1 + 1/2 = -1/2",
        "2 x 1 + -1 x 3 + 1/2 = 2 - 3 + 1/2 = -1/2",
        "-1 x -2 + 1/2 = 2 + 1/2 = 5/2",
        "2 x -2 + -1 x 4 + 1/2 = -4 - 4 + 1/2 = -15/2",
        "max(-1/2, 5/2) = 5/2",
        "max(-1/2, -15/2) = -1/2",
        "(5/2 - 1/2) / 2 = 1",
        "1 + 1 = 2",
        "2 x 2 = 4",
        "exp(4) / (exp(4)) = 1",
    ]


def test_fractions_are_exact() -> None:
    # min(1/3, -3/2) by 1/3 - (1/3 + 3/2); sixths, whose decimals never end.
    found = json.loads(run("run", "minmax", "1/3,-1.5", "--fractions", "--format", "json").stdout)
    first, _, last = found["examples"][0]["layers"]
    assert first["output"] == ["-1/3", "1/3", "11/6", "-11/6"]
    assert last["output"] == ["-3/2", "1/3"]
    assert "'1/0' is no number" in run("run", "minmax", "1/0,1").stderr


def test_curves_are_not_rational(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("input: [1]\nlayers: [{name: t, tanh}]\n")
    done = run("run", str(path), "0.5", "--fractions", "--working")
    assert "tanh(1/2) = 0.462117" in done.stdout
    assert "Numbers of curves such as tanh are not rational: six digits are shown." in done.stdout


def test_working_is_for_small_networks(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("input: [6000]\nlayers: [relu]\n")
    done = run("run", str(path), ",".join(["1"] * 6000), "--working")
    assert done.returncode == 2
    assert (
        "0 products and 6,000 units, more than the 5,000 that --working writes out" in done.stderr
    )
    done = run("run", "minmax", "3,-1", "--working", "--format", "csv")
    assert done.stdout.splitlines()[2].endswith(
        "relu(-3) = 0; relu(3) = 3; relu(4) = 4; relu(-4) = 0"
    )
    assert "working" not in run("run", "minmax", "3,-1", "--format", "csv").stdout
