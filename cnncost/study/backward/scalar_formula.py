"""Formulas of single numbers: entries of tensors at indices, sums over indices, functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from cnncost.study.backward.gradient_expression import Symbol


class IndexRange(NamedTuple):
    """A letter that counts from 0 to one less than a size; the size of examples is 0 here."""

    letter: str
    size: int


@dataclass(frozen=True)
class ScalarFormula:
    """A formula of some kind on parts; Python's operators build formulas.

    The kinds are `number`, `letter` (an index, or the argument of a function), `entry` (of a
    tensor, its indices are the parts), `+`, `-`, `*`, `/`, `mod`, `power`, `call` (a function, as
    `exp` or `floor`), `bracket` (Iverson's: 1 where a relation holds, else 0), `sum` and `largest`
    (over ranges). An entry outside its tensor, or at no whole index, is 0.
    """

    kind: str
    parts: tuple[ScalarFormula, ...] = ()
    word: str = ""
    """A number's digits, a letter, a function's name or a bracket's relation."""
    symbol: Symbol | None = None
    """The tensor of an entry."""
    ranges: tuple[IndexRange, ...] = ()

    def __add__(self, other: ScalarFormula | int) -> ScalarFormula:
        other = as_formula(other)
        if ZERO in (self, other):
            return other if self == ZERO else self
        if self.whole is not None and other.whole is not None:
            return as_formula(self.whole + other.whole)
        if _is_split(self, other):
            return other.parts[0]
        return ScalarFormula("+", (self, other))

    def __sub__(self, other: ScalarFormula | int) -> ScalarFormula:
        other = as_formula(other)
        return self if other == ZERO else ScalarFormula("-", (self, other))

    def __mul__(self, other: ScalarFormula | int) -> ScalarFormula:
        other = as_formula(other)
        if ZERO in (self, other):
            return ZERO
        if ONE in (self, other):
            return other if self == ONE else self
        if self.whole is not None and other.whole is not None:
            return as_formula(self.whole * other.whole)
        if self.kind == "/" and self.parts[1] == other:
            return self.parts[0]
        return ScalarFormula("*", (self, other))

    def __truediv__(self, other: ScalarFormula | int) -> ScalarFormula:
        other = as_formula(other)
        return self if other == ONE else ScalarFormula("/", (self, other))

    def __floordiv__(self, other: int) -> ScalarFormula:
        if other == 1 or self == ZERO:
            return self
        if self.word == "floor" and self.parts[0].kind == "/":
            above, below = self.parts[0].parts
            if below.whole is not None:
                return above // (below.whole * other)  # floor(floor(i / 2) / 3)
        return call_scalar("floor", self / other)

    def __mod__(self, other: int) -> ScalarFormula:
        if other == 1 or self == ZERO:
            return ZERO
        return ScalarFormula("mod", (self, as_formula(other)))

    def __pow__(self, exponent: str) -> ScalarFormula:
        return ScalarFormula("power", (self, as_formula(exponent)))

    @property
    def whole(self) -> int | None:
        """The whole number that it is; None if it is none."""
        return int(self.word) if self.kind == "number" and self.word.isdigit() else None

    def replace_letter(self, letter: str, other: ScalarFormula) -> ScalarFormula:
        """Put another formula in the place of a letter."""
        if self.kind == "letter":
            return other if self.word == letter else self
        parts = tuple(part.replace_letter(letter, other) for part in self.parts)
        if self.kind in _ARITHMETIC and parts != self.parts:
            return _ARITHMETIC[self.kind](*parts)  # which makes 2 (p / 2) a p
        return replace(self, parts=parts)

    def list_letters(self) -> set[str]:
        """List the letters that the formula depends on; those of its sums are not among them."""
        if self.kind == "letter":
            return {self.word}
        found = {letter for part in self.parts for letter in part.list_letters()}
        return found - {one.letter for one in self.ranges}


def _is_split(left: ScalarFormula, right: ScalarFormula) -> bool:
    """Whether it is `n floor(i / n) + i mod n`, which is i."""
    if left.kind != "*" or right.kind != "mod":
        return False
    whole, size = left.parts
    if size.whole is None or size != right.parts[1]:
        return False
    return whole == right.parts[0] // size.whole


_ARITHMETIC: dict[str, Callable[[ScalarFormula, ScalarFormula], ScalarFormula]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def as_formula(value: ScalarFormula | int | str) -> ScalarFormula:
    """Write a number, given by its digits, as a formula."""
    return value if isinstance(value, ScalarFormula) else ScalarFormula("number", word=str(value))


ZERO, ONE = as_formula(0), as_formula(1)


def letter(word: str) -> ScalarFormula:
    """Write an index."""
    return ScalarFormula("letter", word=word)


def entry(symbol: Symbol, *indices: ScalarFormula) -> ScalarFormula:
    """Write one entry of a tensor."""
    return ScalarFormula("entry", indices, symbol=symbol)


def call_scalar(word: str, *arguments: ScalarFormula) -> ScalarFormula:
    """Write the value of a function of numbers."""
    return ScalarFormula("call", arguments, word)


def bracket(left: ScalarFormula, relation: str, right: ScalarFormula | int | str) -> ScalarFormula:
    """Write Iverson's bracket: 1 where the relation holds, else 0."""
    return ScalarFormula("bracket", (left, as_formula(right)), relation)


def sum_over(body: ScalarFormula, *ranges: IndexRange) -> ScalarFormula:
    """Write a sum over ranges; a range of one index needs none, nor do zeros."""
    if body == ZERO:
        return ZERO
    for one in ranges:
        if one.size == 1:
            body = body.replace_letter(one.letter, ZERO)
    left = tuple(one for one in ranges if one.size != 1)
    return ScalarFormula("sum", (body,), ranges=left) if left else body


def largest_over(body: ScalarFormula, holds: ScalarFormula, *ranges: IndexRange) -> ScalarFormula:
    """Write the largest value over ranges, where a bracket is 1."""
    parts = (body,) if holds == ONE else (body, holds)
    return ScalarFormula("largest", parts, ranges=ranges)
