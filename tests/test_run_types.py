"""`run`: the layer types besides recurrent ones, with their arithmetic spelled out or by loops."""

from __future__ import annotations

import json
import math
import random
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from carried_text import draw_input, draw_tensor, flat, values_text
from command import run
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.errors import CnncostError
from cnncost.study.run import check_runnable, run_network

Third = Fraction(1, 3)


def outputs(text: str, x: list[Fraction | int]) -> tuple[object, ...]:
    spec = cnncost.loads(text)
    check_runnable(spec)
    return tuple(run_network(spec, {"input": x})[-1].output.numbers)


@pytest.mark.parametrize(
    ("dims", "line", "x", "expected"),
    [
        # Each unit has weights of its own: 1 x 1 + 2 x 2 + 10, 3 x 2 + 4 x 3 + 20.
        ("[1, 3]", "{locally_connected: 1, kernel: 2, values: "
         "{weights: [[[1, 2], [3, 4]]], bias: [[10, 20]]}}", [1, 2, 3], (15, 38)),
        # Input 1 paints 2, 3 at 0 and 1; input 5 paints 10, 15 at 2 and 3: steps of the stride.
        ("[1, 2]", "{conv_transpose: 1, kernel: 2, stride: 2, values: "
         "{weights: [[2, 3]], bias: [1]}}", [1, 5], (3, 4, 11, 16)),
        # Overlapping by one and cropped by one: of 2, 3 + 10, 15 the 13 is left.
        ("[1, 2]", "{conv_transpose: 1, kernel: 2, padding: 1, values: "
         "{weights: [[2, 3]], bias: [0]}}", [1, 5], (13,)),
        # LeNet-5's: 2 x (1 + 3) + 0.5, 2 x (5 - 7) + 0.5.
        ("[1, 4]", "{subsample: 2, values: {weights: [2], bias: [0.5]}}", [1, 3, 5, -7],
         (Fraction(17, 2), Fraction(-7, 2))),
        ("[2, 2]", "{prelu, values: {weights: [0.25, 0.5]}}", [1, -4, -4, 2], (1, -1, -2, 2)),
        ("[2]", "{prelu, shared: true, values: {weights: [0.25]}}", [-4, -8], (-1, -2)),
        ("[2, 2]", "{scale, values: {weights: [3, -1]}}", [1, 2, 3, 4], (3, 6, -3, -4)),
        # Rows of the table are words, columns of the output positions.
        ("[2]", "{embedding: 3, vocabulary: 2, values: {weights: [[1, 2, 3], [4, 5, 6]]}}",
         [1, 0], (4, 1, 5, 2, 6, 3)),
        ("[2, 2]", "{position_embedding: 3, values: {weights: [[1, 2], [3, 4], [9, 9]]}}",
         [0, 10, 20, 30], (1, 13, 22, 34)),
        # Each filter sees the maps that `connects` lists: 2 x 1, then 3 x 1 + 5 x 10.
        ("[2, 1]", "{conv: 2, kernel: 1, bias: false, connects: [[0], [0, 1]], values: "
         "{weights: [[2], [3], [5]]}}", [1, 10], (2, 53)),
        # Six channels in two groups: 0 3 1 4 2 5.
        ("[6, 1]", "{channel_shuffle: 2}", [0, 1, 2, 3, 4, 5], (0, 3, 1, 4, 2, 5)),
        ("[2, 2]", "{pixel_shuffle: 2}", [1, 2, 3, 4], (1, 3, 2, 4)),
        ("[1, 4]", "{space_to_depth: 2}", [1, 3, 2, 4], (1, 2, 3, 4)),
        ("[1, 2]", "{upsample: 2}", [1, 5], (1, 1, 5, 5)),
        # Middles at -1/4, 1/4, 3/4, 5/4 of the input, those outside held at the edge.
        ("[1, 2]", "{upsample: 2, mode: bilinear}", [1, 5], (1, 2, 4, 5)),
        # Five into two: 0 to 2 and 2 to 4 (Lin et al.'s windows overlap where they must).
        ("[1, 5]", "{adaptive_avgpool: 2}", [1, 2, 4, 5, 6], (7 * Third, 5)),
        ("[1, 5]", "{adaptive_maxpool: 2}", [1, 9, 4, 5, 6], (9, 6)),
    ],
)  # fmt: skip
def test_rational_types_by_hand(dims: str, line: str, x: list[int], expected: object) -> None:
    assert outputs(f"input: {dims}\nlayers: [{line}]", list(x)) == expected


