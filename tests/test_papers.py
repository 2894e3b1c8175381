"""The figures that papers print, and how their texts come by them."""

from __future__ import annotations

import pytest
from rows import the_row

import cnncost

# Krizhevsky et al. 2012, figure 2: units, weights, connections.
ALEXNET = {
    "conv1": (290_400, 34_848, 105_415_200),
    "conv2": (186_624, 307_200, 223_948_800),
    "conv3": (64_896, 884_736, 149_520_384),
    "conv4": (64_896, 663_552, 112_140_288),
    "conv5": (43_264, 442_368, 74_760_192),
    "fc1": (4_096, 177_209_344, 177_209_344),
    "fc2": (4_096, 16_777_216, 16_777_216),
    "output": (1_000, 4_096_000, 4_096_000),
}


def test_alexnet_to_the_digit() -> None:
    report = cnncost.count(cnncost.load("alexnet"))
    counted = [row for row in report.layers if row.counted]

    assert {row.name: (row.units, row.weights, row.connections) for row in counted} == ALEXNET
    totals = report.totals
    assert (totals.units, totals.weights) == (659_272, 200_415_264)
    assert totals.connections == 863_867_424


def test_alexnet_as_the_book_words_it() -> None:
    assert ALEXNET["conv1"][1:] == (2*11*11*3*48, 2*11*11*3*48 * 55*55)  # fmt: skip
    assert ALEXNET["fc1"][1] == 13*13*128*2 * 2048*2  # fmt: skip


def test_alexnet_pooled() -> None:
    report = cnncost.count(cnncost.load("alexnet_pooled"))

    assert {row.name: row.weights for row in report.layers}["fc1"] == 37_748_736
    assert (report.totals.weights, report.totals.connections) == (60_954_656, 724_406_816)


def test_alexnet_with_512_dense_units_a_tower() -> None:
    assert the_row("[256, 13, 13]", "{dense: 1024}").weights == 13*13*128*512*4  # fmt: skip
    assert the_row("[256, 13, 13]", "{dense: 1024}").weights == 44_302_336


C3 = (
    "[[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 0], [5, 0, 1], "
    "[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 0], [4, 5, 0, 1], [5, 0, 1, 2], "
    "[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]]"
)
"""LeCun et al. 1998, table I."""

# LeCun et al. 1998, sec. II-B: trainable parameters, and connections, biases counted.
LENET5 = [
    ("[1, 32, 32]", "{conv: 6, kernel: 5}", 156, 122_304),
    ("[6, 28, 28]", "{subsample: 2}", 12, 5_880),
    ("[6, 14, 14]", "{conv: 16, kernel: 5, connects: " + C3 + "}", 1_516, 151_600),
    ("[16, 10, 10]", "{subsample: 2}", 32, 2_000),
    ("[16, 5, 5]", "{conv: 120, kernel: 5}", 48_120, 48_120),
    ("[120]", "{dense: 84}", 10_164, 10_164),
]


@pytest.mark.parametrize(
    ("shape", "line", "parameters", "connections"), LENET5, ids=["C1", "S2", "C3", "S4", "C5", "F6"]
)
def test_lenet5(shape: str, line: str, parameters: int, connections: int) -> None:
    row = the_row(shape, line, biases=True)

    assert (row.parameters, row.connections) == (parameters, connections)


def test_lenet5_adds_up() -> None:
    output = the_row("[84]", "{dense: 10, bias: false}", biases=True)
    assert output.connections == 840

    assert sum(parameters for _, _, parameters, _ in LENET5) == 60_000
    assert sum(connections for *_, connections in LENET5) + output.connections == 340_908
