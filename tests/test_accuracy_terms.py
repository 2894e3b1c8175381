"""What one layer adds to the sums of the error potential, by hand."""

from __future__ import annotations

from math import log

import pytest
from near_terms import coarse, near

import cnncost
from cnncost.accuracy.error_constants import (
    DENSE,
    DENSE_DEPTH,
    DENSE_UNITS,
    DEPTHWISE_SHARE,
    FEW_CHANNELS,
    GROUPS,
    HEAD_SHARE,
    KERNEL_SHARE,
    LINEAR_KERNEL,
    LINEAR_SHARE,
    NARROW,
    NARROW_STREAM,
    SMALL_EXTENT,
)
from cnncost.accuracy.layer_terms import NO_TERMS, LayerTerms, layer_terms
from cnncost.accuracy.roles import find_roles


def terms_of(lines: str, name: str, shape: str = "[8, 12, 12]") -> LayerTerms:
    """The terms of the layer of this name."""
    network = cnncost.loads(f"input: {shape}\nlayers:\n{lines}").network
    (node,) = [node for node in network.layers if node.name == name]
    return layer_terms(node.layer, node.inputs[0], node.output, find_roles(network)[node.index])


def depthwise(channels: int, read: int = 8) -> LayerTerms:
    """The terms of a 3x3 on 12x12 that filters so many channels each by itself."""
    cost = GROUPS * FEW_CHANNELS / (FEW_CHANNELS + read)
    return sliding(DEPTHWISE_SHARE, channels, 12, kernel=1)._replace(groups=cost)


def grouping(groups: int, channels: int) -> float:
    """What groups cost, as `error_constants.py` spells it."""
    return GROUPS * FEW_CHANNELS / (FEW_CHANNELS + channels) * log(groups) / log(channels)


def sliding(
    weight: float, channels: int, extent: float, *, groups: int = 1, kernel: float = 0.0
) -> LayerTerms:
    """The terms of a layer with a non-linearity behind it; `kernel` is ln(area) / ln 9."""
    return LayerTerms(
        weight,
        weight * log(channels),
        weight * grouping(groups, 8),
        weight * (1 + KERNEL_SHARE * kernel),
        maps={extent: weight},
    )


BEHIND = "- relu\n- {conv: 4, kernel: 3, padding: 1}\n"
"""A non-linearity, and a kernel that tells the positions apart."""


@pytest.mark.parametrize(("line", "expected"), [
    ("conv: 16, kernel: 1", sliding(1, 16, 12)),
    ("conv: 16, kernel: 3, padding: 1", sliding(1, 16, 12, kernel=1)),
    ("conv: 16, kernel: 3", sliding(1, 16, 10, kernel=1)),  # the extent is that of the output
    ("conv: 16, kernel: 3, padding: 1, stride: 2", sliding(1, 16, 6, kernel=1)),
    ("conv: 16, kernel: 5, padding: 2", sliding(1, 16, 12, kernel=log(25) / log(9))),
    # A dilated kernel has as many weights.
    ("conv: 16, kernel: 3, padding: 2, dilation: 2", sliding(1, 16, 12, kernel=1)),
    ("conv: 16, kernel: 3, padding: 1, groups: 2",
     sliding(1, 16, 12, kernel=1)._replace(groups=grouping(2, 8))),
    # Depthwise: as many groups as channels are read.
    ("depthwise_conv: 3, padding: 1", depthwise(8)),
    ("depthwise_conv: 3, padding: 1, multiplier: 2", depthwise(16)),
    ("conv: 8, kernel: 3, padding: 1, groups: 8", depthwise(8)),
    ("conv: 24, kernel: 3, padding: 1, groups: 8", depthwise(24)),
    ("conv: 16, kernel: 1, groups: 4", sliding(1, 16, 12, groups=4)),
    # 1 x k and k x 1 together are one layer.
    ("conv: 16, kernel: [1, 3], padding: [0, 1]", sliding(0.5, 16, 12, kernel=0.5)),
    ("conv: 16, kernel: [3, 1], padding: [1, 0]", sliding(0.5, 16, 12, kernel=0.5)),
    ("linear: 16", sliding(1, 16, 12)),
    ("conv_transpose: 16, kernel: 2, stride: 2", sliding(1, 16, 24, kernel=log(4) / log(9))),
])  # fmt: skip
def test_a_layer_with_a_non_linearity(line: str, expected: LayerTerms) -> None:
    assert terms_of(f"- {{name: it, {line}}}\n{BEHIND}", "it") == near(expected)