def test_a_product_of_two_activations_head_by_head() -> None:
    # A head's 1x2 row times its 2x2 matrix: (1, 2) (1 2; 3 4) = (7, 10); (3, 4) (5 6; 7 8).
    text = "input: {a: [2, 2], b: [4, 2]}\nlayers:\n- {matmul: [a, b], groups: 2}\n"
    spec = cnncost.loads(text)
    found = run_network(spec, {"a": [1, 2, 3, 4], "b": [1, 2, 3, 4, 5, 6, 7, 8]})
    assert found[0].output.numbers == (7, 10, 15 + 28, 18 + 32)


EPSILON = 1e-5


@pytest.mark.parametrize(
    ("dims", "line", "x", "expected"),
    [
        # The mean 4, the mean square distance (9 + 9) / 2 = 9.
        ("[2]", "{layernorm, values: {weights: [2, 1], bias: [0, 10]}}", [1, 7],
         (-6 / math.sqrt(9 + EPSILON), 10 + 3 / math.sqrt(9 + EPSILON))),
        # Each position over its channels: 1 and 7, 5 and 5.
        ("[2, 2]", "{layernorm, affine: false}", [1, 5, 7, 5],
         (-3 / math.sqrt(9 + EPSILON), 0, 3 / math.sqrt(9 + EPSILON), 0)),
        # Each channel over its positions: 1 and 5, 7 and 5.
        ("[2, 2]", "{instancenorm, affine: false}", [1, 5, 7, 5],
         (-2 / math.sqrt(4 + EPSILON), 2 / math.sqrt(4 + EPSILON),
          1 / math.sqrt(1 + EPSILON), -1 / math.sqrt(1 + EPSILON))),
        ("[2, 2]", "{groupnorm: 1, affine: false}", [1, 5, 7, 3],
         tuple(v / math.sqrt(5 + EPSILON) for v in (-3, 1, 3, -1))),
        ("[2, 1]", "{batchnorm, values: {weights: [3, 1], bias: [1, 0], running_mean: [4, 0], "
         "running_var: [0.25, 1]}}", [5, 2],
         (1 + 3 / math.sqrt(0.25 + EPSILON), 2 / math.sqrt(1 + EPSILON))),
        # The mean square (9 + 16) / 2 = 12.5.
        ("[2]", "{rmsnorm, values: {weights: [2, 1]}}", [3, -4],
         (6 / math.sqrt(12.5 + EPSILON), -4 / math.sqrt(12.5 + EPSILON))),
        # Three neighbours, the one before the first a zero: (4 + 9) / 3, then (4 + 9 + 16) / 3.
        ("[3]", "{lrn: 3}", [2, 3, 4],
         (2 / (1 + 1e-4 * 13 / 3) ** 0.75, 3 / (1 + 1e-4 * 29 / 3) ** 0.75,
          4 / (1 + 1e-4 * 25 / 3) ** 0.75)),
    ],
)  # fmt: skip
def test_norms_by_hand(dims: str, line: str, x: list[int], expected: tuple[float, ...]) -> None:
    found = outputs(f"input: {dims}\nlayers: [{line}]", list(x))
    assert found == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.integers(1, 3),
       st.integers(1, 3), st.booleans(), st.integers(0, 10**6))  # fmt: skip
