"""`run`: recurrent layers, beside the textbook's steps written out with single numbers."""

from __future__ import annotations

import json
import math
import random
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from carried_text import draw_tensor, flat, values_text
from command import run
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrent_draws import recurrent_arguments

import cnncost
from cnncost.study.run import check_runnable, run_network

Steps = list[list[float]]
"""One list per step, of one number per channel."""


def sigmoid(v: float) -> float:
    return 1 / (1 + math.exp(-v))


class Direction:
    """One direction of one layer: a matrix of x and one of the state, with PyTorch's names."""

    def __init__(self, word: str, hidden: int, own: dict[str, Any], options: dict[str, Any]):
        self.word, self.hidden, self.own, self.options = word, hidden, own, options

    def sees(self, row: int, x: list[float]) -> float:
        bias = self.own["bias_ih"][row] if "bias_ih" in self.own else 0
        return sum(float(w) * v for w, v in zip(self.own["weight_ih"][row], x, strict=True)) + bias

    def remembers(self, row: int, h: list[float]) -> float:
        bias = self.own["bias_hh"][row] if "bias_hh" in self.own else 0
        return sum(float(w) * v for w, v in zip(self.own["weight_hh"][row], h, strict=True)) + bias

    def walk(self, steps: Steps) -> Steps:
        n = self.hidden
        h, c = [0.0] * self.options.get("projection", n), [0.0] * n
        found = []
        for x in steps:
            rows = range(len(self.own["weight_ih"]))
            both = [self.sees(row, x) + self.remembers(row, h) for row in rows]
            if self.word == "rnn":
                relu = self.options.get("activation") == "relu"
                h = [max(v, 0.0) if relu else math.tanh(v) for v in both]
            elif self.word == "lstm":
                for j in range(n):
                    keep, let_in = sigmoid(both[n + j]), sigmoid(both[j])
                    c[j] = keep * c[j] + let_in * math.tanh(both[2 * n + j])
                h = [sigmoid(both[3 * n + j]) * math.tanh(c[j]) for j in range(n)]
                if "weight_hr" in self.own:
                    rows = self.own["weight_hr"]
                    h = [sum(float(w) * v for w, v in zip(row, h, strict=True)) for row in rows]
            else:
                h = self.gated(both, x, h)
            found.append(h)
        return found

    def gated(self, both: list[float], x: list[float], h: list[float]) -> list[float]:
        n, found = self.hidden, []
        reset = [sigmoid(both[j]) for j in range(n)]
        for j in range(n):
            update, row = sigmoid(both[n + j]), 2 * n + j
            if self.options.get("single_bias"):  # the paper's form
                before = [r * v for r, v in zip(reset, h, strict=True)]
                new = math.tanh(self.sees(row, x) + self.remembers(row, before))
            else:
                new = math.tanh(self.sees(row, x) + reset[j] * self.remembers(row, h))
            found.append((1 - update) * new + update * h[j])
        return found


def expected_states(word: str, hidden: int, options: dict[str, Any], own: dict[str, Any],
                    steps: Steps) -> list[float]:  # fmt: skip
    """Channel by channel, the states of the last layer; or each direction's last one."""
    sides = ["", "_reverse"][: 1 + options.get("bidirectional", False)]
    ends: list[list[float]] = []
    for number in range(options.get("layers", 1)):
        made, ends = [], []
        for side in sides:
            end = f"_l{number}{side}"
            part = {k[: -len(end)]: v for k, v in own.items() if k.endswith(end)}
            states = Direction(word, hidden, part, options).walk(steps[::-1] if side else steps)
            ends.append(states[-1])
            made.append(states[::-1] if side else states)
        steps = [list(chain(*parts)) for parts in zip(*made, strict=True)]
    if options.get("last"):
        return list(chain(*ends))
    return [step[channel] for channel in range(len(steps[0])) for step in steps]


