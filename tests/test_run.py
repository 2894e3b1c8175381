"""`run`: networks that carry their numbers, evaluated, beside loops that share no code."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.errors import CnncostError, SpecError
from cnncost.layers import TYPES
from cnncost.study.run import check_runnable, run_network
from cnncost.study.run.evaluation_rules import EVALUATED

NUMBERS = st.integers(-32, 32).map(lambda n: Fraction(n, 8))
"""Numbers that decimals write exactly."""


def outputs(text: str, **inputs: list[int | Fraction]) -> dict[str, tuple[object, ...]]:
    spec = cnncost.loads(text)
    check_runnable(spec)
    return {step.node.name: step.output.numbers for step in run_network(spec, inputs)}


def command(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cnncost", "run", *arguments],
        input=stdin, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _lines(*arguments: str) -> list[str]:
    return command(*arguments).stdout.strip().splitlines()


@given(NUMBERS, NUMBERS)
def test_minmax_gives_the_smaller_and_the_larger(a: Fraction, b: Fraction) -> None:
    steps = run_network(cnncost.load("minmax"), {"input": [a, b]})
    assert steps[-1].output.numbers == (min(a, b), max(a, b))


@pytest.mark.parametrize("values", ["3,-1", "-1,3", "-1 3", "2,2", "-0.5,-0.25", "0,0"])
def test_minmax_from_the_command_line(values: str) -> None:
    done = command("minmax", *values.split())
    assert done.returncode == 0
    a, b = map(float, values.replace(",", " ").split())
    (last,) = [line for line in done.stdout.splitlines() if line.startswith(" output ")]
    assert last.split(maxsplit=3)[-1] == f"{min(a, b):g}, {max(a, b):g}"


def test_each_layer_is_printed() -> None:
    # hidden = (-3, 3, 3 - -1, -1 - 3); relu keeps 3 and 4; (3 - 4, 3 + 0).
    entering, *rows = _lines("minmax", "3,-1")[4:-2]
    assert entering.split(maxsplit=2)[-1] == "3, -1"
    assert [row.split(maxsplit=3)[-1] for row in rows] == ["-3, 3, 4, -4", "0, 3, 4, 0", "-1, 3"]


def test_standard_input_holds_a_line_an_example() -> None:
    done = command("minmax", "-", "--format", "csv", stdin="3,-1\n\n-2.5 7\n")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["example"], row["layer"]) for row in rows] == [
        (example, layer) for example in "12" for layer in ("hidden", "rectified", "output")
    ]
    assert [row["output"] for row in rows if row["layer"] == "output"] == ["-1 3", "-2.5 7"]


def test_json_has_the_shapes() -> None:
    found = json.loads(command("minmax", "1,2", "--format", "json").stdout)
    (example,) = found["examples"]
    assert example["inputs"] == {"input": [1, 2]}
    assert example["layers"][-1] == {
        "layer": "output", "type": "dense", "output_shape": [2], "output": [1, 2],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["minmax", "1,2,3"], "3 values do not fill input, which has 2 units (2)"),
        (["minmax", "1"], "1 value does not fill input, which has 2 units (2)"),
        (["minmax", ""], "'' is no number"),
        (["minmax", "1,x"], "'x' is no number"),
        (["minmax", "left=1"], "left= names no input, or one twice\n  hint: the inputs are input"),
        (["lenet5", "1"], "conv carries no numbers"),
        (["-", "-"], "standard input cannot hold both"),
    ],
)
def test_what_does_not_fit_is_an_error(arguments: list[str], message: str) -> None:
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_one_unit_is_one() -> None:
    text = "input: [1]\nlayers: [relu]"
    with pytest.raises(CnncostError, match=r"^2 values do not fill input, which has 1 unit \(1\)"):
        outputs(text, input=[1, 2])


def test_an_error_on_standard_input_names_its_line() -> None:
    done = command("minmax", "-", stdin="1,2\n1\n")
    assert done.returncode == 2
    assert "1 value does not fill input" in done.stderr


def test_every_type_but_opaque_is_evaluated() -> None:
    assert set(TYPES) - set(EVALUATED) == {"opaque"}
    spec = cnncost.loads("input: [2]\nlayers: [{opaque: {output: [2], op: Einsum}}]")
    with pytest.raises(CnncostError, match=r"opaque1: run cannot evaluate opaque"):
        check_runnable(spec)


def test_what_a_layer_stands_for_is_not_evaluated() -> None:
    # Imports write operations without a word so: identity for a sine would pass its input on.
    spec = cnncost.loads("input: [2]\nlayers: [{identity: {stands_for: sin}}]")
    with pytest.raises(CnncostError, match="cannot evaluate sin, which identity stands for here"):
        check_runnable(spec)


def test_large_networks_are_refused_before_any_work() -> None:
    row = ", ".join(["0"] * 2000)
    rows = ", ".join([f"[{row}]"] * 5)
    lines = f"- {{linear: 5, bias: false, values: {{weights: [{rows}]}}}}"
    spec = cnncost.loads(f"input: [2000, 300]\nlayers:\n{lines}")
    with pytest.raises(CnncostError, match="more than 2,000,000 connections"):
        check_runnable(spec)


def test_several_inputs_and_shared_numbers(tmp_path: Path) -> None:
    path = tmp_path / "twin.yaml"
    path.write_text(
        "input: {left: [2], right: [2]}\n"
        "layers:\n"
        "- {name: a, dense: 1, from: left, values: {weights: [[2, 3]], bias: [1]}}\n"
        "- {name: b, dense: 1, from: right, share: a}\n"
        "- {name: y, mul: [a, b]}\n"
    )
    done = command(str(path), "left=1,2", "right=-1,0", "-f", "csv")
    # a = 2 + 6 + 1 = 9, b = -2 + 1 = -1
    assert [row.split(",")[-1] for row in done.stdout.splitlines()] == ["output", "9", "-1", "-9"]
    assert "twin has several inputs" in command(str(path), "1,2").stderr
    assert "the input right has no values" in command(str(path), "left=1,2").stderr


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[str, list[Fraction], list[Fraction]]:
    """A convolution's spec with its numbers, an input, and its output by loops."""
    groups = draw(st.integers(1, 2))
    channels, filters = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kernel = [draw(st.integers(1, 3)) for _ in range(2)]
    stride = [draw(st.integers(1, 2)) for _ in range(2)]
    spread = [draw(st.integers(1, 2)) for _ in range(2)]
    padding = [(draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(2)]
    size = [(k - 1) * d + draw(st.integers(1, 3)) for k, d in zip(kernel, spread, strict=True)]
    seen = channels // groups
    weights = {
        at: draw(NUMBERS) for at in product(range(filters), range(seen), *map(range, kernel))
    }
    bias = [draw(NUMBERS) for _ in range(filters)]
    x = {at: draw(NUMBERS) for at in product(range(channels), *map(range, size))}
    extents = [
        len(range(-before, n + after - (k - 1) * d, s))
        for n, k, s, d, (before, after) in zip(size, kernel, stride, spread, padding, strict=True)
    ]
    expected = []
    for f, i, j in product(range(filters), *map(range, extents)):
        total = bias[f]
        for c, u, v in product(range(seen), *map(range, kernel)):
            row = i * stride[0] + u * spread[0] - padding[0][0]
            column = j * stride[1] + v * spread[1] - padding[1][0]
            channel = f // (filters // groups) * seen + c
            total += weights[f, c, u, v] * x.get((channel, row, column), 0)
        expected.append(total)
    rows = [
        [float(weights[f, *at]) for at in product(range(seen), *map(range, kernel))]
        for f in range(filters)
    ]
    text = (
        f"input: [{channels}, {size[0]}, {size[1]}]\nlayers:\n"
        f"- {{conv: {filters}, kernel: {kernel}, stride: {stride}, dilation: {spread}, "
        f"padding: {[list(pair) for pair in padding]}, groups: {groups}, "
        f"values: {{weights: {rows}, bias: {[float(b) for b in bias]}}}}}"
    )
    return text, list(x.values()), expected


@settings(max_examples=60, deadline=None)
@given(convolutions())
def test_convolutions_equal_loops(case: tuple[str, list[Fraction], list[Fraction]]) -> None:
    text, x, expected = case
    assert list(outputs(text, input=x)["conv1"]) == expected


def test_nested_rows_are_a_filters_maps() -> None:
    flat = "input: [2, 1, 2]\nlayers: [{conv: 1, kernel: [1, 2], bias: false, values: %s}]"
    x = [1, 2, 3, 4]
    one = outputs(flat % "{weights: [[1, 2, 3, 4]]}", input=x)
    other = outputs(flat % "{weights: [[[[1, 2]], [[3, 4]]]]}", input=x)
    assert one == other == {"conv1": (1 + 4 + 9 + 16,)}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("maxpool: 2", (5, 7)),
        ("{maxpool: 3, stride: 2, padding: 1}", (5, 7)),
        ("avgpool: 2", (Fraction(12, 4), Fraction(1, 4))),
        # The windows start at -1: zeros of the padding count, what lies beyond it does not.
        ("{avgpool: 3, stride: 3, padding: 1}", (Fraction(1 + 2 + 4 + 5, 9), Fraction(7 - 6, 9))),
        ("{avgpool: [1, 3], stride: [1, 3], ceil: true}", (1, 7, 1, 0)),
        ("global_avgpool", (Fraction(1 + 2 + 0 + 7 + 4 + 5 - 6 + 0, 8),)),
        ("global_maxpool", (7,)),
        ("{crop: [[0, 0], [1, 2]]}", (2, 5)),
        ("{pad: [[1, 0], [0, 0]]}", (0, 0, 0, 0, 1, 2, 0, 7, 4, 5, -6, 0)),
        ("{permute: [1, 3, 2]}", (1, 4, 2, 5, 0, -6, 7, 0)),
        ("relu", (1, 2, 0, 7, 4, 5, 0, 0)),
        ("relu6", (1, 2, 0, 6, 4, 5, 0, 0)),
        ("leaky_relu", (1, 2, 0, 7, 4, 5, Fraction(-6, 100), 0)),
        ("hardsigmoid", (*[Fraction(n, 6) for n in (4, 5, 3, 6, 6, 6, 0, 3)],)),
        ("step", (1, 1, 1, 1, 1, 1, 0, 1)),
        ("{dropout: 0.5}", (1, 2, 0, 7, 4, 5, -6, 0)),
        ("{slice: [0, 1]}", (1, 2, 0, 7, 4, 5, -6, 0)),
        ("{concat: [previous, previous]}", (1, 2, 0, 7, 4, 5, -6, 0) * 2),
        ("{add: [previous, previous]}", (2, 4, 0, 14, 8, 10, -12, 0)),
    ],
)
def test_plain_layers_by_hand(line: str, expected: tuple[object, ...]) -> None:
    text = f"input: [1, 2, 4]\nlayers: [identity, {line}]"
    assert list(outputs(text, input=[1, 2, 0, 7, 4, 5, -6, 0]).values())[-1] == expected


