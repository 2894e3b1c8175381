"""Write gradient expressions as formulas: in Unicode, in ASCII and in LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cnncost.study.backward.gradient_expression import Expression, Symbol
from cnncost.views.markup import escape_latex

SUM, TIMES, WINDOWED, PRODUCT, PREFIX, ATOM = range(6)
"""How tightly an operation binds."""

BINDS = {
    "+": SUM,
    "-": SUM,
    "times": TIMES,
    "/": TIMES,
    "convolve": WINDOWED,
    "correlate": WINDOWED,
    "by head": WINDOWED,
    "product": PRODUCT,
    "sum": PREFIX,
    "mean": PREFIX,
    "deviation": PREFIX,
    "root": PREFIX,
}
"""How tightly each kind of expression binds; all other kinds are atoms."""

PREFIXES = {"sum": "Σ", "mean": "mean", "deviation": "std"}
INFIXES = {"convolve": "∗", "correlate": "⋆", "by head": "·"}


class EquationNotation(NamedTuple):
    """How a format writes the parts of an expression."""

    symbol: Callable[[Symbol], str]
    word: Callable[[str], str]
    """Writes the name of a function or operator."""
    options: Callable[[str], str]
    """Writes an operator's options, in brackets behind it or below it."""
    axes: Callable[[str], str]
    signs: dict[str, str]
    """The signs that differ from those of text."""
    transposed: str
    power: Callable[[str, str], str]
    times: str = " ∘ "

    def sign_of(self, text: str) -> str:
        return self.signs.get(text, text)


ACCENTS = {"": "", "bar": "\u0304", "hat": "\u0302"}


def _text_symbol(symbol: Symbol) -> str:
    name = f"_{symbol.of}" if symbol.of else ""
    return f"{symbol.word}{ACCENTS[symbol.accent]}{symbol.mark}{name}"


TEXT = EquationNotation(
    symbol=_text_symbol,
    word=lambda word: word,
    options=lambda text: f"[{text}]",
    axes=lambda axes: axes.translate(str.maketrans("nip", "ₙᵢₚ")),
    signs={},
    transposed="ᵀ",
    power=lambda base, exponent: f"{base}^{exponent}",
)

GREEK = {"γ": "gamma", "β": "beta", "σ": "sigma"}


def _ascii_symbol(symbol: Symbol) -> str:
    name = f"_{symbol.of}" if symbol.of else ""
    plain = f"{GREEK.get(symbol.word, symbol.word)}{symbol.mark}{name}"
    return f"{symbol.accent}({plain})" if symbol.accent else plain


ASCII = TEXT._replace(
    symbol=_ascii_symbol,
    axes=lambda axes: f"_{axes}" if axes else "",
    signs={
        "Σ": "sum",
        "∗": "*",
        "⋆": "(*)",
        "·": ".",
        "′": "'",
        "√": "sqrt ",
        "≤": "<=",
        "≥": ">=",
        "−": "-",
    },
    transposed="^T",
    times=" o ",
)

LATEX_ACCENTS = {"": "{}", "bar": r"\bar{{{}}}", "hat": r"\hat{{{}}}"}


def latex_letter(symbol: Symbol) -> str:
    """Write a symbol's letter, without anything around it."""
    return f"\\{GREEK[symbol.word]}" if symbol.word in GREEK else symbol.word


def _latex_symbol(symbol: Symbol) -> str:
    letter = latex_letter(symbol)
    mark = f"^{{{symbol.mark}}}" if symbol.mark else ""
    name = f"_{{{_latex_word(symbol.of)}}}" if symbol.of else ""
    return LATEX_ACCENTS[symbol.accent].format(letter) + mark + name


def _latex_word(word: str) -> str:
    return rf"\mathrm{{{escape_latex(word)}}}"


def _latex_options(text: str) -> str:
    """Write options such as `s=2,p=1x0` below an operator, words upright."""
    parts = (
        _latex_word(p) if p.isalpha() else p.replace("x", r"{\times}") for p in text.split(",")
    )
    return f"_{{{','.join(parts)}}}"


LATEX = EquationNotation(
    symbol=_latex_symbol,
    word=_latex_word,
    options=_latex_options,
    axes=lambda axes: f"_{{{','.join(axes)}}}" if axes else "",
    signs={
        "Σ": r"\sum",
        "mean": _latex_word("mean"),
        "std": _latex_word("std"),
        "∗": r"\ast",
        "⋆": r"\star",
        "·": r"\cdot",
        "′": "'",
        "√": r"\surd",
        "≤": r"\le",
        "≥": r"\ge",
        "−": "-",
    },
    transposed=r"^{\top}",
    power=lambda base, exponent: f"{{{base}}}^{{{exponent}}}",
    times=r" \circ ",
)


def formula_of(expression: Expression, notation: EquationNotation = TEXT) -> str:
    """Write an expression on one line."""
    if isinstance(expression, Symbol):
        return notation.symbol(expression)
    return _WRITERS[expression.kind](expression, notation)


