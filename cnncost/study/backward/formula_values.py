"""Values of scalar formulas in numpy: every letter is an axis of an array."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import erf, pi
from typing import TYPE_CHECKING

from cnncost.study.backward.curves import CURVES
from cnncost.study.backward.scalar_formula import IndexRange, ScalarFormula

if TYPE_CHECKING:
    from cnncost.arrays import Floats
    from cnncost.study.backward.gradient_expression import Symbol

EXAMPLE = "n"
"""The letter that counts examples."""

PRIME = "′"
"""Stands behind the name of a function for its derivative."""


class FormulaWork:
    """Evaluates formulas at all values of their letters; the values have one axis per letter."""

    def __init__(self, tensors: Mapping[Symbol, Floats], ranges: Sequence[IndexRange]) -> None:
        """Take the tensors, with examples on their first axis, and the ranges of all letters."""
        self.tensors = tensors
        self.axes = {one.letter: at for at, one in enumerate(ranges)}
        self.letters = {one.letter: self._count_up(one) for one in ranges}

    def _count_up(self, one: IndexRange) -> Floats:
        import numpy as np

        shape = [1] * len(self.axes)
        shape[self.axes[one.letter]] = one.size
        return np.arange(one.size, dtype=float).reshape(shape)

    def evaluate(self, formula: ScalarFormula) -> Floats:
        """Compute a formula's value for every value of the letters that it has."""
        return _KINDS[formula.kind](self, formula)

    def find_number(self, formula: ScalarFormula) -> Floats:
        import numpy as np

        return np.full((1,) * max(len(self.axes), 1), float(formula.word))

    def find_letter(self, formula: ScalarFormula) -> Floats:
        return self.letters[formula.word]

    def find_entry(self, formula: ScalarFormula) -> Floats:
        """Read a tensor at the indices; outside it is 0."""
        import numpy as np

        assert formula.symbol is not None
        tensor = self.tensors[formula.symbol]
        indices = [self.evaluate(part) for part in formula.parts]
        if len(indices) < tensor.ndim:  # an activation is one of each example
            indices.insert(0, self.letters[EXAMPLE] if tensor.shape[0] > 1 else np.zeros(1))
        inside = np.ones((1,) * len(self.axes), dtype=bool)
        places = []
        for index, size in zip(indices, tensor.shape, strict=True):
            whole = np.rint(index).astype(int)
            inside = inside & (whole == index) & (whole >= 0) & (whole < size)
            places.append(np.clip(whole, 0, size - 1))
        return np.where(inside, tensor[tuple(places)], 0.0)

    def compute_pair(self, formula: ScalarFormula) -> Floats:
        left, right = (self.evaluate(part) for part in formula.parts)
        return _ARITHMETIC[formula.kind](left, right)

    def call_function(self, formula: ScalarFormula) -> Floats:
        values = [self.evaluate(part) for part in formula.parts]
        return evaluate_function(formula.word, *values)

    def decide_bracket(self, formula: ScalarFormula) -> Floats:
        left, right = (self.evaluate(part) for part in formula.parts)
        return _RELATIONS[formula.word](left, right).astype(float)

    def sum_ranges(self, formula: ScalarFormula) -> Floats:
        spread, axes = self._spread_ranges(formula)
        return spread.sum(axes, keepdims=True)

    def find_largest(self, formula: ScalarFormula) -> Floats:
        spread, axes = self._spread_ranges(formula)
        return spread.max(axes, keepdims=True)

    def _spread_ranges(self, formula: ScalarFormula) -> tuple[Floats, tuple[int, ...]]:
        """Evaluate the body of a sum, for each value of its letters."""
        import numpy as np

        for one in formula.ranges:
            self.letters[one.letter] = self._count_up(one)
        (body,) = formula.parts
        value = self.evaluate(body)
        shape = list(value.shape)
        axes = tuple(self.axes[one.letter] for one in formula.ranges)
        for one, axis in zip(formula.ranges, axes, strict=True):
            shape[axis] = one.size
        return np.broadcast_to(value, shape), axes


def evaluate_function(word: str, *values: Floats) -> Floats:
    """Compute a function, or with a prime behind its name its derivative, at every number."""
    if word in _FUNCTIONS:
        return _FUNCTIONS[word](*values)
    curve, (x,) = CURVES[word.removesuffix(PRIME)], values
    work = FormulaWork({}, ())
    work.letters["x"] = x.reshape(-1)
    found = work.evaluate(curve.slope if word.endswith(PRIME) else curve.value)
    return (found + 0 * x.reshape(-1)).reshape(x.shape)


def list_ranges(formula: ScalarFormula) -> Iterable[IndexRange]:
    """List the ranges of all sums in a formula."""
    yield from formula.ranges
    for part in formula.parts:
        yield from list_ranges(part)


def _normal_integral(x: Floats) -> Floats:
    import numpy as np

    return np.vectorize(erf, otypes=[float])(x)


def _numpy(name: str) -> Callable[..., Floats]:
    """Return numpy's function of that name, imported when it is called."""

    def apply(*values: Floats) -> Floats:
        import numpy as np

        found: Floats = getattr(np, name)(*values)
        return found

    return apply


_FUNCTIONS: dict[str, Callable[..., Floats]] = {
    **{word: _numpy(word) for word in ("exp", "log", "tanh", "sqrt", "floor", "ceil", "abs")},
    "min": _numpy("minimum"),
    "max": _numpy("maximum"),
    "erf": _normal_integral,
    "pi": lambda: pi,
}

_ARITHMETIC: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "mod": lambda a, b: a % b,
    "power": lambda a, b: a**b,
}

_RELATIONS: dict[str, Callable[[Floats, Floats], Floats]] = {
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "≤": lambda a, b: a <= b,
    "≥": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
}

_KINDS: dict[str, Callable[[FormulaWork, ScalarFormula], Floats]] = {
    "number": FormulaWork.find_number,
    "letter": FormulaWork.find_letter,
    "entry": FormulaWork.find_entry,
    **dict.fromkeys(_ARITHMETIC, FormulaWork.compute_pair),
    "call": FormulaWork.call_function,
    "bracket": FormulaWork.decide_bracket,
    "sum": FormulaWork.sum_ranges,
    "largest": FormulaWork.find_largest,
}