@pytest.mark.parametrize(
    ("word", "x", "y"),
    [
        ("tanh", 0.5, 0.46211715726000973), ("sigmoid", 2, 0.8807970779778823),
        ("sigmoid", -2, 0.11920292202211755), ("gelu", 1, 0.8413447460685429),
        ("silu", 2, 1.7615941559557646), ("softplus", 0, 0.6931471805599453),
        ("elu", -1, -0.6321205588285577), ("selu", -1, -1.1113307378125625),
        ("mish", 1, 0.8650983882673103), ("softplus", 800, 800.0), ("sigmoid", -800, 0.0),
    ],
)  # fmt: skip
def test_curves_by_their_tables(word: str, x: float, y: float) -> None:
    """Values of the functions to sixteen digits, from their definitions by mpmath."""
    (found,) = outputs(f"input: [1]\nlayers: [{word}]", input=[Fraction(x)])[f"{word}1"]
    assert isinstance(found, float)
    assert math.isclose(found, y, rel_tol=1e-14, abs_tol=1e-300)


def test_softmax_does_not_overflow() -> None:
    (found,) = outputs("input: [3]\nlayers: [softmax]", input=[1000, 1000, -1000]).values()
    assert found == (0.5, 0.5, 0.0)
    (found,) = outputs("input: [2]\nlayers: [logsoftmax]", input=[0, 0]).values()
    assert found == (-math.log(2), -math.log(2))