def summand_formulas(expression: Expression, notation: EquationNotation = TEXT) -> list[str]:
    """Write the summands of an expression, each but the first with the sign before it."""
    if expression.kind != "+":
        return [formula_of(expression, notation)]
    first, *others = (formula_of(operand, notation) for operand in expression.operands)
    return [first, *(f"+ {other}" for other in others)]


def _operand_text(expression: Expression, least: int, notation: EquationNotation) -> str:
    """Write an operand, in brackets if it binds less tightly than `least`."""
    text = formula_of(expression, notation)
    return text if BINDS.get(expression.kind, ATOM) >= least else f"({text})"


def _bracket_options(expression: Expression, notation: EquationNotation) -> str:
    return notation.options(expression.options) if expression.options else ""


def _write_number(expression: Expression, notation: EquationNotation) -> str:
    return expression.word


def _write_plus(expression: Expression, notation: EquationNotation) -> str:
    return " ".join(summand_formulas(expression, notation))


def _write_minus(expression: Expression, notation: EquationNotation) -> str:
    left, right = expression.operands
    minus = notation.sign_of("−")
    return f"{_operand_text(left, SUM, notation)} {minus} {_operand_text(right, TIMES, notation)}"


def _write_times(expression: Expression, notation: EquationNotation) -> str:
    first, *others = expression.operands
    # A product of products needs no brackets: it is read from the left.
    left = (
        formula_of(first, notation)
        if first.kind == "times"
        else _operand_text(first, PRODUCT, notation)
    )
    return notation.times.join(
        [left, *(_operand_text(other, PRODUCT, notation) for other in others)]
    )


def _write_quotient(expression: Expression, notation: EquationNotation) -> str:
    above, below = expression.operands
    return f"{_operand_text(above, TIMES, notation)} / {_operand_text(below, PREFIX, notation)}"


def _write_product(expression: Expression, notation: EquationNotation) -> str:
    left, right = expression.operands
    return f"{_operand_text(left, PREFIX, notation)} {_operand_text(right, PRODUCT, notation)}"


def _write_infix(expression: Expression, notation: EquationNotation) -> str:
    left, right = (_operand_text(operand, PREFIX, notation) for operand in expression.operands)
    sign = notation.sign_of(INFIXES[expression.kind])
    return f"{left} {sign}{_bracket_options(expression, notation)} {right}"


def _write_prefix(expression: Expression, notation: EquationNotation) -> str:
    sign, axes = notation.sign_of(PREFIXES[expression.kind]), notation.axes(expression.word)
    if expression.options:
        axes += "" if notation is LATEX else notation.options(expression.options)
        if notation is LATEX:  # one index below, not two
            axes = f"_{{{','.join(expression.word)};\\,{expression.options}}}"
    return f"{sign}{axes} {_operand_text(expression.operands[0], ATOM, notation)}"


def _write_root(expression: Expression, notation: EquationNotation) -> str:
    return f"{notation.sign_of('√')}{formula_of(expression.operands[0], notation)}"


def _write_transpose(expression: Expression, notation: EquationNotation) -> str:
    base = _operand_text(expression.operands[0], ATOM, notation)
    return f"{{{base}}}{notation.transposed}" if notation is LATEX else base + notation.transposed


def _write_power(expression: Expression, notation: EquationNotation) -> str:
    base, exponent = expression.operands
    return notation.power(_operand_text(base, ATOM, notation), exponent.word)


def _write_call(expression: Expression, notation: EquationNotation) -> str:
    arguments = ", ".join(formula_of(operand, notation) for operand in expression.operands)
    return f"{notation.word(expression.word)}{_bracket_options(expression, notation)}({arguments})"


def _write_slope(expression: Expression, notation: EquationNotation) -> str:
    name = notation.word(expression.word) + notation.sign_of("′")
    argument = formula_of(expression.operands[0], notation)
    return f"{name}{_bracket_options(expression, notation)}({argument})"


def _write_operator(expression: Expression, notation: EquationNotation) -> str:
    return notation.word(expression.word) + _bracket_options(expression, notation)


def _write_where(expression: Expression, notation: EquationNotation) -> str:
    sign, value = expression.word.split()
    return f"[{formula_of(expression.operands[0], notation)} {notation.sign_of(sign)} {value}]"


def _write_channels(expression: Expression, notation: EquationNotation) -> str:
    return f"{formula_of(expression.operands[0], notation)}[{expression.options}]"


def _write_unknown(expression: Expression, notation: EquationNotation) -> str:
    return f"{notation.word('unknown')}({formula_of(expression.operands[0], notation)})"


_WRITERS: dict[str, Callable[[Expression, EquationNotation], str]] = {
    "number": _write_number,
    "+": _write_plus,
    "-": _write_minus,
    "times": _write_times,
    "/": _write_quotient,
    "product": _write_product,
    "convolve": _write_infix,
    "correlate": _write_infix,
    "by head": _write_infix,
    "sum": _write_prefix,
    "mean": _write_prefix,
    "deviation": _write_prefix,
    "root": _write_root,
    "transpose": _write_transpose,
    "power": _write_power,
    "call": _write_call,
    "slope": _write_slope,
    "operator": _write_operator,
    "where": _write_where,
    "channels": _write_channels,
    "unknown": _write_unknown,
}