def test_attention_equals_loops(
    few: int, copies: int, width: int, channels: int, positions: int, bias: bool, seed: int
) -> None:
    """softmax over the keys of q . k / sqrt(width), times the values; heads read shared ones."""
    generator, heads = random.Random(seed), few * copies
    dim, narrow = heads * width, few * width
    shapes = {
        "in_proj_weight": (dim + 2 * narrow, channels), "in_proj_bias": (dim + 2 * narrow,),
        "out_proj.weight": (channels, dim), "out_proj.bias": (channels,),
    }  # fmt: skip
    own = {k: draw_tensor(s, generator) for k, s in shapes.items() if bias or "bias" not in k}
    line = f"attention: {heads}, dim: {dim}, kv_heads: {few}, bias: {str(bias).lower()}"
    text = f"input: [{channels}, {positions}]\nlayers: [{{{line}, {values_text(own)}}}]"
    x = draw_input((channels, positions), generator)

    def project(row: int, p: int) -> float:
        added = own["in_proj_bias"][row] if bias else 0
        weights = own["in_proj_weight"][row]
        return float(added + sum(weights[c] * x[c * positions + p] for c in range(channels)))

    heard = {}
    for head, p in product(range(heads), range(positions)):
        shared = head // copies
        scores = [
            sum(
                project(head * width + j, p) * project(dim + shared * width + j, q)
                for j in range(width)
            )
            / math.sqrt(width)
            for q in range(positions)
        ]
        shares = [math.exp(s) / sum(map(math.exp, scores)) for s in scores]
        for j in range(width):
            row = dim + narrow + shared * width + j
            heard[head * width + j, p] = sum(
                share * project(row, q) for q, share in enumerate(shares)
            )
    expected = [
        sum(float(own["out_proj.weight"][c][i]) * heard[i, p] for i in range(dim))
        + float(own["out_proj.bias"][c] if bias else 0)
        for c, p in product(range(channels), range(positions))
    ]
    assert outputs(text, x) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 2), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3),
       st.integers(0, 1), st.integers(0, 10**6))  # fmt: skip
