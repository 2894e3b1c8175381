"""Each formula as arithmetic spelled out."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import rows, the_row

from cnncost.layers import TYPES, layer_type

# Input, layer, output, weights, biases, connections: each written as the textbook would.
FORMULAS = [
    # AlexNet's conv1: (227 - 11) / 4 + 1 = 55 positions along each axis.
    ("[3, 227, 227]", "{conv: 96, kernel: 11, stride: 4}",
     (96, 55, 55), 11*11*3*96, 96, 11*11*3*96 * 55*55),
    # Its conv2: each of two towers sees the 48 maps of its own half.
    ("[96, 27, 27]", "{conv: 256, kernel: 5, padding: 2, groups: 2}",
     (256, 27, 27), 2 * 5*5*48*128, 256, 2 * 5*5*48*128 * 27*27),
    ("[8, 5, 9]", "{conv: 6, kernel: [1, 7], stride: [2, 1], padding: [0, 3], bias: false}",
     (6, 3, 9), 1*7*8*6, 0, 1*7*8*6 * 3*9),
    ("[2, 10]", "{conv: 3, kernel: 3, padding: [[4, 0]], dilation: 2}",
     (3, 10), 3*2*3, 3, 3*2*3 * 10),
    ("[1, 4, 6, 5]", "{conv: 2, kernel: [2, 3, 1], padding: same, stride: 2}",
     (2, 2, 3, 3), 2*3*1*1*2, 2, 2*3*1*1*2 * 2*3*3),
    ("[3, 4, 4]", "{conv: 2, kernel: 3, connects: [[0, 1], [2]]}",
     (2, 2, 2), 3*3*(2 + 1), 2, 3*3*(2 + 1) * 2*2),
    ("[32, 14, 14]", "{conv: 64, kernel: 3, padding: 1, groups: depthwise}",
     (64, 14, 14), 3*3*1*64, 64, 3*3*1*64 * 14*14),
    ("[32, 112, 112]", "{depthwise_conv: 3, stride: 2, padding: 1, bias: false}",
     (32, 56, 56), 3*3*32, 0, 3*3*32 * 56*56),
    ("[4, 6, 5]", "{depthwise_conv: [2, 1], multiplier: 3}",
     (12, 5, 5), 2*1*4*3, 4*3, 2*1*4*3 * 5*5),
    # A transposed kernel works once per input position, whatever the stride.
    ("[8, 5, 4]", "{conv_transpose: 6, kernel: 3, stride: 2, padding: 1, output_padding: 1}",
     (6, 10, 8), 3*3*8*6, 6, 3*3*8*6 * 5*4),
    ("[8, 7]", "{conv_transpose: 6, kernel: 4, stride: 2, padding: 1, groups: 2, bias: false}",
     (6, 14), 4*8*(6//2), 0, 4*8*(6//2) * 7),
    # CS231n, "Parameter Sharing": 55 * 55 * 96 neurons of 11 * 11 * 3 weights each.
    ("[3, 227, 227]", "{locally_connected: 96, kernel: 11, stride: 4}",
     (96, 55, 55), 105_415_200, 290_400, 105_415_200),
    ("[4, 5, 9]", "{locally_connected: 6, kernel: [1, 3], padding: [0, 1], groups: 2, bias: false}",
     (6, 5, 9), 1*3*2 * 6*5*9, 0, 1*3*2 * 6*5*9),
    ("[256, 13, 13]", "{dense: 4096}",
     (4096,), 13*13*256*4096, 4096, 13*13*256*4096),
    ("[4096]", "{dense: 1000, bias: false}",
     (1000,), 4096*1000, 0, 4096*1000),
    ("[96, 7, 5]", "{linear: 384}",
     (384, 7, 5), 96*384, 384, 96*384 * 7*5),
    ("[12]", "{linear: 5, bias: false}",
     (5,), 12*5, 0, 12*5),
    # One coefficient and one bias a map; a unit is connected to its whole window.
    ("[6, 28, 28]", "{subsample: 2}",
     (6, 14, 14), 6, 6, 2*2 * 6*14*14),
    ("[3, 7, 9]", "{subsample: [2, 3]}",
     (3, 3, 3), 3, 3, 2*3 * 3*3*3),
]  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "line", "output", "weights", "biases", "connections"),
    FORMULAS,
    ids=[line for _, line, *_ in FORMULAS],
)
def test_a_counted_layer(
    shape: str, line: str, output: tuple[int, ...], weights: int, biases: int, connections: int
) -> None:
    row = the_row(shape, line)

    assert row.counted
    assert (row.node.output.dims, row.units) == (output, prod(output))
    assert (row.weights, row.biases, row.parameters) == (weights, biases, weights + biases)
    assert row.connections == connections

    each_unit_adds = prod(output) if biases else 0
    assert the_row(shape, line, biases=True).connections == connections + each_unit_adds


def test_every_counted_type_has_a_row() -> None:
    with_rows = {line.strip("{").partition(":")[0] for _, line, *_ in FORMULAS}

    elsewhere = {"attention", "matmul", "opaque", "lstm", "gru", "rnn", "embedding"}
    assert with_rows | elsewhere == {word for word in TYPES if layer_type(word).counted}


@pytest.mark.parametrize("shape", ["[6, 4, 4]", "[6, 16]"])
def test_attention(shape: str) -> None:
    """Heads split its 8 features; queries, keys, values from 6 channels, and back to 6."""
    row = the_row(shape, "{attention: 2, dim: 8}")

    assert row.weights == 6 * 8 + 6 * 8 + 6 * 8 + 8 * 6
    assert row.biases == 8 + 8 + 8 + 6
    # At 16 positions the weights; each position with each, scores and mixtures over 8 features.
    products = 16 * 16 * 8 + 16 * 16 * 8
    assert row.connections == 16 * row.weights + products
    biased = the_row(shape, "{attention: 2, dim: 8}", biases=True)
    assert biased.connections == row.connections + 16 * row.biases


@pytest.mark.parametrize("bias", [True, False])
def test_attention_of_shared_keys(bias: bool) -> None:
    """4 heads of 2 features read 2 heads of keys and values: 4 features each."""
    row = the_row("[6, 16]", f"{{attention: 4, dim: 8, kv_heads: 2, bias: {str(bias).lower()}}}")

    assert row.weights == 6 * 8 + 6 * 4 + 6 * 4 + 8 * 6
    assert row.biases == (8 + 4 + 4 + 6 if bias else 0)
    # The products are those of 4 heads.
    assert row.connections == 16 * row.weights + 2 * 16 * 16 * 8


def test_matmul() -> None:
    """6 channels at 4 positions, a 6 x 4 matrix, times 4 channels at 3 positions."""
    text = "input: {a: [6, 4], b: [4, 3]}\nlayers: [{matmul: [a, b]}]\n"
    (row,) = rows(text)

    assert row.counted
    assert row.node.output.dims == (6, 3)
    assert (row.weights, row.parameters) == (0, 0)
    assert row.connections == 6 * 3 * 4
    # Nothing is added, and nothing is padded.
    assert rows(text, biases=True)[0].connections == row.connections
    assert rows(text, exclude_padding=True)[0].connections == row.connections


def test_matmul_by_groups() -> None:
    """Two matrices 3 x 4, each times a matrix 4 x 5."""
    text = "input: {a: [6, 4], b: [8, 5]}\nlayers: [{matmul: [a, b], groups: 2}]\n"
    (row,) = rows(text)

    assert row.node.output.dims == (6, 5)
    assert row.connections == 2 * (3 * 4 * 5)


def test_opaque_costs_are_unknown() -> None:
    row = the_row("[6, 4, 4]", "{opaque: {output: [5, 2, 2], op: Einsum}}")

    assert not row.known
    assert (row.weights, row.biases, row.connections) == (0, 0, 0)
    assert (row.node.output.dims, row.units) == ((5, 2, 2), 5 * 2 * 2)


# Input, layer, output, parameters: of no weights, no connections.
UNCOUNTED = [
    ("[64, 9, 7]", "batchnorm", (64, 9, 7), 2*64),
    ("[64, 9, 7]", "{batchnorm, affine: false}", (64, 9, 7), 0),
    ("[64, 9, 7]", "rmsnorm", (64, 9, 7), 64),
    ("[64, 9, 7]", "{position_embedding: 80}", (64, 9, 7), 80*64),
    ("[64, 9, 7]", "position_embedding", (64, 9, 7), 9*7*64),
    ("[10]", "layernorm", (10,), 2*10),
    ("[6, 4]", "{groupnorm: 3}", (6, 4), 2*6),
    ("[6, 4, 4, 4]", "instancenorm", (6, 4, 4, 4), 2*6),
    ("[6, 4, 4]", "prelu", (6, 4, 4), 6),
    ("[6, 4, 4]", "{prelu, shared: true}", (6, 4, 4), 1),
    ("[6, 4, 4]", "scale", (6, 4, 4), 6),
    ("[6, 4, 4]", "{scale, shared: true}", (6, 4, 4), 1),
    ("[96, 55, 55]", "{lrn: 5}", (96, 55, 55), 0),
    ("[96, 55, 55]", "{maxpool: 3, stride: 2}", (96, 27, 27), 0),
    # 112 -> 56: floor((112 - 3) / 2) + 1 = 55, and one more that hangs over the end.
    ("[64, 112, 112]", "{maxpool: 3, stride: 2, ceil: true}", (64, 56, 56), 0),
    # 17 - 3 + 1 = 15; the only window over 1 hangs over its end.
    ("[8, 17, 1]", "{maxpool: [3, 2], stride: [1, 3], ceil: true}", (8, 15, 1), 0),
    # A window from 4 on would start in the right padding: PyTorch has 2, not 3.
    ("[1, 3]", "{avgpool: 2, stride: 2, padding: 1, ceil: true}", (1, 2), 0),
    ("[1, 1]", "{avgpool: 1, padding: 2, ceil: true}", (1, 1 + 2), 0),
    ("[5, 7, 4]", "{avgpool: 2, padding: same}", (5, 4, 2), 0),
    ("[5, 7, 5]", "{avgpool: 2}", (5, 3, 2), 0),  # no window hangs over: 7 // 2 and 5 // 2
    ("[5, 7, 5]", "{maxpool: 2}", (5, 3, 2), 0),
    # A window larger than its volume, which zeros at one end more make room for: 1 + 3 - 3 + 1.
    ("[1, 2, 2, 1]", "{avgpool: [2, 2, 3], stride: 1, padding: [0, 0, [1, 2]], ceil: true}",
     (1, 1, 1, 2), 0),
    ("[5, 7, 4]", "global_avgpool", (5, 1, 1), 0),
    ("[5, 7, 4, 3]", "global_maxpool", (5, 1, 1, 1), 0),
    ("[5, 7, 4]", "{adaptive_avgpool: [3, 2]}", (5, 3, 2), 0),
    ("[5, 7, 4]", "{adaptive_maxpool: 6}", (5, 6, 6), 0),
    ("[5, 7, 4]", "flatten", (5*7*4,), 0),
    ("[6, 4]", "{reshape: [2, -1, 3]}", (2, 6*4 // (2*3), 3), 0),
    ("[5, 7, 4]", "{permute: [3, 1, 2]}", (4, 5, 7), 0),
    ("[5, 7, 4]", "{pad: [1, [0, 2]]}", (5, 1+7+1, 0+4+2), 0),
    ("[5, 7, 4]", "{crop: [[1, 2], 1]}", (5, 7-1-2, 4-1-1), 0),
    ("[5, 7, 4]", "{slice: [1, 4]}", (4-1, 7, 4), 0),
    ("[6, 7, 4]", "{channel_shuffle: 3}", (6, 7, 4), 0),
    ("[12, 7, 4]", "{pixel_shuffle: [2, 3]}", (12 // (2*3), 7*2, 4*3), 0),
    ("[2, 6, 9]", "{space_to_depth: [2, 3]}", (2*2*3, 6//2, 9//3), 0),
    ("[5, 7, 4]", "{upsample: [2, 3], mode: bilinear}", (5, 7*2, 4*3), 0),
    ("[5, 7, 4]", "{upsample, size: [8, 9]}", (5, 8, 9), 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "line", "output", "parameters"), UNCOUNTED, ids=[line for _, line, *_ in UNCOUNTED]
)
def test_an_uncounted_layer(
    shape: str, line: str, output: tuple[int, ...], parameters: int
) -> None:
    row = the_row(shape, line, biases=True)

    assert not row.counted
    assert (row.node.output.dims, row.units) == (output, prod(output))
    assert (row.weights, row.biases, row.parameters) == (0, 0, parameters)
    assert row.connections == 0


# Input, layer, connections to zero padding left out.
INSIDE = [
    # Along an axis of 5, taps -1, 0, 1 read an input 4 + 5 + 4 times.
    ("[2, 5, 5]", "{conv: 3, kernel: 3, padding: 1}", 2*3 * (4+5+4) * (4+5+4)),
    ("[4, 5]", "{conv: 6, kernel: 3, padding: 1, groups: 2}", 2*6 * (4+5+4)),
    # Zeros before only: outputs 0 and 1 have 1 and 2 taps on the input, the others 3.
    ("[1, 6]", "{conv: 1, kernel: 3, padding: [[2, 0]]}", 1 + 2 + 3*4),
    # Stride 2 over 5 with `same`: outputs at 0, 2, 4; (2, 3, 2) taps on the input.
    ("[1, 5]", "{conv: 1, kernel: 3, stride: 2, padding: same}", 2 + 3 + 2),
    ("[3, 4, 4]", "{depthwise_conv: 3, padding: 1}", 3 * (3+4+3) * (3+4+3)),
    # 4 inputs paint 0..2, 2..4, 4..6, 6..8; 0 and 8 are cropped.
    ("[2, 4]", "{conv_transpose: 5, kernel: 3, stride: 2, padding: 1}", 2*5 * (2+3+3+2)),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "line", "inside"), INSIDE)
def test_connections_without_those_to_padding(shape: str, line: str, inside: int) -> None:
    assert the_row(shape, line, exclude_padding=True).connections == inside
    assert the_row(shape, line).connections > inside


def test_a_pad_layers_zeros_are_inputs_as_any() -> None:
    text = "input: [1, 5]\nlayers:\n  - {pad: 1}\n  - {conv: 1, kernel: 3}\n"

    assert rows(text, exclude_padding=True)[-1].connections == 3 * 5


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10**5), st.integers(1, 10**5), st.integers(1, 10**4))
def test_large_numbers_stay_exact(channels: int, units: int, extent: int) -> None:
    row = the_row(f"[{channels}, {extent}, 7]", f"{{dense: {units}}}")

    assert row.weights == extent * 7 * channels * units