def test_a_product_with_a_gate() -> None:
    text = "input: [2, 1, 2]\nlayers:\n- {mul: [input, g]}\n".replace(
        "- {mul", "- {name: g, global_avgpool}\n- {mul"
    )
    assert outputs(text, input=[1, 3, 0, 4])["mul1"] == (2, 6, 0, 8)


def test_numbers_too_large_for_curves_are_an_error() -> None:
    spec = cnncost.loads("input: [1]\nlayers: [{name: squash, tanh}]")
    with pytest.raises(CnncostError, match="squash: a number beyond 1e308"):
        run_network(spec, {"input": [10**400]})


def test_values_in_a_block_go_for_every_copy() -> None:
    text = (
        "input: [1]\nblocks:\n"
        "  double: [{dense: 1, bias: false, values: {weights: [[2]]}}]\n"
        "layers: [{double, repeat: 3}]"
    )
    assert [found for (found,) in outputs(text, input=[5]).values()] == [10, 20, 40]


def test_sizes_are_checked_in_each_copy() -> None:
    text = (
        "input: [2]\nblocks:\n"
        "  sum: [{dense: 1, bias: false, values: {weights: [[1, 1]]}}]\n"
        "layers: [sum, sum]"
    )
    with pytest.raises(SpecError, match=r"row 1 of values has 2 weights, but .* sum2\.dense1"):
        cnncost.loads(text)
