"""The gradient equations of a network as text, Markdown or LaTeX."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from shutil import get_terminal_size
from textwrap import fill
from typing import TextIO

from cnncost.study.backward.backward_pass import BackwardPass
from cnncost.study.backward.equation import Equation
from cnncost.views.backward.equation_folding import PLAIN, Measure, fold_equation, text_width
from cnncost.views.backward.equation_form import EquationForm
from cnncost.views.backward.gradient_formula import (
    ASCII,
    LATEX,
    TEXT,
    EquationNotation,
    formula_of,
)
from cnncost.views.backward.gradient_legend import legend_sentences
from cnncost.views.backward.gradient_page import (
    COSTS,
    NOTHING,
    GradientPage,
    PassPart,
    Prose,
    Section,
    build_gradient_page,
    equation_cost,
)
from cnncost.views.markup import escape_latex

FOLD = 100
"""The width of a line of prose, and of a piped equation before its connections. A longer equation
is not broken, so that a program that reads the pipe gets one line per equation."""

NARROWEST = 30
"""The least width of an equation's lines, however narrow the terminal is."""


def write_gradients(
    file: TextIO,
    found: BackwardPass,
    chosen: Collection[int],
    form: str,
    *,
    plain: bool,
    indexed: bool = False,
) -> None:
    """Write the equations in one of the formats table, markdown, latex.

    Args:
        file: where to.
        found: both passes.
        chosen: the nodes, by index, whose equations are written; if empty, all are.
        form: the format.
        plain: write text in ASCII, for terminals without Unicode.
        indexed: write single numbers with indices, not vectors and matrices.
    """
    shown = build_gradient_page(found, chosen, indexed=indexed)
    if form == "latex":
        write_latex(file, found, shown)
    elif form == "markdown":
        write_markdown(file, found, shown)
    else:
        _write_text(file, found, shown, ASCII if plain else TEXT)


def _text_heading(name: str, part: PassPart, notation: EquationNotation) -> str:
    given = ", ".join(formula_of(symbol, notation) for symbol in part.given)
    return f"{name}: {part.title}" + (f" from {given}" if given else "")


def _write_text(
    file: TextIO, found: BackwardPass, shown: GradientPage, notation: EquationNotation
) -> None:
    room = get_terminal_size().columns if file.isatty() else 0
    rows = [
        row
        for section in shown.list_sections()
        for row in _section_rows(section, shown.form, notation)
    ]
    last = max((len(number) for _, number in rows), default=0)
    widest = max((text_width(" ".join(summands)) for summands, _ in rows), default=0)
    first = min(widest, max(room - last - 5, NARROWEST) if room else FOLD)
    for part in shown.passes:
        file.write(fold_prose(_text_heading(shown.name, part, notation), room))
        file.write("\n" if part.sections else f"{NOTHING}\n\n")
        for section in part.sections:
            file.write(f"{section.heading}\n" if section.heading else "")
            for summands, number in _section_rows(section, shown.form, notation):
                lines = fold_equation(summands, first, PLAIN) if room else [" ".join(summands)]
                _write_row(file, lines, first, last, number)
            file.write("\n")
    for sentence in legend_sentences(found, shown, Prose(notation)):
        file.write(fold_prose(sentence, room))


def fold_prose(text: str, room: int) -> str:
    """Break prose into lines if the terminal or a page has no room for it on one."""
    return fill(text, min(room or FOLD, FOLD), break_long_words=False) + "\n"


def _section_rows(
    section: Section, form: EquationForm, notation: EquationNotation
) -> list[tuple[list[str], str]]:
    """List the summands and the cost of each equation of a section."""
    rows = [([section.column], COSTS)] if section.column else []
    for equation in section.equations:
        first, *others = form.summands(equation, notation)
        summands = [f"{form.left_side(equation, notation)} = {first}", *others]
        rows.append((summands, equation_cost(equation)))
    if section.total:
        rows.append((["in all"], section.total))
    return rows


def _write_row(file: TextIO, lines: Sequence[str], first: int, last: int, number: str) -> None:
    """Write an equation's lines in a column `first` wide, and its cost in one `last` wide."""
    *above, bottom = lines
    file.writelines(f"  {line}\n" for line in above)
    blanks = first + last - text_width(bottom) - len(number)
    file.write(f"  {bottom}  {' ' * blanks}{number}".rstrip() + "\n")


# Markdown and LaTeX

MARKDOWN_PROSE = Prose(LATEX, math=lambda text: f"$`{text}`$")
LATEX_PROSE = Prose(LATEX, math=lambda text: f"${text}$", escape=escape_latex)

LINES_A_BLOCK = 30
"""The most lines of one align block: LaTeX measures each block as a whole."""

PAGE = 58
"""How many characters of a formula a line of LaTeX has room for, on a common page."""

NARROWEST_SIDE = 30
"""The least width of a right side's lines, whatever stands beside it."""