@pytest.mark.parametrize("word", ["lstm", "gru", "rnn"])
def test_states_are_the_textbooks(word: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(recurrent_arguments(word), st.integers(0, 10**6))
    def check(drawn: tuple[tuple[int, int], int, dict[str, Any]], seed: int) -> None:
        (channels, positions), hidden, options = drawn
        generator = random.Random(seed)
        fields = "".join(f", {key}: {str(value).lower()}" for key, value in options.items())
        line = f"{word}: {hidden}{fields}"
        node = cnncost.loads(f"input: [{channels}, {positions}]\nlayers: [{{{line}}}]").network
        shapes = node.layers[0].layer.tensor_shapes(node.layers[0].inputs[0])
        own = {key: draw_tensor(dims, generator) for key, dims in shapes.items()}
        text = f"input: [{channels}, {positions}]\nlayers:\n- {{{line}, {values_text(own)}}}"
        spec = cnncost.loads(text)
        check_runnable(spec)
        x = draw_tensor((channels, positions), generator)
        (step,) = run_network(spec, {"input": flat(x)})
        columns = [[float(row[p]) for row in x] for p in range(positions)]
        theirs = expected_states(word, hidden, options, own, columns)
        assert [float(v) for v in step.output.numbers] == pytest.approx(theirs, abs=1e-12)

    check()


RNN = """\
input: [1, 2]
layers:
- {name: h, rnn: 2, activation: relu, values: {weight_ih_l0: [[2], [-1]],
   weight_hh_l0: [[1, 0.5], [0, 3]], bias_ih_l0: [0.5, 4], bias_hh_l0: [0, 1]}}
"""


def _working(path: Path, *arguments: str) -> list[str]:
    found = json.loads(run("run", str(path), *arguments, "--working", "--format", "json").stdout)
    return [line for layer in found["examples"][0]["layers"] for line in layer["working"]]


def test_a_rectified_network_worked_through(tmp_path: Path) -> None:
    """Relu keeps numbers rational. By hand, for 1 and then 1/3: units 2.5 and 4, then
    2/3 + 2.5 + 2 + 0.5 = 17/3 and -1/3 + 12 + 5 = 50/3."""
    path = tmp_path / "net.yaml"
    path.write_text(RNN)
    assert _working(path, "1,1/3", "--fractions") == [
        "A_h 1,1: 2 x 1 + 1/2 + 0 = 2 + 1/2 + 0 = 5/2",
        "A_h 2,1: -1 x 1 + 4 + 1 = -1 + 4 + 1 = 4",
        "H_h 1,1: relu(5/2) = 5/2",
        "H_h 2,1: relu(4) = 4",
        "A_h 1,2: 2 x 1/3 + 1 x 5/2 + 1/2 x 4 + 1/2 + 0 = 2/3 + 5/2 + 2 + 1/2 + 0 = 17/3",
        "A_h 2,2: -1 x 1/3 + 0 x 5/2 + 3 x 4 + 4 + 1 = -1/3 + 0 + 12 + 4 + 1 = 50/3",
        "H_h 1,2: relu(17/3) = 17/3",
        "H_h 2,2: relu(50/3) = 50/3",
    ]
    (step,) = run_network(cnncost.loads(RNN), {"input": [1, Fraction(1, 3)]})
    assert step.output.numbers == (Fraction(5, 2), Fraction(17, 3), 4, Fraction(50, 3))


def test_a_cell_of_an_lstm_worked_through(tmp_path: Path) -> None:
    """All weights 0 and the gates' biases 0 (half open), the candidate's so large that tanh is 1:
    the cell is 0.5, then 0.5 x 0.5 + 0.5; the state 0.5 tanh(0.5), 0.5 tanh(0.75)."""
    path = tmp_path / "net.yaml"
    path.write_text(
        "input: [1, 2]\nlayers:\n- {name: h, lstm: 1, single_bias: true, values: {"
        "weight_ih_l0: [[0], [0], [0], [0]], weight_hh_l0: [[0], [0], [0], [0]], "
        "bias_ih_l0: [0, 0, 40, 0]}}\n"
    )
    lines = _working(path, "7,8")
    assert lines[8:10] == [
        "C_h 1,1: 0.5 x 1 = 0.5",
        "H_h 1,1: 0.5 x tanh(0.5) = 0.5 x 0.462117 = 0.231059",
    ]
    assert lines[18:] == [
        "C_h 1,2: 0.5 x 0.5 + 0.5 x 1 = 0.25 + 0.5 = 0.75",
        "H_h 1,2: 0.5 x tanh(0.75) = 0.5 x 0.635149 = 0.317574",
    ]
    assert lines[10] == "AI_h 1,2: 0 x 8 + 0 x 0.231059 + 0 = 0 + 0 + 0 = 0"


def test_a_gru_resets_behind_its_weights_or_before(tmp_path: Path) -> None:
    """With the reset gate shut (its bias -1000: sigmoid is 0) PyTorch's form drops what is added
    to the state as well, the paper's the state alone."""
    tensors = "weight_ih_l0: [[0], [0], [0]], weight_hh_l0: [[0], [0], [5]]"
    shut = "bias_ih_l0: [-1000, -1000, 0.5]"
    two = f"{{gru: 1, values: {{{tensors}, {shut}, bias_hh_l0: [0, 0, 2]}}}}"
    one = f"{{gru: 1, single_bias: true, values: {{{tensors}, {shut}}}}}"
    for line in (two, one):
        (step,) = run_network(cnncost.loads(f"input: [1, 2]\nlayers: [{line}]"), {"input": [1, 2]})
        assert [float(v) for v in step.output.numbers] == pytest.approx([math.tanh(0.5)] * 2)


def test_both_directions_have_names_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "input: [1, 2]\nlayers:\n- {name: h, rnn: 1, bidirectional: true, activation: relu, "
        "bias: false, last: true, values: {weight_ih_l0: [[1]], weight_hh_l0: [[1]], "
        "weight_ih_l0_reverse: [[2]], weight_hh_l0_reverse: [[3]]}}\n"
    )
    # On: 1, 5 + 1 = 6. Back, the last step first: 2 x 5 = 10, 2 x 1 + 3 x 10 = 32.
    assert _working(path, "1,5")[2::2] == [
        "A_h.l0 1,2: 1 x 5 + 1 x 1 = 5 + 1 = 6",
        "A_h.l0_reverse 1,2: 2 x 5 = 10",
        "A_h.l0_reverse 1,1: 2 x 1 + 3 x 10 = 2 + 30 = 32",
    ]
    done = run("run", str(path), "1,5", "-f", "csv")
    assert done.stdout.splitlines()[1] == "1,h,rnn,2,6 32"