def test_a_depthwise_layer_of_two_channels_is_one() -> None:
    lines = f"- {{name: it, depthwise_conv: 3, padding: 1}}\n{BEHIND}"
    assert terms_of(lines, "it", "[2, 12, 12]") == near(depthwise(2, read=2))


def test_a_depthwise_layer_of_one_channel_is_whole() -> None:
    lines = f"- {{name: it, depthwise_conv: 3, padding: 1, multiplier: 4}}\n{BEHIND}"
    assert terms_of(lines, "it", "[1, 12, 12]") == near(sliding(1, 4, 12, kernel=1))


PROJECTION = LINEAR_SHARE * (1 + NARROW / 16)
"""What a projection to 16 channels counts."""


@pytest.mark.parametrize(("line", "weight", "groups"), [
    ("conv: 16, kernel: 1", PROJECTION, 0),
    ("conv: 16, kernel: 1, groups: 4", PROJECTION, grouping(4, 8)),
    # With a kernel of its own it is no projection.
    ("conv: 16, kernel: 3, padding: 1", LINEAR_KERNEL, 0),
    ("conv: 16, kernel: 3, padding: 1, groups: 4", LINEAR_KERNEL,
     grouping(4, 8)),
    ("conv: 16, kernel: [1, 3], padding: [0, 1]", LINEAR_KERNEL / 2, 0),
    # Without a non-linearity a depthwise layer's width is a projection's.
    ("depthwise_conv: 3, padding: 1, multiplier: 2", PROJECTION,
     grouping(8, 8)),
    ("depthwise_conv: 1, multiplier: 2", PROJECTION, grouping(8, 8)),
])  # fmt: skip
def test_a_projection_adds_no_depth(line: str, weight: float, groups: float) -> None:
    found = terms_of(f"- {{name: it, {line}}}\n- {{conv: 4, kernel: 3}}\n", "it")
    assert found == near(LayerTerms(weight, weight * log(16), groups))


def test_a_third_of_the_ways_to_depthwise_costs_a_third() -> None:
    # Of 64 channels 4 groups are ln 4 / ln 64 = 1 / 3 of the way to 64 groups: GROUPS / 2 / 3.
    line = f"- {{name: it, conv: 64, kernel: 3, padding: 1, groups: 4}}\n{BEHIND}"
    assert FEW_CHANNELS == 64
    assert terms_of(line, "it", "[64, 12, 12]").groups == pytest.approx(GROUPS / 6)
    whole = line.replace("groups: 4", "groups: 64")
    assert terms_of(whole, "it", "[64, 12, 12]").groups == pytest.approx(GROUPS / 2)


@pytest.mark.parametrize("behind", ["", "- relu\n", "- global_avgpool\n"])
def test_the_output_s_own_layer_counts_nothing(behind: str) -> None:
    found = terms_of(f"- {{name: it, conv: 16, kernel: 3}}\n{behind}", "it")
    assert found == near(NO_TERMS)


@pytest.mark.parametrize(("extent", "small"), [
    (1, 1 / SMALL_EXTENT), (2, 2 / SMALL_EXTENT), (5, 5 / SMALL_EXTENT), (6, 1), (7, 1), (50, 1),
])  # fmt: skip
def test_a_small_map_counts_in_proportion(extent: int, small: float) -> None:
    assert SMALL_EXTENT == 6  # which the rows above rest on
    shape = f"[8, {extent}, {extent}]"
    found = terms_of(f"- {{name: it, conv: 16, kernel: 1}}\n{BEHIND}", "it", shape)
    assert found == near(sliding(small, 16, extent))


