"""Pages of gradient equations in Markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TextIO

from cnncost.study.backward import BackwardPass, Equation
from cnncost.views.backward.fold import Measure, fold_equation
from cnncost.views.backward.gradient_formula import LATEX, formula_of, summand_formulas
from cnncost.views.backward.gradient_page import COSTS, NOTHING, GradientPage, equation_cost
from cnncost.views.backward.legend import Prose, legend_sentences
from cnncost.views.latex import escape_latex

MARKDOWN_PROSE = Prose(LATEX, math=lambda text: f"$`{text}`$")
LATEX_PROSE = Prose(LATEX, math=lambda text: f"${text}$", escape=escape_latex)

LINES_A_BLOCK = 30
"""Lines of one align block: LaTeX measures each block as a whole."""

PAGE = 58
"""Characters of a formula that a line of LaTeX has room for, on a common page."""

NARROWEST = 30
"""Characters of a right side's line, whatever stands beside it."""

SMALL = 0.7
"""The size of what stands below a letter."""


def write_markdown(file: TextIO, found: BackwardPass, shown: GradientPage) -> None:
    """Tables of formulas in GitHub's $`...`$, which keeps Markdown out of them."""
    file.write(f"### {_markup_heading(shown, MARKDOWN_PROSE)}\n\n")
    if not shown.sections:
        file.write(f"{NOTHING}\n")
        return
    for section in shown.sections:
        if section.heading:
            file.write(f"{section.heading}\n\n")
        file.write(
            f"| gradient | {COSTS} |\n| --- | ---: |\n" if section.costs else "| value |\n| --- |\n"
        )
        for equation in section.equations:
            line = f"$`{formula_of(equation.left, LATEX)} = {formula_of(equation.right, LATEX)}`$"
            file.write(
                f"| {line} | {equation_cost(equation)} |\n" if section.costs else f"| {line} |\n"
            )
        if section.total:
            file.write(f"| in all | {section.total} |\n")
        file.write("\n")
    file.write(" ".join(legend_sentences(found, shown, MARKDOWN_PROSE)) + "\n")


def write_latex(file: TextIO, found: BackwardPass, shown: GradientPage) -> None:
    """Blocks of align*, which pages may break; needs the package amsmath."""
    file.write(f"\\paragraph{{{_markup_heading(shown, LATEX_PROSE)}}}\n")
    if not shown.sections:
        file.write(f"{NOTHING}\n")
        return
    file.write("\\begingroup\\allowdisplaybreaks\n")
    for section in shown.sections:
        file.write(f"{section.heading}\n" if section.heading else "")
        for start in range(0, len(section.equations), LINES_A_BLOCK):
            block = section.equations[start : start + LINES_A_BLOCK]
            last = start + LINES_A_BLOCK >= len(section.equations)
            lines = _align_lines(block, section.total if last else "", costs=section.costs)
            body = " \\\\\n".join(lines)
            file.write(f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n")
    file.write("\\endgroup\n" + " ".join(legend_sentences(found, shown, LATEX_PROSE)) + "\n")


def _markup_heading(shown: GradientPage, prose: Prose) -> str:
    given = ", ".join(prose.math(formula_of(symbol, LATEX)) for symbol in shown.given)
    return prose.escape(f"{shown.name}: the backward pass") + (f" from {given}" if given else "")


def _align_lines(equations: Sequence[Equation], total: str, *, costs: bool) -> list[str]:
    """The lines of one align block; a long equation is broken before its signs, which plain
    brackets allow."""
    lefts = [formula_of(equation.left, LATEX) for equation in equations]
    numbers = [equation_cost(equation) if costs else "" for equation in equations]
    beside = max(map(_formula_width, lefts)) + max(map(len, numbers))
    room = max(PAGE - beside, NARROWEST)
    lines = []
    for left, equation, number in zip(lefts, equations, numbers, strict=True):
        parts = fold_equation(
            summand_formulas(equation.right, LATEX), room, Measure(_formula_width, _breaks_before)
        )
        right = " \\\\\n    &\\quad ".join(part.strip() for part in parts)
        lines.append(f"  {left} &= {right}" + (f" && {_latex_number(number)}" if costs else ""))
    if total:
        lines.append(rf"  \text{{in all}} & && {_latex_number(total)}")
    return lines


def _formula_width(text: str) -> float:
    """About the characters that a formula is wide."""
    shown = re.sub(r"\\(?:mathrm|bar|hat|top|text)", "", text)
    shown = re.sub(r"\\[a-z]+", "o", shown)
    small = sum(len(below) for below in re.findall(r"_{+([^}]*)}", shown))
    return len(re.sub(r"[{}_^\\]", "", shown)) - (1 - SMALL) * small


def _breaks_before(word: str) -> bool:
    return word.partition("_")[0] in BREAKS


BREAKS = {"+", "-", "/", *(LATEX.sign_of(sign) for sign in "∗⋆·"), LATEX.times.strip()}
"""What an equation may be broken before."""


def _latex_number(text: str) -> str:
    number, _, more = text.partition(" ")
    return number.replace(",", "{,}") + (rf"\text{{ {more}}}" if more else "")
