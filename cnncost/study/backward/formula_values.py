"""Values of scalar formulas in numpy: every letter is an axis of an array."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import erf, pi, prod
from typing import TYPE_CHECKING

from cnncost.study.backward.curves import CURVES
from cnncost.study.backward.index_letters import COUNT, EXAMPLE
from cnncost.study.backward.scalar_formula import IndexRange, ScalarFormula

if TYPE_CHECKING:
    from cnncost.arrays import Bools, Floats
    from cnncost.study.backward.gradient_expression import Symbol

PRIME = "′"
"""Stands behind the name of a function for its derivative."""


class FormulaWork:
    """Evaluates formulas at all values of their letters; the values have one axis per letter."""

    def __init__(
        self, tensors: Mapping[Symbol, Floats], ranges: Sequence[IndexRange], examples: int = 1
    ) -> None:
        """Take the tensors, with examples on their first axis, and the ranges of all letters."""
        self.tensors = tensors
        self.examples = examples
        self.outside = 0.0
        self.axes = {one.letter: at for at, one in enumerate(ranges)}
        self.letters = {one.letter: self._count_up(one) for one in ranges}
        self.letters[COUNT] = self._count_examples()

    def hold_letter(self, word: str, at: int) -> None:
        """Give a letter one value, in the place of all values of its range."""
        import numpy as np

        self.letters[word] = np.full((1,) * len(self.axes), float(at))

    def _count_examples(self) -> Floats:
        import numpy as np

        return np.full((1,) * len(self.axes), float(self.examples))

    def _count_up(self, one: IndexRange) -> Floats:
        import numpy as np

        shape = [1] * len(self.axes)
        shape[self.axes[one.letter]] = size = self.find_size(one)
        return np.arange(size, dtype=float).reshape(shape)

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
            if whole.min() < 0 or whole.max() >= size or (whole != index).any():
                inside = inside & (whole == index) & (whole >= 0) & (whole < size)
                whole = whole.clip(0, size - 1)
            places.append(whole)
        found: Floats = tensor[tuple(places)]
        return found if inside.all() else np.where(inside, found, self.outside)

    def compute_pair(self, formula: ScalarFormula) -> Floats:
        left, right = (self.evaluate(part) for part in formula.parts)
        return _ARITHMETIC[formula.kind](left, right)

    def call_function(self, formula: ScalarFormula) -> Floats:
        values = [self.evaluate(part) for part in formula.parts]
        return evaluate_function(formula.word, *values)

    def decide_bracket(self, formula: ScalarFormula) -> Floats:
        left, right = (self.evaluate(part) for part in formula.parts)
        found: Floats = _RELATIONS[formula.word](left, right).astype(float)
        return found

    def sum_ranges(self, formula: ScalarFormula) -> Floats:
        """Add up a product without making it: most sums are sums of products."""
        import numpy as np

        self._start_ranges(formula)
        factors = [self.evaluate(part) for part in list_factors(formula.parts[0])]
        parts: list[object] = []
        for factor in factors:
            axes = [axis for axis, size in enumerate(factor.shape) if size > 1]
            parts += [factor.reshape([factor.shape[axis] for axis in axes]), axes]
        shape = np.broadcast_shapes(*(factor.shape for factor in factors))
        summed = {self.axes[one.letter]: self.find_size(one) for one in formula.ranges}
        left = [axis for axis, size in enumerate(shape) if size > 1 and axis not in summed]
        found: Floats = np.einsum(*parts, left, optimize=len(factors) > 1)  # type: ignore[call-overload]  # arrays and axes in turn
        for axis, size in summed.items():
            found = found * (size if shape[axis] == 1 else 1)
        return found.reshape([size if axis in left else 1 for axis, size in enumerate(shape)])

    def find_largest(self, formula: ScalarFormula) -> Floats:
        """Find the largest number; one outside its tensor, as padding is, never is."""
        import numpy as np

        self._start_ranges(formula)
        before, self.outside = self.outside, -float("inf")
        body = self.evaluate(formula.parts[0])
        self.outside = before
        for holds in formula.parts[1:]:
            body = np.where(self.evaluate(holds) > 0, body, -float("inf"))
        axes = tuple(self.axes[one.letter] for one in formula.ranges)
        found: Floats = body.max(axes, keepdims=True)
        return found

    def _start_ranges(self, formula: ScalarFormula) -> None:
        for one in formula.ranges:
            self.letters[one.letter] = self._count_up(one)

    def find_size(self, one: IndexRange) -> int:
        """Return the size of a range, which of examples the formula does not know."""
        return one.size or self.examples


def evaluate_function(word: str, *values: Floats) -> Floats:
    """Compute a function, or with a prime behind its name its derivative, at every number."""
    if word in _FUNCTIONS:
        return _FUNCTIONS[word](*values)
    curve, (x,) = CURVES[word.removesuffix(PRIME)], values
    work = FormulaWork({}, ())
    work.letters["x"] = x.reshape(-1)
    found = work.evaluate(curve.slope if word.endswith(PRIME) else curve.value)
    return (found + 0 * x.reshape(-1)).reshape(x.shape)


def count_numbers(formula: ScalarFormula, sizes: Mapping[str, int]) -> int:
    """Return how many numbers the largest array has that evaluating a formula makes; a sum of
    products is made without the products."""
    parts = list_factors(formula.parts[0]) if formula.kind == "sum" else formula.parts
    inside = max((count_numbers(part, sizes) for part in parts), default=1)
    return max(inside, prod(sizes.get(word, 1) for word in formula.list_letters()))


def list_factors(formula: ScalarFormula) -> list[ScalarFormula]:
    """List the factors of a product."""
    if formula.kind != "*":
        return [formula]
    return [factor for part in formula.parts for factor in list_factors(part)]


def list_ranges(formula: ScalarFormula) -> Iterable[IndexRange]:
    """List the ranges of all sums in a formula."""
    yield from formula.ranges
    for part in formula.parts:
        yield from list_ranges(part)


def _normal_integral(x: Floats) -> Floats:
    import numpy as np

    found: Floats = np.vectorize(erf, otypes=[float])(x)
    return found


def _pi() -> Floats:
    import numpy as np

    return np.array([pi])


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
    "pi": _pi,
}

_ARITHMETIC: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "mod": lambda a, b: a % b,
    "power": lambda a, b: a**b,
}

_RELATIONS: dict[str, Callable[[Floats, Floats], Bools]] = {
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
