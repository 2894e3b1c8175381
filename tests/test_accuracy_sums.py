"""Sums over layers, and the parts of the error potential that they make, by hand."""

from __future__ import annotations

from math import exp, log

import pytest
from near_terms import coarse, near

import cnncost
from cnncost.accuracy.error_constants import (
    DENSE,
    DENSE_DEPTH,
    DENSE_UNITS,
    DEPTH,
    DEPTH_POWER,
    FEWEST_LAYERS,
    GROUPS,
    HEAD_SHARE,
    KERNEL_SHARE,
    LEAST_DEPTH,
    LINEAR_SHARE,
    MAP_LAYERS,
    NARROW,
    PICTURE,
    RESOLUTION,
    RESOLUTION_EXTENT,
    RESOLUTION_FALL,
    WIDE,
    WIDTH,
)
from cnncost.accuracy.layer_terms import NO_TERMS, LayerTerms, add_terms, coarseness_of
from cnncost.accuracy.potential import Potential, network_terms, potential_of


def test_coarseness_and_its_slope() -> None:
    assert coarseness_of(RESOLUTION_EXTENT) == pytest.approx(RESOLUTION / RESOLUTION_FALL)
    # The slope in ln(extent), by a small step each way.
    step = 1e-5
    ends = [coarseness_of(RESOLUTION_EXTENT * exp(sign * step)) for sign in (1, -1)]
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(-RESOLUTION, rel=1e-6)


def test_sums_are_added_term_by_term() -> None:
    ones, tens = range(1, 11), range(10, 101, 10)
    one, two = LayerTerms(*ones, {8.0: 1.5, 4.0: 2.0}), LayerTerms(*tens, {8.0: 0.5, 2.0: 1.0})
    assert add_terms([one, two]) == (*range(11, 111, 11), {8: 2, 4: 2, 2: 1})
    assert add_terms([two], less=[one]) == (*range(9, 91, 9), {8: -1, 4: -2, 2: 1})
    assert add_terms([]) == NO_TERMS == (*[0] * 10, {})


def test_the_parts_of_sums() -> None:
    # Weight, ln widths, groups, depth, maps of dense layers and their coarseness, dense, attentions
    # and their streams, the input; maps.
    # What is gone from an extent leaves rounding behind.
    maps = {16.0: 2.0, 4.0: 1.0, 9.0: -1e-16}
    fine, small = 2 / (2 + MAP_LAYERS), 1 / (1 + MAP_LAYERS)
    assert potential_of(LayerTerms(4, 12, 2, 8, 0.5, 10, 0.3, 3, 0.6, 0.7, maps)) == near(
        Potential(
            WIDTH * log(1 + WIDE / exp(12 / 4)) + 0.6 / 3,
            DEPTH / (8 + LEAST_DEPTH) ** DEPTH_POWER,
            (10 + fine * coarse(16) + small * coarse(4)) / (0.5 + fine + small) + 0.7,
            2 / 4,
            0.3,
        )
    )


def test_rounding_alone_is_no_map() -> None:
    assert potential_of(NO_TERMS._replace(maps={9.0: -1e-16})).resolution == 0


def test_a_network_of_nothing_has_a_potential() -> None:
    # 2.6 layers fewer than 2.6, on the tangent there: n = 2.7, 1.6 / 2.7^.44 (1 + .44 x 2.6 / 2.7).
    depth = 1.6 / 2.7**0.44 * (1 + 0.44 * 2.6 / 2.7)
    assert potential_of(NO_TERMS) == near(Potential(WIDTH * log(1 + WIDE), depth, 0, 0, 0))


@pytest.mark.parametrize("fewer", [0.01, 1.0, 2.6])
def test_few_layers_go_on_as_a_straight_line(fewer: float) -> None:
    def depth_of(layers: float) -> float:
        return potential_of(NO_TERMS._replace(depth=layers)).depth

    there, step = FEWEST_LAYERS, 1e-5
    slope = (depth_of(there + step) - depth_of(there)) / step
    assert depth_of(there - fewer) == pytest.approx(depth_of(there) - slope * fewer, rel=1e-5)


def test_a_whole_network() -> None:
    network = cnncost.loads("""\
input: [3, 16, 16]
layers:
- {conv: 32, kernel: 3, padding: 1}
- relu
- {maxpool: 2}
- {conv: 64, kernel: 3, padding: 1, groups: 2}
- relu
- {conv: 16, kernel: 1}
- {dense: 100}
- relu
- {dense: 10}
""").network
    projection = LINEAR_SHARE * (1 + NARROW / 16)
    weight = 1 + 1 + projection
    fine = 1 / (1 + MAP_LAYERS)
    half = 1 / (1 + MAP_LAYERS)
    coarseness = fine * coarse(16) + (half + HEAD_SHARE) * coarse(8)
    typical = exp((log(32) + log(64) + projection * log(16)) / weight)
    assert potential_of(network_terms(network)) == near(
        Potential(
            WIDTH * log(1 + WIDE / typical),
            DEPTH / (2 * (1 + KERNEL_SHARE) + DENSE_DEPTH + LEAST_DEPTH) ** DEPTH_POWER,
            coarseness / (fine + half + HEAD_SHARE) + PICTURE * coarse(16),
            GROUPS * 64 / (64 + 32) * log(2) / log(32) / weight,
            DENSE * log(DENSE_UNITS / 100),
        )
    )


@pytest.mark.parametrize(("inputs", "extents"), [
    ("[3, 16, 16]", [16]),
    ("[3, 4, 16]", [8]),  # the root of the positions
    ("{a: [3, 16, 16], b: [2, 4, 4]}", [16, 4]),  # the mean of two pictures
    ("{a: [3, 16, 16], b: [7]}", [16]),  # a vector has no positions
    ("[7]", []),
])  # fmt: skip
def test_what_pictures_cost(inputs: str, extents: list[float]) -> None:
    lines = "- {flatten, name: c, from: a}\n- {flatten, name: d, from: b}\n- {concat: [c, d]}\n"
    lines = lines if "a:" in inputs else ""
    network = cnncost.loads(f"input: {inputs}\nlayers:\n{lines}- {{dense: 3}}\n").network
    mean = sum(map(coarse, extents)) / max(1, len(extents))
    assert network_terms(network).picture == pytest.approx(PICTURE * mean)
