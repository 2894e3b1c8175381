"""Pages of gradient equations in Markdown and LaTeX."""

from __future__ import annotations

from typing import TextIO

from cnncost.study.backward import Equation, Pass
from cnncost.views.backward.equation import LATEX, TEXT, formula, terms
from cnncost.views.backward.legend import Prose, legend
from cnncost.views.backward.page import COSTS, NOTHING, Page, cost
from cnncost.views.latex import escape

MARKDOWN_PROSE = Prose(LATEX, math=lambda text: f"$`{text}`$")
LATEX_PROSE = Prose(LATEX, math=lambda text: f"${text}$", escape=escape)

LINES_A_BLOCK = 30
"""Lines of one align block: LaTeX measures each block as a whole."""

SHORT = 60
"""Characters of text that one line of LaTeX has room for."""


def write_markdown(file: TextIO, found: Pass, shown: Page) -> None:
    """Tables of formulas in GitHub's $`...`$, which keeps Markdown out of them."""
    file.write(f"### {_heading(shown, MARKDOWN_PROSE)}\n\n")
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
            line = f"$`{formula(equation.left, LATEX)} = {formula(equation.right, LATEX)}`$"
            file.write(f"| {line} | {cost(equation)} |\n" if section.costs else f"| {line} |\n")
        if section.total:
            file.write(f"| in all | {section.total} |\n")
        file.write("\n")
    file.write(" ".join(legend(found, shown, MARKDOWN_PROSE)) + "\n")


def write_latex(file: TextIO, found: Pass, shown: Page) -> None:
    """Blocks of align*; needs the package amsmath."""
    file.write(f"\\paragraph{{{_heading(shown, LATEX_PROSE)}}}\n")
    if not shown.sections:
        file.write(f"{NOTHING}\n")
        return
    for section in shown.sections:
        file.write(f"{section.heading}\n" if section.heading else "")
        lines = [_line(equation, costs=section.costs) for equation in section.equations]
        if section.total:
            lines.append(rf"  && \text{{in all }} {_number(section.total)}")
        for start in range(0, len(lines), LINES_A_BLOCK):
            body = " \\\\\n".join(lines[start : start + LINES_A_BLOCK])
            file.write(f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n")
    file.write(" ".join(legend(found, shown, LATEX_PROSE)) + "\n")


def _heading(shown: Page, prose: Prose) -> str:
    given = ", ".join(prose.math(formula(symbol, LATEX)) for symbol in shown.given)
    return prose.escape(f"{shown.name}: the backward pass") + (f" from {given}" if given else "")


def _line(equation: Equation, *, costs: bool) -> str:
    """One equation; a long one is broken before its terms, which plain brackets allow."""
    right = " ".join(terms(equation.right, LATEX))
    if len(" ".join(terms(equation.right, TEXT))) > SHORT:
        turn = " \\\\\n    &\\quad "
        right = turn.join(terms(equation.right, LATEX)).replace(" - ", f"{turn}- ")
    number = f" && {_number(cost(equation))}" if costs else ""
    return f"  {formula(equation.left, LATEX)} &= {right}{number}"


def _number(text: str) -> str:
    number, _, more = text.partition(" ")
    return number.replace(",", "{,}") + (rf"\text{{ {more}}}" if more else "")
