"""The rows of a table by hand: blocks together, the rest of a cut table, what is left out."""

from __future__ import annotations

import cnncost
from cnncost.costs.count import Report, count_network
from cnncost.costs.footprint import Footprint, compute_footprints
from cnncost.costs.rows import Row, cut_rows, layer_rows, remainder_row, sort_rows
from cnncost.shape import Shape

TEXT = """\
input: [2, 4, 4]
blocks:
  two(w):
  - {name: one, conv: w, kernel: 1}
  - {name: norm, batchnorm}
  - {name: two, conv: 2, kernel: 3, padding: 1, frozen: true}
  still: [{name: r, relu}, {name: p, maxpool: 2}]
  odd: [{name: o, opaque: {output: [2, 2, 2]}}, {name: q, opaque: {output: [2, 2, 2]}}]
  alone: [{name: last, dense: 3, frozen: true}]
layers:
- {name: c, conv: 2, kernel: 1, bias: false}
- {two: 4, name: x}
- {name: again, conv: 2, kernel: 1, bias: false, share: c}
- {still: , name: y}
- {odd: , name: z}
- {alone: , name: a}
"""


def _report(*, memory: bool = False) -> Report:
    network = cnncost.loads(TEXT).network
    report = count_network(network)
    return report._replace(footprints=compute_footprints(network)) if memory else report


def _by_name(rows: tuple[Row, ...]) -> dict[str, Row]:
    return {row.name: row for row in rows}


BLOCK = (4 * 16 + 2 * 16, 2 * 4 + 4 * 2 * 9, 4 + 2, (8 + 4) + 2 * 4 + (72 + 2), 16 * (8 + 72))
"""Of block x units (not the norm's), weights, biases, parameters (the norm's too), connections."""


def test_a_block_is_the_sum_of_its_layers() -> None:
    found = _by_name(layer_rows(_report(), every=True, depth=1))
    assert list(found) == ["c", "x", "again", "y", "z", "a"]
    x = found["x"]
    assert (x.units, x.weights, x.biases, x.parameters, x.connections) == BLOCK
    assert (x.inputs, x.output) == ((Shape(2, (4, 4)),), Shape(2, (4, 4)))
    assert (x.word, x.counted, x.frozen, x.unknown) == ("", True, False, 0)
    # No layer of weights: no shapes, and no units in the sum.
    y = found["y"]
    assert (y.inputs, y.output, y.units, y.counted) == (None, None, 0, False)
    assert (found["z"].unknown, found["z"].units) == (2, 8 + 8)


def test_a_layer_alone_keeps_its_row_and_a_block_of_one_has_its_own() -> None:
    found = _by_name(layer_rows(_report(), every=True, depth=1))
    assert (found["c"].word, found["c"].weights, found["c"].shares) == ("conv", 4, "")
    again = found["again"]
    assert found["c"].layer is not None
    assert found["c"].layer.word == "conv"
    assert (again.word, again.weights, again.connections, again.shares) == ("conv", 0, 64, "c")
    assert (found["a"].word, found["a"].frozen, found["a"].weights) == ("", True, 8 * 3)
    deeper = _by_name(layer_rows(_report(), every=True, depth=2))
    assert list(deeper)[1:4] == ["x.one", "x.norm", "x.two"]
    assert [deeper[name].frozen for name in ("x.one", "x.two")] == [False, True]


def test_only_layers_of_weights_or_unknown_cost() -> None:
    names = [row.name for row in layer_rows(_report(), every=False)]
    assert names == ["c", "x.one", "x.two", "again", "z.o", "z.q", "a.last"]
    blocks = [row.name for row in layer_rows(_report(), every=False, depth=1)]
    assert blocks == ["c", "x", "again", "z", "a"]


def test_the_reach_of_a_block_is_its_last_layers() -> None:
    found = _by_name(layer_rows(_report(), every=True, depth=1, reach=True))
    # 1x1 layers and a 3x3 one; then a pool of 2 behind it sees 4 of each axis' 4.
    assert [found[name].reach.field for name in "cxy" if found[name].reach] == [
        ((1, 1),), ((3, 3),), ((4, 4),),
    ]  # fmt: skip
    cut = cut_rows(layer_rows(_report(), every=True, reach=True), 2)
    assert cut[-1].reach is None


def test_the_rest_of_a_cut_table() -> None:
    rows = layer_rows(_report(), every=True, depth=1)
    assert cut_rows(rows, 6) == rows
    *first, rest = cut_rows(rows, 1)
    assert first == [rows[0]]
    assert (rest.name, rest.inputs, rest.output) == ("rest (5 layers)", None, None)
    # Block x, the shared layer, two unknown ones and the dense layer.
    assert rest.units == BLOCK[0] + 32 + 16 + 3
    assert (rest.weights, rest.biases) == (BLOCK[1] + 24, BLOCK[2] + 3)
    assert (rest.parameters, rest.connections) == (BLOCK[3] + 27, BLOCK[4] + 64 + 24)
    assert (rest.unknown, rest.frozen) == (2, False)
    assert cut_rows(rows, 5)[-1].name == "rest (1 layer)"


def test_the_largest_first_and_equal_ones_in_their_order() -> None:
    rows = layer_rows(_report(), every=False)
    # Connections 64, 128, 1152, 64, unknown, unknown, 24.
    names = [row.name for row in sort_rows(rows, lambda row: row.connections)]
    assert names == ["x.two", "x.one", "c", "again", "a.last", "z.o", "z.q"]


def test_what_the_layers_left_out_add() -> None:
    report = _report(memory=True)
    every, some = (layer_rows(report, every=word) for word in (True, False))
    assert remainder_row(report, every) is None
    left = remainder_row(report, some)
    assert left is not None
    # The norm's scales and shifts, 4 bytes each.
    assert (left.parameters, left.footprint) == (8, Footprint(32, 0, 0, 0, 0, 0))
    assert (left.units, left.weights, left.biases, left.connections) == (0, 0, 0, 0)
    assert (left.name, left.listed) == ("norms and others", False)


def test_a_blocks_memory_is_its_layers_together() -> None:
    found = _by_name(layer_rows(_report(memory=True), every=True, depth=1))
    part = found["x"].footprint
    assert part is not None
    # Three outputs of 4, 4 and 2 maps.
    assert (part.parameter_bytes, part.output_bytes) == (4 * BLOCK[3], 4 * 16 * (4 + 4 + 2))


def test_what_the_loss_keeps_is_left_out_of_every_row() -> None:
    report = _report(memory=True)
    left = remainder_row(report, layer_rows(report, every=True), loss=True)
    assert left is not None
    # The logarithm of softmax of 3 numbers, a weight, and the target's class of 8 bytes.
    assert (left.parameters, left.footprint) == (0, Footprint(0, 0, 0, 12 + 4 + 8, 0, 0))
    assert left.name == "others and the loss"


def test_rows_without_memory_have_none() -> None:
    report = _report()
    rows = layer_rows(report, every=True, depth=1)
    assert all(row.footprint is None for row in rows)
    assert remainder_row(report, rows) is None
    left = remainder_row(report, layer_rows(report, every=False))
    assert left is not None
    assert (left.parameters, left.footprint) == (8, None)