def test_the_last_layer_before_a_global_pool_counts_as_one_position() -> None:
    behind = "- relu\n- global_avgpool\n- {dense: 3}\n"
    found = terms_of(f"- {{name: it, conv: 16, kernel: 3, padding: 1}}\n{behind}", "it")
    # Its map is as fine as it is.
    assert found == near(sliding(1 / SMALL_EXTENT, 16, 12, kernel=1))
    # A projection there is one as anywhere.
    found = terms_of("- {name: it, conv: 16, kernel: 1}\n- global_avgpool\n- {dense: 3}\n", "it")
    weight = PROJECTION
    assert found == near(LayerTerms(weight, weight * log(16)))


@pytest.mark.parametrize(("shape", "line", "expected"), [
    # Signals: one axis.
    ("[8, 100]", "conv: 16, kernel: 3, padding: 1",
     sliding(1, 16, 100, kernel=log(3) / log(9))),
    ("[8, 100]", "conv: 16, kernel: 9, padding: 4", sliding(1, 16, 100, kernel=1)),
    ("[8, 3]", "conv: 16, kernel: 1", sliding(3 / SMALL_EXTENT, 16, 3)),
    # Volumes: the third root of the positions.
    ("[8, 4, 16, 8]", "conv: 16, kernel: 3, padding: 1",
     sliding(1, 16, 8, kernel=log(27) / log(9))),
    ("[8, 8, 8, 8]", "conv: 16, kernel: [1, 3, 3], padding: [0, 1, 1]",
     sliding(2 / 3, 16, 8, kernel=1)),
    ("[8, 8, 8, 8]", "conv: 16, kernel: [3, 1, 1], padding: [1, 0, 0]",
     sliding(1 / 3, 16, 8, kernel=log(3) / log(9))),
    # An axis of one position needs no kernel.
    ("[8, 1, 64]", "conv: 16, kernel: [1, 3], padding: [0, 1]", sliding(1, 16, 8, kernel=0.5)),
    ("[8, 1, 64]", "conv: 16, kernel: 3, padding: 1", sliding(1, 16, 8, kernel=0.5)),
    ("[8, 2, 18]", "conv: 16, kernel: [1, 3], padding: [0, 1]", sliding(0.5, 16, 6, kernel=0.5)),
    ("[8, 8, 9]", "conv: 16, kernel: [1, 2]", sliding(0.5, 16, 8, kernel=log(2) / log(9))),
    # From one end of 2 positions to the other 3 taps reach: a kernel of 5 is one of 3 there.
    ("[8, 2, 2]", "conv: 16, kernel: 5, padding: 2", sliding(2 / SMALL_EXTENT, 16, 2, kernel=1)),
    ("[8, 3, 3]", "conv: 16, kernel: 5, padding: 2",
     sliding(3 / SMALL_EXTENT, 16, 3, kernel=log(25) / log(9))),
    ("[8, 1, 1]", "conv: 16, kernel: 3, padding: 1", sliding(1 / SMALL_EXTENT, 16, 1)),
    ("[8, 2, 18]", "conv: 16, kernel: 5, padding: 2",
     sliding(1, 16, 6, kernel=log(3 * 5) / log(9))),
])  # fmt: skip
def test_maps_of_other_forms(shape: str, line: str, expected: LayerTerms) -> None:
    behind = "- relu\n- {dense: 3}\n"
    assert terms_of(f"- {{name: it, {line}}}\n{behind}", "it", shape) == near(expected)


def head(extent: float) -> dict[str, float]:
    return {"head_coarseness": HEAD_SHARE * coarse(extent), "heads": HEAD_SHARE}