SMALL = 0.7
"""The size of subscripts, as a share of a letter's."""


def write_markdown(file: TextIO, found: BackwardPass, shown: GradientPage) -> None:
    """Write tables of formulas in GitHub's $`...`$, in which Markdown has no effect."""
    for part in shown.passes:
        file.write(f"### {_markup_heading(shown.name, part, MARKDOWN_PROSE)}\n\n")
        file.write("" if part.sections else f"{NOTHING}\n\n")
        for section in part.sections:
            file.write(f"{section.heading}\n\n" if section.heading else "")
            file.write(_markdown_table(section, shown.form) + "\n")
    file.write(" ".join(legend_sentences(found, shown, MARKDOWN_PROSE)) + "\n")


def _markdown_table(section: Section, form: EquationForm) -> str:
    lines = [f"| {section.column or 'gradient'} | {COSTS} |", "| --- | ---: |"]
    for equation in section.equations:
        right = " ".join(form.summands(equation, LATEX))
        line = f"$`{form.left_side(equation, LATEX)} = {right}`$"
        lines.append(f"| {line} | {equation_cost(equation)} |")
    if section.total:
        lines.append(f"| in all | {section.total} |")
    return "".join(f"{line}\n" for line in lines)


def write_latex(file: TextIO, found: BackwardPass, shown: GradientPage) -> None:
    """Write blocks of align*, between which pages may break."""
    file.write("% Needs \\usepackage{amsmath}.\n")
    for part in shown.passes:
        file.write(f"\\paragraph{{{_markup_heading(shown.name, part, LATEX_PROSE)}}}\n")
        if not part.sections:
            file.write(f"{NOTHING}\n")
            continue
        file.write("\\begingroup\\allowdisplaybreaks\n")
        for section in part.sections:
            _write_align_blocks(file, section, shown.form)
        file.write("\\endgroup\n")
    file.write(" ".join(legend_sentences(found, shown, LATEX_PROSE)) + "\n")


def _write_align_blocks(file: TextIO, section: Section, form: EquationForm) -> None:
    file.write(f"{section.heading}\n" if section.heading else "")
    for start in range(0, len(section.equations), LINES_A_BLOCK):
        block = section.equations[start : start + LINES_A_BLOCK]
        last = start + LINES_A_BLOCK >= len(section.equations)
        body = " \\\\\n".join(_align_lines(block, form, section.total if last else ""))
        file.write(f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n")


def _markup_heading(name: str, part: PassPart, prose: Prose) -> str:
    given = ", ".join(prose.math(formula_of(symbol, LATEX)) for symbol in part.given)
    return prose.escape(f"{name}: {part.title}") + (f" from {given}" if given else "")


def _align_lines(equations: Sequence[Equation], form: EquationForm, total: str) -> list[str]:
    """Write the lines of one align block; a long equation is broken before its signs, which is
    possible because brackets are plain."""
    lefts = [form.left_side(equation, LATEX) for equation in equations]
    numbers = [equation_cost(equation) for equation in equations]
    beside = max(map(_formula_width, lefts)) + max(map(len, numbers))
    room = max(PAGE - beside, NARROWEST_SIDE)
    lines = []
    for left, equation, number in zip(lefts, equations, numbers, strict=True):
        summands = [_join_braces(summand) for summand in form.summands(equation, LATEX)]
        parts = fold_equation(summands, room, Measure(_formula_width, _breaks_before))
        right = " \\\\\n    &\\quad ".join(part.strip() for part in parts).replace(JOINED, " ")
        lines.append(f"  {left} &= {right} && {_latex_number(number)}")
    if total:
        lines.append(rf"  \text{{in all}} & && {_latex_number(total)}")
    return lines


JOINED = "\x1f"
"""Stands for a blank at which an equation may not be broken."""


def _join_braces(text: str) -> str:
    """Join what stands in braces: LaTeX ends no line there."""
    found, depth = [], 0
    for character in text:
        depth += (character == "{") - (character == "}")
        found.append(JOINED if depth and character == " " else character)
    return "".join(found)


def _formula_width(text: str) -> float:
    """Estimate how many characters wide a formula is."""
    shown = re.sub(r"\\(?:mathrm|bar|hat|top|text)", "", text)
    shown = re.sub(r"\\[a-z]+", "o", shown)
    small = sum(len(below) for below in re.findall(r"_{+([^}]*)}", shown))
    return len(re.sub(r"[{}_^\\]", "", shown)) - (1 - SMALL) * small


def _breaks_before(word: str) -> bool:
    return word.partition("_")[0] in BREAKS


BREAKS = {"+", "-", "/", *(LATEX.sign_of(sign) for sign in "∗⋆·"), LATEX.times.strip()}
"""The signs before which an equation may be broken."""


def _latex_number(text: str) -> str:
    number, _, more = text.partition(" ")
    return number.replace(",", "{,}") + (rf"\text{{ {more}}}" if more else "")