def test_transposed_convolutions_equal_loops(
    groups: int, each: int, kernel: int, stride: int, crop: int, seed: int
) -> None:
    """Every unit of the input paints its window of the output, which is then cropped."""
    generator = random.Random(seed)
    channels, filters, extents = groups * 2, groups * each, (2, 3)
    own = {"weight": draw_tensor((channels, each, kernel, kernel), generator)}
    x = draw_tensor((channels, *extents), generator)
    painted: dict[tuple[int, int, int], Fraction] = {}
    for c, i, j, f, u, v in product(
        range(channels), range(2), range(3), range(each), range(kernel), range(kernel)
    ):
        at = (c // 2 * each + f, i * stride + u - crop, j * stride + v - crop)
        painted[at] = painted.get(at, Fraction(0)) + own["weight"][c][f][u][v] * x[c][i][j]
    sizes = [(n - 1) * stride + kernel - 2 * crop for n in extents]
    if min(sizes) < 1:
        return
    line = f"conv_transpose: {filters}, kernel: {kernel}, stride: {stride}, padding: {crop}"
    text = (
        f"input: [{channels}, 2, 3]\nlayers: "
        f"[{{{line}, groups: {groups}, bias: false, {values_text(own)}}}]"
    )
    places = product(range(filters), *map(range, sizes))
    assert outputs(text, flat(x)) == tuple(painted.get(at, 0) for at in places)


def test_a_layer_without_numbers_says_which_it_needs() -> None:
    spec = cnncost.loads("input: [3, 5]\nlayers: [{name: h, lstm: 4, single_bias: true}]")
    with pytest.raises(CnncostError) as caught:
        check_runnable(spec)
    assert caught.value.what.endswith("h: lstm carries no numbers")
    assert caught.value.hint == (
        "give it values: {weight_ih_l0: 16x3, weight_hh_l0: 16x4, bias_ih_l0: 16}, "
        "lists of these sizes"
    )


def test_an_index_that_no_word_has() -> None:
    line = "{name: e, embedding: 1, vocabulary: 3, values: {weights: [[1], [2], [3]]}}"
    text = f"input: [1]\nlayers: [{line}]"
    for index, shown in ((3, "3"), (-1, "-1"), (Fraction(1, 2), "0.5")):
        with pytest.raises(CnncostError, match=rf"^e: {shown} is no index of a vocabulary of 3"):
            outputs(text, [index])


def test_a_negative_variance_is_an_error() -> None:
    line = "{name: n, batchnorm, affine: false, values: {running_mean: [0], running_var: [-1]}}"
    with pytest.raises(CnncostError, match=r"^n: a variance of -1, and none is below zero"):
        outputs(f"input: [1, 2]\nlayers: [{line}]", [1, 2])


def test_numbers_that_overflow_are_an_error() -> None:
    # Floats overflow without an exception where they are multiplied.
    line = "{name: big, scale, values: {weights: [1e300]}}"
    text = f"input: [1, 1]\nlayers: [softplus, {line}, {line.replace('big', 'again')}]"
    with pytest.raises(CnncostError, match=r"^again: a number beyond 1e308"):
        outputs(text, [5])


def _working(path: Path, text: str, *arguments: str) -> list[str]:
    path.write_text(text)
    found = json.loads(run("run", str(path), *arguments, "--working", "--format", "json").stdout)
    return [line for layer in found["examples"][0]["layers"] for line in layer["working"]]


def test_attention_worked_through(tmp_path: Path) -> None:
    """One channel, two positions 0 and 2; queries and keys are the input, values twice it. The
    scores of the query 0 are 0 and 0: half of each value."""
    lines = _working(
        tmp_path / "net.yaml",
        "input: [1, 2]\nlayers: [{name: y, attention: 1, bias: false, values: "
        "{in_proj_weight: [[1], [1], [2]], out_proj.weight: [[3]]}}]\n",
        "0,2",
    )
    assert lines[:6] == [
        "Q_y 1,1: 1 x 0 = 0", "Q_y 1,2: 1 x 2 = 2", "K_y 1,1: 1 x 0 = 0", "K_y 1,2: 1 x 2 = 2",
        "V_y 1,1: 2 x 0 = 0", "V_y 1,2: 2 x 2 = 4",
    ]  # fmt: skip
    assert lines[8:10] == [
        "A_y 1,1,1: exp(0) / (exp(0) + exp(0)) = 0.5",
        "A_y 1,2,1: exp(0) / (exp(0) + exp(0)) = 0.5",
    ]
    assert lines[11] == "S_y 1,2,2: 2 x 2 / sqrt(1) = 4 / sqrt(1) = 4"
    assert "H_y 1,1: 0 x 0.5 + 4 x 0.5 = 0 + 2 = 2" in lines
    assert "y 1,1: 3 x 2 = 6" in lines


def test_norms_worked_through(tmp_path: Path) -> None:
    line = "{name: y, layernorm, values: {weights: [2, 1], bias: [0, 10]}}"
    assert _working(tmp_path / "net.yaml", f"input: [2]\nlayers: [{line}]\n", "1,7") == [
        "μ_y: (1 + 7) / 2 = 4",
        "σ_y: sqrt(((1 - 4)^2 + (7 - 4)^2) / 2 + 1e-05) = sqrt((9 + 9) / 2 + 1e-05) = 3",
        "y 1: 2 x (1 - 4) / 3 + 0 = 2 x -0.999999 + 0 = -2 + 0 = -2",
        "y 2: 1 x (7 - 4) / 3 + 10 = 1 x 0.999999 + 10 = 0.999999 + 10 = 11",
    ]
