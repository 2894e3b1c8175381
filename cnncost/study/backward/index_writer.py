"""Writes the entries of an equation's expressions: what all kinds of expressions need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from cnncost.errors import CnncostError
from cnncost.study.backward.equation import Equation
from cnncost.study.backward.gradient_expression import Expression, Symbol
from cnncost.study.backward.index_letters import (
    EXAMPLE,
    IndexLetters,
)
from cnncost.study.backward.layer_use import SymbolSizes
from cnncost.study.backward.option_reader import Dims
from cnncost.study.backward.scalar_formula import (
    ZERO,
    IndexRange,
    ScalarFormula,
    as_formula,
    bracket,
    call_scalar,
    entry,
    largest_over,
    letter,
)
from cnncost.study.backward.sequence_maps import MAP_DIMS
from cnncost.study.backward.unit_maps import MapSizes, Place, map_maximum, split_place


class IndexEquation(NamedTuple):
    """One entry of a symbol, its value, and the letters that say which entry."""

    left: ScalarFormula
    right: ScalarFormula
    ranges: tuple[IndexRange, ...]


Sizes = Mapping[Symbol, SymbolSizes]
"""The sizes of every symbol of a network, bars left out."""

Write = Callable[["IndexWriter", Expression, Place], ScalarFormula]
"""From the writer, an expression and a place to the formula of the entry there."""

MEANS = ("mean", "deviation")

ARITHMETIC: dict[str, Callable[[ScalarFormula, ScalarFormula], ScalarFormula]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "times": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def index_place(ranges: Sequence[IndexRange]) -> Place:
    """Return the place that the letters of ranges say; an axis of one unit has index 0."""
    return tuple(letter(one.letter) if one.size != 1 else ZERO for one in ranges)


def turn_back(value: Expression) -> tuple[Expression, bool]:
    """Split a value into what is transposed, and whether it is."""
    if value.kind == "transpose":
        return value.operands[0], True
    return value, False


class IndexWriter:
    """Writes the entries of one equation's expressions."""

    def __init__(
        self, sizes: Sizes, kinds: Mapping[str, Write], calls: Mapping[str, Write]
    ) -> None:
        """Take the sizes of symbols, and how each kind of expression and each function of more
        than one number is written."""
        self.sizes = sizes
        self.kinds, self.calls = kinds, calls
        self.letters = IndexLetters()
        self.example: ScalarFormula | None = None
        """The example, in an equation that has means over examples."""
        self.left_dims: Dims = ()

    def write_equation(self, equation: Equation) -> IndexEquation:
        """Write the left side's entry at letters, and the right side's value there."""
        if any(part.kind in MEANS and "n" in part.word for part in equation.right.walk()):
            self.example = letter(EXAMPLE)
        size = self.find_sizes(equation.left)
        self.left_dims = size.dims
        ranges = self.letters.name_axes(size)
        place = index_place(ranges)
        if size.axes:  # a symbol that lacks some axes of its layer's units
            at = dict(zip(size.axes, place, strict=True))
            place = tuple(at.get(axis, ZERO) for axis in range(max(size.axes) + 1))
        left = self.write_symbol(equation.left, place)
        return IndexEquation(left, self.at(equation.right, place), tuple(ranges))

    def find_sizes(self, symbol: Symbol) -> SymbolSizes:
        return self.sizes[symbol.base]

    def dims(self, value: Expression) -> Dims:
        """Return the sizes of a value; () if they are those of what stands beside it."""
        if isinstance(value, Symbol):
            size = self.find_sizes(value)
            return () if size.axes else size.dims
        if value.kind == "channels":
            start, end = map(int, value.options.split(":"))
            return (end - start, *self.dims(value.operands[0])[1:])
        if value.kind == "call" and value.word == "vec":
            return (prod(self.dims(value.operands[0])),)
        if value.kind == "product":
            return self.product_dims(value)
        found = (self.dims(part) for part in value.operands)
        return max(found, key=lambda dims: (len(dims), prod(dims)), default=())

    def product_dims(self, value: Expression) -> Dims:
        """Return the sizes of a product of matrices; () if they are those of what stands beside
        it."""
        left, right = value.operands
        inner, turned = turn_back(left)
        if inner.kind == "number":
            return self.dims(right)
        if inner.kind == "operator" and not turned and inner.word in MAP_DIMS:
            return MAP_DIMS[inner.word](inner.options, self.dims(right))
        if right.kind == "transpose" or not isinstance(inner, Symbol):
            return ()
        return (self.dims(inner)[1 if turned else 0], *self.dims(right)[1:])

    def is_heads(self, value: Expression) -> bool:
        """Whether a value is one matrix per head."""
        if isinstance(value, Symbol):
            return self.find_sizes(value).heads
        if value.kind == "by head":
            return value.operands[0].kind == "transpose"
        return any(self.is_heads(part) for part in value.operands)

    def at(self, value: Expression, place: Place) -> ScalarFormula:
        """Write the entry of a value at a place."""
        if isinstance(value, Symbol):
            return self.write_symbol(value, place)
        if value.kind not in self.kinds:
            raise CnncostError(f"{value.kind} has no index form", "--vector writes it")
        return self.kinds[value.kind](self, value, place)

    def write_symbol(self, symbol: Symbol, place: Place) -> ScalarFormula:
        """Write a symbol's entry."""
        size = self.find_sizes(symbol)
        axes = size.axes or range(len(size.dims))
        indices = [place[axis] if axis < len(place) else ZERO for axis in axes]
        if self.example is not None and not size.shared:
            indices.insert(0, self.example)
        return entry(symbol, *indices)

    def write_number(self, value: Expression, place: Place) -> ScalarFormula:
        return as_formula(value.word)

    def write_root(self, value: Expression, place: Place) -> ScalarFormula:
        return call_scalar("sqrt", self.at(value.operands[0], place))

    def write_pair(self, value: Expression, place: Place) -> ScalarFormula:
        """Write a sum, difference, product element by element, or quotient, from the left."""
        dims = self.dims(value)
        first, *others = (self.at(part, self._narrow(part, dims, place)) for part in value.operands)
        for other in others:
            first = ARITHMETIC[value.kind](first, other)
        return first

    def _narrow(self, part: Expression, dims: Dims, place: Place) -> Place:
        """Put index 0 where a gate or a shared parameter has one number for many units."""
        own = self.dims(part) if isinstance(part, Symbol) else ()
        narrow = [n == 1 < m for n, m in zip(own, dims)]  # noqa: B905  a parameter has fewer axes
        narrow += [False] * (len(place) - len(narrow))
        return tuple(ZERO if one else at for one, at in zip(narrow, place, strict=True))

    def write_power(self, value: Expression, place: Place) -> ScalarFormula:
        base, exponent = value.operands
        return self.at(base, place) ** exponent.word

    def write_where(self, value: Expression, place: Place) -> ScalarFormula:
        relation, bound = value.word.split()
        return bracket(self.at(value.operands[0], place), relation, bound)

    def write_channels(self, value: Expression, place: Place) -> ScalarFormula:
        start, _, _ = value.options.partition(":")
        return self.at(value.operands[0], (place[0] + int(start), *place[1:]))

    def write_slope(self, value: Expression, place: Place) -> ScalarFormula:
        return call_scalar(f"{value.word}′", self.at(value.operands[0], place))

    def write_call(self, value: Expression, place: Place) -> ScalarFormula:
        special = self.calls.get(value.word)
        if special is not None:
            return special(self, value, place)
        return call_scalar(value.word, *(self.at(part, place) for part in value.operands))

    def write_vec(self, value: Expression, place: Place) -> ScalarFormula:
        (x,) = value.operands
        return self.at(x, split_place(place[0], self.dims(x)))

    def write_concat(self, value: Expression, place: Place) -> ScalarFormula:
        """Add up the inputs; each is 0 outside its channels."""
        channel, *positions = place
        found, start = ZERO, 0
        for part in value.operands:
            found = found + self.at(part, (channel - start, *positions))
            start += self.dims(part)[0]
        return found

    def write_onehot(self, value: Expression, place: Place) -> ScalarFormula:
        """Write 1 where the row is the word that the column's index names."""
        (x,) = value.operands
        return bracket(self.at(x, place[1:]), "=", place[0])

    def write_maximum(self, value: Expression, place: Place) -> ScalarFormula:
        """Write the largest unit of a window."""
        (x,) = value.operands
        sizes = MapSizes(value.options, self.dims(x), self.left_dims)
        found = map_maximum(value.word, sizes, place)
        return largest_over(self.at(x, found.source), found.share, *found.ranges)

    def write_unknown(self, value: Expression, place: Place) -> ScalarFormula:
        return call_scalar("unknown", *(self.at(part, place) for part in value.operands))
