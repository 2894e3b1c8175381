"""Write workings as formulas: as text, in numbers or in words, and in LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cnncost.term import Term

SUM, PRODUCT, ATOM = 1, 2, 3
"""How tightly an operation binds."""


class Notation(NamedTuple):
    """How a format writes a formula: its leaves, operators and roundings."""

    leaf: Callable[[int], str]
    times: str
    divided: Callable[[str, str], str]
    floor: Callable[[str, str], str]
    ceil: Callable[[str, str], str]
    divides_apart: bool = False
    """Whether a fraction needs no brackets."""


def _leaf_name(number: int) -> str:
    return number.name if isinstance(number, Term) and number.name else str(int(number))


TEXT = Notation(
    leaf=lambda number: f"{int(number):,}",
    times=" x ",
    divided=lambda a, b: f"{a} / {b}",
    floor=lambda a, b: f"floor({a} / {b})",
    ceil=lambda a, b: f"ceil({a} / {b})",
)

WORDS = TEXT._replace(leaf=_leaf_name)

LATEX = Notation(
    leaf=lambda number: f"{int(number):,}".replace(",", "{,}"),
    times=r" \times ",
    divided=lambda a, b: rf"\frac{{{a}}}{{{b}}}",
    floor=lambda a, b: rf"\left\lfloor \frac{{{a}}}{{{b}}} \right\rfloor",
    ceil=lambda a, b: rf"\left\lceil \frac{{{a}}}{{{b}}} \right\rceil",
    divides_apart=True,
)


def formula_text(number: int, notation: Notation = TEXT) -> str:
    """Write the formula that a number was computed from, or the number if there is none."""
    if isinstance(number, Term) and number.working is not None:
        number = number.working
    return _write_term(number, notation)[0]


def equation_text(number: int, notation: Notation = TEXT) -> str:
    """Write an equation, `11 x 11 x 3 x 96 = 34,848`, or the number if nothing was computed."""
    left, right = formula_text(number, notation), notation.leaf(number)
    return right if left == right else f"{left} = {right}"


def _write_term(number: int, notation: Notation) -> tuple[str, int]:
    """Return a term's text, and how tightly its outermost operation binds."""
    if not isinstance(number, Term) or not number.op:
        return notation.leaf(number), ATOM
    if number.op in "+-":
        left, _ = _write_term(number.args[0], notation)
        right, binds = _write_term(number.args[1], notation)
        closed = number.op == "-" and binds == SUM
        return f"{left} {number.op} {_in_brackets(right) if closed else right}", SUM
    if number.op == "*":
        factors = [_factor_text(arg, notation) for arg in number.args]
        return notation.times.join(factors), PRODUCT
    if number.op == "neg":
        return f"-{_factor_text(number.args[0], notation)}", SUM
    above, below = number.args
    if notation.divides_apart:
        a, b = _write_term(above, notation)[0], _write_term(below, notation)[0]
    else:
        a, b = _factor_text(above, notation), _divisor_text(below, notation)
    if number.op == "/":
        return notation.divided(a, b), ATOM if notation.divides_apart else PRODUCT
    return (notation.floor if number.op == "floor" else notation.ceil)(a, b), ATOM


def _factor_text(number: int, notation: Notation) -> str:
    text, binds = _write_term(number, notation)
    divides = isinstance(number, Term) and number.op == "/" and not notation.divides_apart
    return _in_brackets(text) if binds == SUM or divides else text


def _divisor_text(number: int, notation: Notation) -> str:
    text, binds = _write_term(number, notation)
    return text if binds == ATOM else _in_brackets(text)


def _in_brackets(text: str) -> str:
    return f"({text})"