@pytest.mark.parametrize(("behind", "units", "expected"), [
    # Hidden: its width, a layer more, and the map of 12 positions that it reads.
    ("- relu\n- {dense: 3}\n", 4096,
     LayerTerms(depth=DENSE_DEPTH, dense=-DENSE * log(4096 / DENSE_UNITS), **head(12))),
    ("- relu\n- {dense: 3}\n", 100,
     LayerTerms(depth=DENSE_DEPTH, dense=-DENSE * log(100 / DENSE_UNITS), **head(12))),
    # A rank, wide or narrow: no layer more, and no gain.
    ("- {dense: 3}\n", 100, LayerTerms(dense=DENSE * log(DENSE_UNITS / 100), **head(12))),
    ("- {dense: 3}\n", 4096, LayerTerms(**head(12))),
    # The output's own width is what the task asks for.
    ("- softmax\n", 100, LayerTerms(**head(12))),
    ("", 100, LayerTerms(**head(12))),
])  # fmt: skip
def test_a_dense_layer(behind: str, units: int, expected: LayerTerms) -> None:
    assert 100 < DENSE_UNITS < 4096  # which the rows above rest on
    assert terms_of(f"- {{name: it, dense: {units}}}\n{behind}", "it") == near(expected)


def test_only_the_first_dense_layer_reads_the_map() -> None:
    lines = "- {avgpool: 3}\n- {name: a, dense: 64}\n- relu\n- {name: b, dense: 32}\n- relu\n"
    lines += "- {name: out, dense: 3}\n"
    narrow = -DENSE * log(64 / DENSE_UNITS)
    assert terms_of(lines, "a") == near(LayerTerms(depth=DENSE_DEPTH, dense=narrow, **head(4)))
    narrow = -DENSE * log(32 / DENSE_UNITS)
    assert terms_of(lines, "b") == near(LayerTerms(depth=DENSE_DEPTH, dense=narrow))
    assert terms_of(lines, "out") == near(NO_TERMS)
    pooled = "- global_avgpool\n- {name: out, dense: 3}\n"
    assert terms_of(pooled, "out") == near(LayerTerms(**head(1)))


def test_layers_without_weights_of_their_own_add_nothing() -> None:
    text = "- {conv: 4, kernel: 1}\n- batchnorm\n- {scale: }\n- {maxpool: 2}\n- prelu\n"
    text += "- global_avgpool\n- {dense: 3}\n"
    network = cnncost.loads(f"input: [8, 12, 12]\nlayers:\n{text}").network
    role = find_roles(network)[1]
    for node in network.layers[1:-1]:
        assert layer_terms(node.layer, node.inputs[0], node.output, role) == NO_TERMS


@pytest.mark.parametrize(("channels", "cost"), [
    (384, NARROW_STREAM / 384),
    (128, NARROW_STREAM / 128),
    # Half of 128, and an eighth: along the tangent in ln(channels).
    (64, NARROW_STREAM / 128 * (1 + log(2))),
    (16, NARROW_STREAM / 128 * (1 + log(8))),
])  # fmt: skip
def test_attention_is_as_deep_as_a_3x3_and_knows_its_stream(channels: int, cost: float) -> None:
    text = "- {name: a, attention: 2}\n- {linear: 4}\n"
    found = terms_of(text, "a", f"[{channels}, 12]")
    assert found == near(LayerTerms(depth=1 + KERNEL_SHARE, attentions=1, streams=cost))


def test_two_products_of_maps_are_as_deep_as_attention() -> None:
    # Queries and keys are the same 8 channels at 12 positions: as [channels, positions] the
    # keys are 12 channels at 8.
    text = """\
- {name: keys, permute: [2, 1]}
- {name: scores, matmul: [keys, input]}
- softmax
- {name: seen, matmul: [input, previous]}
- {linear: 4}
"""
    for name in ("scores", "seen"):
        assert terms_of(text, name, "[8, 12]") == near(LayerTerms(depth=(1 + KERNEL_SHARE) / 2))
