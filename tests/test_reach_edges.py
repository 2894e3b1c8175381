"""What a whole map reads at its edges, and where branches meet, by hand and by loops."""

from __future__ import annotations

from fractions import Fraction

import pytest

import cnncost
from cnncost.costs.input_positions import READINGS
from cnncost.costs.receptive_field import ReceptiveField, find_receptive_fields
from cnncost.layers import TYPES


def _reach(size: int, *lines: str) -> ReceptiveField:
    """The reach of the last line."""
    text = f"input: [1, {size}]\nlayers:\n" + "".join(f"- {line}\n" for line in lines)
    return list(find_receptive_fields(cnncost.loads(text).network).values())[-1]


def _whole(size: int, *lines: str) -> int:
    """So many input positions, from the first to the last, does a dense layer read behind them."""
    found = _reach(size, *lines, "{dense: 1}").field
    assert found is not None
    return found[0][0]


Dilated = tuple[int, int, int, int, int, int]
"""Input positions, kernel, stride, dilation, padding before and after."""


def _pairs(word: str, case: Dilated) -> set[int]:
    """The input positions that some tap of some output lies on."""
    n, kernel, stride, dilation, before, after = case
    reach = dilation * (kernel - 1) + 1
    if word == "conv":
        outputs = (n + before + after - reach) // stride + 1
        reads = {o * stride + k * dilation - before for o in range(outputs) for k in range(kernel)}
        return reads & set(range(n))
    outputs = (n - 1) * stride + reach - before - after
    taps = range(0, reach, dilation)
    return {p for p in range(n) if any(0 <= p * stride + k - before < outputs for k in taps)}


@pytest.mark.parametrize(("word", "case"), [
    ("conv", (400, 3, 1, 100, 199, 0)),  # output 99 reads the first position, with its second tap
    ("conv", (400, 3, 1, 100, 130, 0)),
    ("conv", (400, 3, 1, 100, 0, 199)),
    ("conv", (400, 3, 1, 100, 0, 130)),
    ("conv", (400, 3, 3, 100, 195, 5)),
    ("conv_transpose", (200, 3, 3, 200, 201, 0)),
    ("conv_transpose", (68, 5, 2, 200, 429, 121)),
    ("conv_transpose", (126, 2, 3, 200, 28, 88)),
    ("conv_transpose", (54, 3, 5, 200, 123, 59)),
    ("conv", (60, 2, 100, 10, 3, 0)),  # one convolution, of position 7 alone
    ("conv", (20, 2, 10, 10, 0, 3)),  # the second one's second tap lies on the padding
    # One output, whose taps are 65 apart, the first or the last of them on the padding.
    ("conv", (4160, 65, 1, 65, 1, 0)),
    ("conv", (4160, 65, 1, 65, 0, 1)),
    ("conv_transpose", (3, 2, 4096, 258049, 1, 0)),  # its output 258,048 reads the first position
    ("conv_transpose", (2, 101, 100, 51, 5200, 0)),  # the last output, of the second position
    ("conv", (300, 140, 1, 1, 139, 0)),
    ("conv", (300, 140, 7, 1, 0, 139)),
    ("conv", (11, 1, 2, 1, 127, 0)),  # 64 outputs see padding alone
])  # fmt: skip
def test_each_tap_of_each_output(word: str, case: Dilated) -> None:
    size, kernel, stride, dilation, before, after = case
    reads = _pairs(word, case)
    line = f"kernel: {kernel}, stride: {stride}, dilation: {dilation}"
    found = _whole(size, f"{{{word}: 1, {line}, padding: [[{before}, {after}]]}}")
    assert found == max(reads) - min(reads) + 1


def test_edges_are_looked_at_up_to_a_limit() -> None:
    # 65 outputs see padding alone: the first position counts as read, though 1, 3 ... 9 are.
    assert _whole(11, "{conv: 1, kernel: 1, stride: 2, padding: [[129, 0]]}") == 10
    # Taps 10,000 apart: output 5,000 reads the first position.
    line = "{conv: 1, kernel: 3, dilation: 10000, padding: [[5000, 0]]}"
    assert _whole(30_000, line) == 30_000
    # No output lies on an input position: who sees nothing counts as seeing both edges.
    assert _whole(2, "{conv_transpose: 1, kernel: 1, stride: 100, padding: [[1, 50]]}") == 2


def test_a_kernel_of_very_many_taps() -> None:
    # 30 outputs a thousand apart, the first from -10,000 to 10,000, the last from 19,000 on.
    line = "{conv: 1, kernel: 20001, stride: 1000, padding: [[10000, 10000]]}"
    assert _whole(30_000, line) == 30_000
    # Two outputs: 0 to 4,999 and 1,000 to 5,999 of 6,999.
    assert _whole(6_999, "{conv: 1, kernel: 5000, stride: 1000}") == 6_000
    # One output, of 10,000 of 10,001.
    assert _whole(10_001, "{conv: 1, kernel: 10000, stride: 2}") == 10_000


