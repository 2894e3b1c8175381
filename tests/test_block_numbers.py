"""Which numbers of a block follow from which, where blocks are found and where they are written."""

from __future__ import annotations

import re

import pytest

import cnncost
from cnncost.formats.block_numbers import BlockNumber, NumberRule, derive_number, find_parameter
from cnncost.formats.graph import graph_of
from cnncost.formats.structured_text import structured_text
from cnncost.formats.torch_out.torch_code import write


@pytest.mark.parametrize(
    ("column", "base", "rule"),
    [
        ((16, 32), (16, 32), NumberRule()),
        ((64, 128), (16, 32), NumberRule("*", 4)),
        ((4, 8), (64, 128), NumberRule("//", 16)),  # SENet's squeeze
        ((3, 6), (7, 13), None),  # halves of odd widths are a chance
        ((17, 34), (1, 2), None),  # nobody writes 17 * filters
        ((0, 0), (16, 32), None),
        (((3, 3), (5, 5)), ((1, 1), (2, 2)), None),
    ],
)
def test_widths(column: tuple[int, ...], base: tuple[int, ...], rule: NumberRule | None) -> None:
    number, other = BlockNumber("filters", 1, column), BlockNumber("filters", 0, base)
    assert derive_number(number, other) == rule


def test_a_padding_follows_from_its_own_line_alone() -> None:
    kernel, padding = BlockNumber("kernel", 3, (3, 5)), BlockNumber("padding", 3, (1, 2))
    assert derive_number(padding, kernel) == NumberRule("//", 2)
    assert derive_number(padding, kernel._replace(line=2)) is None
    assert derive_number(kernel, padding) is None
    dilation = BlockNumber("dilation", 3, (6, 12))
    assert derive_number(BlockNumber("padding", 3, (6, 12)), dilation) == NumberRule()
    assert derive_number(BlockNumber("stride", 3, (6, 12)), dilation) is None


def test_an_equal_parameter_comes_before_one_that_it_follows_from() -> None:
    parameters = [BlockNumber("filters", 0, (8, 16)), BlockNumber("filters", 1, (16, 32))]
    number = BlockNumber("filters", 2, (16, 32))
    assert find_parameter(number, parameters) == (1, NumberRule())
    assert find_parameter(number, parameters[:1]) == (0, NumberRule("*", 2))
    assert find_parameter(number, []) is None


SQUEEZES = """\
name: net
input: [3, 8, 8]
layers:
  - {conv: 32, kernel: 3, padding: 1}
  - residual: [{conv: 32, kernel: 3, padding: 1}, {conv: 2, kernel: 1}, relu, {conv: 32, kernel: 1}]
  - {conv: 64, kernel: 3, padding: 1}
  - residual: [{conv: 64, kernel: 3, padding: 1}, {conv: 4, kernel: 1}, relu, {conv: 64, kernel: 1}]
"""


def test_a_squeeze_by_sixteen_is_one_rule_in_specs_and_in_classes() -> None:
    network = cnncost.loads(SQUEEZES).network
    text = structured_text(graph_of(network), network)
    assert "channels // 16" in text
    code = write(cnncost.loads(text)).decode()
    assert re.search(r"def __init__\(self, (\w+)\):", code)
    assert re.search(r"nn\.Conv2d\((\w+), \1 // 16, 1\)", code)


def test_a_part_of_an_earlier_width_is_no_parameter_of_its_own() -> None:
    """As 13 of 52 and 48 of 192; both used to be given at each call."""
    lines = "".join(
        f"""\
  - {{name: b{i}_l0, conv: {wide}, kernel: 3}}
  - batchnorm
  - relu
  - {{name: b{i}_l1, conv: {wide // 4}, kernel: 1}}
  - relu
  - {{name: b{i}_l2, conv: 16, kernel: 3}}
  - batchnorm
  - relu
"""
        for i, wide in enumerate((52, 192, 100))
    )
    network = cnncost.loads(f"name: net\ninput: [16, 24, 24]\nlayers:\n{lines}").network
    text = structured_text(graph_of(network), network)
    assert "block(filters):" in text
    assert "conv: filters // 4" in text
    assert "nn.Conv2d(filters, filters // 4, 1)" in write(cnncost.loads(text)).decode()


ODD = """\
name: net
input: [5, 20, 20]
blocks:
  pair(wide):
    - {conv: wide, kernel: 3}
    - {conv: (wide - 1) / 2, kernel: 3}
layers:
  - pair: 7
  - pair: 13
"""


def test_half_of_an_odd_width_is_a_parameter_in_classes() -> None:
    code = write(cnncost.loads(ODD)).decode()
    assert "def __init__(self, channels, wide, filters):" in code
    assert "Pair(5, 7, 3)" in code
    assert "Pair(3, 13, 6)" in code
