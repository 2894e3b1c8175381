"""The two forms of an equation: of vectors and matrices, or of single numbers with indices."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.study.backward.equation import Equation
from cnncost.study.backward.index_form import write_indices
from cnncost.study.backward.index_writer import IndexEquation, Sizes
from cnncost.views.backward.gradient_formula import (
    EquationNotation,
    formula_of,
    summand_formulas,
)
from cnncost.views.backward.index_text import index_formula_of, index_summands


class EquationForm:
    """Equations of vectors and matrices."""

    def left_side(self, equation: Equation, notation: EquationNotation) -> str:
        """Write the left side."""
        return formula_of(equation.left, notation)

    def summands(self, equation: Equation, notation: EquationNotation) -> list[str]:
        """Write the summands of the right side, each but the first with the sign before it."""
        return summand_formulas(equation.right, notation)

    def rows(
        self, equations: Sequence[Equation], notation: EquationNotation
    ) -> list[tuple[str, list[str]]]:
        """Write both sides of several equations."""
        return [(self.left_side(e, notation), self.summands(e, notation)) for e in equations]


class IndexedForm(EquationForm):
    """Equations with their indices and sums written out."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.written: dict[Equation, IndexEquation] = {}

    def write(self, equation: Equation) -> IndexEquation:
        if equation not in self.written:
            self.written[equation] = write_indices(equation, self.sizes)
        return self.written[equation]

    def left_side(self, equation: Equation, notation: EquationNotation) -> str:
        return index_formula_of(self.write(equation).left, notation)

    def summands(self, equation: Equation, notation: EquationNotation) -> list[str]:
        return index_summands(self.write(equation).right, notation)
