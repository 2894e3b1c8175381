"""Write formulas of indices: in Unicode, in ASCII and in LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from cnncost.study.backward.gradient_expression import Symbol
from cnncost.study.backward.scalar_formula import IndexRange, ScalarFormula
from cnncost.views.backward.gradient_formula import (
    ASCII,
    LATEX,
    LATEX_ACCENTS,
    EquationNotation,
    latex_letter,
)

SUM, PREFIX, TIMES, ATOM = range(4)
"""How tightly an operation binds."""

BINDS = {
    "+": SUM,
    "-": SUM,
    "sum": PREFIX,
    "largest": PREFIX,
    "mod": PREFIX,
    "*": TIMES,
    "/": TIMES,
}
"""How tightly each kind of formula binds; all others are atoms."""

PRIME = "′"


def index_formula_of(formula: ScalarFormula, notation: EquationNotation) -> str:
    """Write a formula on one line."""
    return _WRITERS[formula.kind](formula, notation)


def index_summands(formula: ScalarFormula, notation: EquationNotation) -> list[str]:
    """Write the summands of a formula, each but the first with the sign before it."""
    if formula.kind == "+":
        first, second = formula.parts
        return [
            *index_summands(first, notation),
            *_add_sign("+", index_summands(second, notation)),
        ]
    return [index_formula_of(formula, notation)]


def _add_sign(sign: str, summands: list[str]) -> list[str]:
    first, *others = summands
    return [f"{sign} {first}", *others]


def _part(formula: ScalarFormula, least: int, notation: EquationNotation) -> str:
    """Write a part, in brackets if it binds less tightly than `least`."""
    text = index_formula_of(formula, notation)
    return text if BINDS.get(formula.kind, ATOM) >= least else f"({text})"


def _write_number(formula: ScalarFormula, notation: EquationNotation) -> str:
    return formula.word.replace("-", notation.sign_of("−"))


def _write_letter(formula: ScalarFormula, notation: EquationNotation) -> str:
    return _letter(formula.word, notation)


def _letter(word: str, notation: EquationNotation) -> str:
    return word.replace(PRIME, notation.sign_of(PRIME))


def _write_entry(formula: ScalarFormula, notation: EquationNotation) -> str:
    assert formula.symbol is not None
    indices = [index_formula_of(part, notation) for part in formula.parts]
    if notation is LATEX:
        return _latex_entry(formula.symbol, ",".join(indices))
    separator = ", " if any(" " in index for index in indices) else ","
    return f"{notation.symbol(formula.symbol)}[{separator.join(indices)}]"


def _latex_entry(symbol: Symbol, indices: str) -> str:
    """Write the layer's name above, and the indices below."""
    above = [part for part in (symbol.mark, symbol.of and LATEX.word(symbol.of)) if part]
    raised = f"^{{{','.join(above)}}}" if above else ""
    return LATEX_ACCENTS[symbol.accent].format(latex_letter(symbol)) + raised + f"_{{{indices}}}"


def _write_plus(formula: ScalarFormula, notation: EquationNotation) -> str:
    return " ".join(index_summands(formula, notation))


def _write_minus(formula: ScalarFormula, notation: EquationNotation) -> str:
    left, right = formula.parts
    minus, second = notation.sign_of("−"), _part(right, PREFIX, notation)
    if left.kind == "number" and left.word == "0":
        return f"{minus}{second}"
    return f"{_part(left, SUM, notation)} {minus} {second}"


def _write_times(formula: ScalarFormula, notation: EquationNotation) -> str:
    left, right = formula.parts
    if right.kind == "number" and left.kind != "number":
        left, right = right, left
    first = _part(left, TIMES if left.kind == "*" else ATOM, notation)
    return f"{first} {_part(right, PREFIX, notation)}"


def _write_quotient(formula: ScalarFormula, notation: EquationNotation) -> str:
    above, below = formula.parts
    return f"{_part(above, TIMES, notation)} / {_part(below, ATOM, notation)}"


def _write_modulo(formula: ScalarFormula, notation: EquationNotation) -> str:
    left, right = (_part(part, ATOM, notation) for part in formula.parts)
    sign = "\\bmod" if notation is LATEX else "mod"
    return f"{left} {sign} {right}"


def _write_power(formula: ScalarFormula, notation: EquationNotation) -> str:
    base, exponent = formula.parts
    return notation.power(_part(base, ATOM, notation), exponent.word)


def _write_call(formula: ScalarFormula, notation: EquationNotation) -> str:
    if formula.word == "pi":
        return _pi_of(notation)
    arguments = ", ".join(index_formula_of(part, notation) for part in formula.parts)
    if formula.word == "floor" and notation is LATEX:
        return rf"\lfloor {arguments} \rfloor"
    if formula.word == "sqrt" and notation is LATEX:
        return rf"\sqrt{{{arguments}}}"
    word = formula.word.removesuffix(PRIME)
    prime = notation.sign_of(PRIME) if word != formula.word else ""
    return f"{notation.word(word)}{prime}({arguments})"


def _pi_of(notation: EquationNotation) -> str:
    return r"\pi" if notation is LATEX else "pi" if notation is ASCII else "π"


def _write_bracket(formula: ScalarFormula, notation: EquationNotation) -> str:
    left, right = (index_formula_of(part, notation) for part in formula.parts)
    return f"[{left} {notation.sign_of(formula.word)} {right}]"


def _write_sum(formula: ScalarFormula, notation: EquationNotation) -> str:
    sign = notation.sign_of("Σ") + _write_ranges(formula.ranges, notation)
    return f"{sign} {_part(formula.parts[0], PREFIX, notation)}"


def _write_largest(formula: ScalarFormula, notation: EquationNotation) -> str:
    body, *holds = formula.parts
    where = [index_formula_of(part, notation) for part in holds]
    over = _write_ranges(formula.ranges, notation, where)
    sign = r"\max" if notation is LATEX else "max"
    return f"{sign}{over} {_part(body, TIMES, notation)}"


def _write_ranges(
    ranges: Sequence[IndexRange], notation: EquationNotation, where: Iterable[str] = ()
) -> str:
    """Write `(j<8; u,v<5)`: letters from 0 on, those of one size together."""
    found = []
    for size, alike in groupby(ranges, key=lambda one: one.size or "N"):
        letters = ",".join(_letter(one.letter, notation) for one in alike)
        found.append(f"{letters}<{size}")
    text = "; ".join([*found, *where])
    return f"_{{{text}}}" if notation is LATEX else f"({text})"


_WRITERS: dict[str, Callable[[ScalarFormula, EquationNotation], str]] = {
    "number": _write_number,
    "letter": _write_letter,
    "entry": _write_entry,
    "+": _write_plus,
    "-": _write_minus,
    "*": _write_times,
    "/": _write_quotient,
    "mod": _write_modulo,
    "power": _write_power,
    "call": _write_call,
    "bracket": _write_bracket,
    "sum": _write_sum,
    "largest": _write_largest,
}
