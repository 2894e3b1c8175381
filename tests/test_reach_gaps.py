"""Receptive fields by hand: positions that read nothing, axes exchanged, patterns that get long,
resized maps by the positions of the resized points."""

from __future__ import annotations

from fractions import Fraction

import pytest

import cnncost
from cnncost.costs.receptive_field import ReceptiveField, find_receptive_fields

HALF = Fraction(1, 2)

GAPS = "input: [1, 8]\nlayers:\n- {name: up, conv_transpose: 1, kernel: 1, stride: 2}\n"
"""Of 15 positions every second one reads one of 8; those between read nothing."""


def reach_of(text: str) -> ReceptiveField:
    """The reach of the last layer."""
    return list(find_receptive_fields(cnncost.loads(text).network).values())[-1]


@pytest.mark.parametrize(("lines", "field", "stride"), [
    ("", 1, HALF),
    # Three positions: two that read neighbours, or one.
    ("- {conv: 1, kernel: 3}\n", 2, HALF),
    ("- {conv: 1, kernel: 2}\n", 1, HALF),
    ("- {conv: 1, kernel: 5}\n", 3, HALF),
    # Those between alone.
    ("- {crop: [[1, 0]]}\n- {maxpool: 1, stride: 2}\n", 0, 1),
    ("- {name: b, conv_transpose: 1, kernel: 1, stride: 2, from: input}\n- {add: [up, b]}\n", 1,
     HALF),
    ("- {dense: 1}\n", 8, None),
])  # fmt: skip
def test_positions_that_read_nothing(lines: str, field: int, stride: Fraction | int | None) -> None:
    assert reach_of(GAPS + lines) == ReceptiveField(((field,),), ((stride,),))


@pytest.mark.parametrize(("lines", "field", "stride"), [
    # Rows and columns exchanged: the window's first axis lies on the columns.
    ("- {permute: [1, 3, 2]}\n- {conv: 1, kernel: [3, 1], stride: [2, 1]}\n", (1, 3), (1, 2)),
    ("- {permute: [1, 3, 2]}\n- {conv: 1, kernel: [1, 3], stride: [1, 2]}\n", (3, 1), (2, 1)),
    # Rows become channels, and channels rows: each position reads all of the 5 rows.
    ("- {permute: [2, 1, 3]}\n", (5, 1), (None, 1)),
    ("- {permute: [2, 1, 3]}\n- {conv: 1, kernel: [2, 3]}\n", (5, 3), (None, 1)),
    ("- {permute: [3, 2, 1]}\n", (1, 6), (1, None)),
])  # fmt: skip
def test_axes_that_are_exchanged(
    lines: str, field: tuple[int, ...], stride: tuple[int | None, ...]
) -> None:
    assert reach_of(f"input: [4, 5, 6]\nlayers:\n{lines}") == ReceptiveField((field,), (stride,))


def test_a_gate_of_one_position_that_a_window_made() -> None:
    text = """\
input: [1, 5, 7]
layers:
- {name: map, conv: 2, kernel: 1, from: input}
- {name: gate, conv: 2, kernel: [5, 7], from: input}
- {name: it, mul: [map, gate]}
"""
    assert reach_of(text) == ReceptiveField(((5, 7),), ((None, None),))


@pytest.mark.parametrize(("factor", "known"), [(4096, True), (4097, False)])
def test_patterns_up_to_4096_positions_are_followed(factor: int, known: bool) -> None:
    one = f"input: [1, 2]\nlayers:\n- {{name: a, upsample: {factor}}}\n"
    two = f"{one}- {{name: b, upsample: {factor}, from: input}}\n- {{add: [a, b]}}\n"
    found = (
        ReceptiveField(((1,),), ((Fraction(1, factor),),)) if known else ReceptiveField(None, None)
    )
    assert reach_of(one) == reach_of(two) == found
    assert reach_of(two + "- relu\n") == found


@pytest.mark.parametrize("amount", ["[[100, 100]]", "[[0, 100]]", "[[100, 0]]"])
def test_a_map_behind_much_padding_is_read_whole(amount: str) -> None:
    found = reach_of(f"input: [1, 3]\nlayers:\n- {{pad: {amount}}}\n- {{dense: 1}}\n")
    assert found == ReceptiveField(((3,),), ((None,),))