def test_4096_outputs_that_hang_over_an_edge_are_looked_at() -> None:
    # Two outputs, whose first taps lie on -1 and 1, the second ones on 8,191 and 8,193.
    line = "{conv: 1, kernel: 2, dilation: 8192, stride: 2, padding: [[1, 0]]}"
    assert _whole(8_194, line) == 8_193


@pytest.mark.parametrize(("lines", "field", "stride"), [
    # One position is no gate where it is enlarged, nor where the map has one too.
    (("{conv: 1, kernel: 8}", "{upsample: 4}"), 8, Fraction(1, 4)),
    (("{conv: 1, kernel: 8}", "{pad: [[1, 1]]}"), 8, 1),
    (("{conv: 1, kernel: 8}", "relu"), 8, 1),
    (("{upsample: 128}", "{conv: 1, kernel: 1, stride: 128}"), 1, 1),
    # Five neighbours of a map of 4 that became 10: the second to the sixth lie on 0 to 2.
    (("{crop: [[0, 4]]}", "{upsample, size: 10}", "{conv: 1, kernel: 5}"), 3, Fraction(2, 5)),
    # Two neighbours of it: the third and the fourth lie on 0 and 1.
    (("{crop: [[0, 4]]}", "{upsample, size: 10}", "{conv: 1, kernel: 2}"), 2, Fraction(2, 5)),
    (("{reshape: [1, 8]}",), 1, 1),
    (("{reshape: [2, 4]}",), 8, None),
    (("{linear: 2}",), 1, 1),
    (("{conv: 4, kernel: 3}", "{slice: [0, 2]}"), 3, 1),
    (("{conv: 4, kernel: 3}", "{channel_shuffle: 2}"), 3, 1),
    (("global_maxpool",), 8, None),
    (("{adaptive_maxpool: 3}",), 4, Fraction(8, 3)),  # 0-2, 2-5, 5-7
])  # fmt: skip
def test_each_type(lines: tuple[str, ...], field: int, stride: Fraction | int | None) -> None:
    assert _reach(8, *lines) == ReceptiveField(((field,),), ((stride,),))


def test_each_layer_type_has_a_rule() -> None:
    assert set(READINGS) == set(TYPES)


@pytest.mark.parametrize(("lines", "read"), [
    (("{upsample: 2, mode: bilinear}", "{crop: [[0, 10]]}"), 6),  # the tenth between 4 and 5
    (("{upsample: 2, mode: bilinear}", "{crop: [[10, 0]]}"), 6),  # the eleventh too
    (("{pad: [[3, 0]]}", "{crop: [[0, 5]]}"), 5),  # three zeros and five positions
    (("{pad: [[0, 3]]}", "{crop: [[5, 0]]}"), 5),
])  # fmt: skip
def test_one_end_of_a_map(lines: tuple[str, ...], read: int) -> None:
    assert _whole(10, *lines) == read


BRANCHES = """\
input: [1, 20]
layers:
- {name: a, %s, from: input}
- {name: b, %s, from: input}
- {name: sum, add: [a, b]}
"""


@pytest.mark.parametrize(("a", "b", "field", "stride", "whole"), [
    # Positions 0 to 9, and 10 to 19: the sum reads p and p + 10.
    ("crop: [[0, 10]]", "crop: [[10, 0]]", 11, 1, 20),
    ("crop: [[10, 0]]", "crop: [[0, 10]]", 11, 1, 20),
    ("crop: [[2, 8]]", "crop: [[3, 7]]", 2, 1, 11),
    # Every second position and each one of the first ten: from p to 2p, at the end 9 to 18.
    ("maxpool: 1, stride: 2", "crop: [[0, 10]]", 10, 2, 19),
    ("crop: [[0, 10]]", "maxpool: 1, stride: 2", 10, 2, 19),
    ("maxpool: 1, stride: 3", "crop: [[0, 13]]", 13, 3, 19),
    # Behind the map's end, which is not cut off: position 39 lies on 19 and on 39.
    ("upsample: 2", "pad: [[0, 20]]", 21, 1, 20),
])  # fmt: skip
def test_two_branches(a: str, b: str, field: int, stride: int, whole: int) -> None:
    text = BRANCHES % (a, b)
    found = find_receptive_fields(cnncost.loads(text).network)[3]
    assert found == ReceptiveField(((field,),), ((stride,),))
    dense = find_receptive_fields(cnncost.loads(f"{text}- {{dense: 1}}\n").network)[4]
    assert dense.field == ((whole,),)


def test_branches_of_which_each_reads_all() -> None:
    text = BRANCHES % ("dense: 4", "dense: 4") + "- relu\n"
    assert find_receptive_fields(cnncost.loads(text).network)[4] == ReceptiveField(
        ((20,),), ((None,),)
    )


def test_branches_that_drift_apart_over_too_many_positions() -> None:
    for outputs, known in ((4096, True), (4097, False)):
        text = (BRANCHES % ("crop: [[0, %d]]", "maxpool: 1, stride: 2")).replace("20", "%d", 1)
        found = find_receptive_fields(cnncost.loads(text % (2 * outputs, outputs)).network)[3]
        assert (found.field is not None) == known
