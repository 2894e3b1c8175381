"""The numbers in which copies of a block differ, and which of them follow from others.

What finds blocks in imports and what writes blocks as PyTorch's classes ask here whether one
parameter can stand for two numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnncost.formats.graph import Value

    Column = tuple[Value, ...]
    """A number's values, one for each copy."""

WIDTHS = ("filters", "units", "features", "width")
"""Kinds of numbers that say how wide a layer is; `width` where the field does not matter."""

FACTORS = range(2, 17)
"""The factors by which one width may be written as a multiple or part of another."""


class BlockNumber(NamedTuple):
    """One number of a block."""

    kind: str
    """The field of a layer that it goes into; only numbers of one kind are the same number."""
    line: int
    """The line of the block that it stands in."""
    column: Column


class NumberRule(NamedTuple):
    """How a number follows from another: it is that number, times or divided by a factor.

    >>> NumberRule("*", 4).write("filters"), NumberRule("//", 2).write("kernel")
    ('4 * filters', 'kernel // 2')
    """

    sign: str = "*"
    factor: int = 1

    @property
    def is_same(self) -> bool:
        """Whether it is that number itself."""
        return self.factor == 1

    def write(self, name: str) -> str:
        """Write the number as an expression of the other one's name."""
        if self.is_same:
            return name
        return f"{self.factor} * {name}" if self.sign == "*" else f"{name} // {self.factor}"


def find_parameter(
    number: BlockNumber, parameters: Sequence[BlockNumber]
) -> tuple[int, NumberRule] | None:
    """Find the first parameter that is this number, else the first that it follows from.

    >>> filters = BlockNumber("filters", 0, (16, 32))
    >>> find_parameter(BlockNumber("filters", 2, (64, 128)), [filters])
    (0, NumberRule(sign='*', factor=4))
    """
    rules = [(i, rule) for i, one in enumerate(parameters) if (rule := derive_number(number, one))]
    return min(rules, key=lambda pair: not pair[1].is_same, default=None)


def derive_number(number: BlockNumber, base: BlockNumber) -> NumberRule | None:
    """Derive a number from another; None if it does not follow from that.

    Widths may be multiples or whole parts. A padding may be half of its own layer's kernel, which
    keeps the size of the map, or its dilation, as a kernel of three needs for that.
    """
    if number.kind == base.kind:
        if number.column == base.column:
            return NumberRule()
        return derive_column(number.column, base.column) if number.kind in WIDTHS else None
    if number.kind != "padding" or number.line != base.line:
        return None
    if base.kind == "kernel":
        return NumberRule("//", 2) if _are_halves(number.column, base.column) else None
    return NumberRule() if base.kind == "dilation" and number.column == base.column else None


def derive_column(column: Column, base: Column) -> NumberRule | None:
    """Derive numbers from others as the same, as their multiples or as whole parts of them.

    >>> derive_column((2, 4), (8, 16)), derive_column((3, 6), (7, 13))
    (NumberRule(sign='//', factor=4), None)
    """
    if column == base:
        return NumberRule()
    if times := ratio_of(column, base):
        return NumberRule("*", times) if times in FACTORS else None
    parts = ratio_of(base, column)
    return NumberRule("//", parts) if parts in FACTORS else None


def ratio_of(column: Column, base: Column) -> int:
    """Return the factor by which the column is a multiple of the base in all copies, else 0."""
    first, unit = column[0], base[0]
    if column == base:
        return 1
    if type(first) is not int or type(unit) is not int or unit == 0 or first % unit:
        return 0
    times = first // unit
    pairs = zip(column, base, strict=True)
    same = all(type(c) is int and type(b) is int and c == times * b for c, b in pairs)
    return times if same else 0


def _are_halves(paddings: Column, kernels: Column) -> bool:
    pairs = zip(paddings, kernels, strict=True)
    return all(type(p) is int and type(k) is int and p == k // 2 for p, k in pairs)