@pytest.mark.parametrize(("line", "field", "stride"), [
    # Outputs p*3 - 1 to p*3 + 2 of input p: two inputs lie over every third, else one.
    ("{conv_transpose: 1, kernel: 4, stride: 3, padding: 1}", 2, Fraction(1, 3)),
    # Taps 2 apart under a stride of 2: outputs of odd places read nothing, others 3.
    ("{conv_transpose: 1, kernel: 3, stride: 2, dilation: 2}", 3, HALF),
    ("{conv_transpose: 1, kernel: 2, stride: 2, dilation: 3}", 1, HALF),
    ("{upsample: 2}", 1, HALF),
    ("{upsample: 2, mode: bilinear}", 2, HALF),
    ("{conv: 1, kernel: 3, dilation: 4, padding: 4}", 9, 1),
    ("{adaptive_avgpool: 5}", 4, Fraction(16, 5)),  # 0-3, 3-6, 6-9, 9-12, 12-15
    ("{pad: [[2, 1]]}", 1, 1),
])  # fmt: skip
def test_one_layer(line: str, field: int, stride: Fraction | int) -> None:
    assert reach_of(f"input: [1, 16]\nlayers:\n- {line}\n") == ReceptiveField(
        ((field,),), ((stride,),)
    )


@pytest.mark.parametrize(("size", "line", "field"), [
    # 50 starts 2 apart: the last window reads 98 to 298 of 300.
    (300, "{conv: 1, kernel: 201, stride: 2}", 299),
    # A hundred positions each: 750 of 1,000 are the first seven and a half.
    (10, "{upsample: 100}\n- {crop: [[0, 250]]}", 8),
])  # fmt: skip
def test_what_is_left_over_at_the_end_is_not_read(size: int, line: str, field: int) -> None:
    found = reach_of(f"input: [1, {size}]\nlayers:\n- {line}\n- {{dense: 1}}\n")
    assert found == ReceptiveField(((field,),), ((None,),))


@pytest.mark.parametrize(("line", "field"), [
    # Every third position from 2 on: those that a padding of 1 leaves where inputs lie,
    ("{conv_transpose: 1, kernel: 1, stride: 3, padding: [[1, 0]]}", 1),
    ("{conv_transpose: 1, kernel: 1, stride: 3, padding: [[2, 0]]}", 0),
    # and those of the second tap, 2 further.
    ("{conv_transpose: 1, kernel: 2, stride: 3, dilation: 2}", 1),
    ("{conv_transpose: 1, kernel: 2, stride: 3}", 0),
])  # fmt: skip
def test_where_painted_positions_lie(line: str, field: int) -> None:
    lines = f"- {line}\n- {{crop: [[2, 0]]}}\n- {{maxpool: 1, stride: 3}}\n"
    found = reach_of(f"input: [1, 8]\nlayers:\n{lines}")
    assert found == ReceptiveField(((field,),), ((1,),))


def test_a_map_resized_to_odd_extents() -> None:
    # Of 5 the first two lie on the first of 3, the next two on the second, the last on the third.
    found = reach_of("input: [1, 3]\nlayers:\n- {upsample, size: 5}\n")
    assert found == ReceptiveField(((1,),), ((Fraction(3, 5),),))


def _between(n: int, m: int) -> list[set[int]]:
    """What each of m points reads of n: the two neighbours of its centre, or the one it lies on."""
    found = []
    for q in range(m):
        centre = (q + Fraction(1, 2)) * Fraction(n, m) - Fraction(1, 2)
        low = centre.numerator // centre.denominator
        found.append({low} if centre == low else {low, low + 1})
    return found


@pytest.mark.parametrize(("n", "m"), [(9, 3), (15, 5), (10, 5), (8, 4), (12, 4), (6, 2), (5, 5)])
def test_a_smaller_map(n: int, m: int) -> None:
    # 9 to 3: centres on 1, 4 and 7, one position each; 10 to 5: between two positions.
    text = f"input: [1, {n}]\nlayers:\n- {{name: it, upsample, size: {m}, mode: bilinear}}\n"
    network = cnncost.loads(text).network
    (found,) = [
        r for i, r in find_receptive_fields(network).items() if network.nodes[i].name == "it"
    ]
    reads = _between(n, m)
    assert found.field == ((max(len(read) for read in reads),),)
    assert found.stride == ((Fraction(n, m),),)
