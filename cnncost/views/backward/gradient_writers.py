"""A page of gradient equations, each with its connections, in one of three formats."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from shutil import get_terminal_size
from textwrap import fill
from typing import TextIO

from cnncost.study.backward import BackwardPass
from cnncost.views.backward.fold import PLAIN, fold_equation, text_width
from cnncost.views.backward.gradient_formula import (
    ASCII,
    TEXT,
    EquationNotation,
    formula_of,
    summand_formulas,
)
from cnncost.views.backward.gradient_page import (
    COSTS,
    NOTHING,
    GradientPage,
    Section,
    build_gradient_page,
    equation_cost,
)
from cnncost.views.backward.legend import Prose, legend_sentences
from cnncost.views.backward.markup import write_latex, write_markdown

FOLD = 100
"""Characters of a line of prose, and of a piped equation before its connections: a longer
one runs over, for what reads a pipe takes a line an equation."""

NARROWEST = 30
"""An equation's characters on a line, however narrow the terminal is."""


def write_gradients(
    file: TextIO, found: BackwardPass, chosen: Collection[int], form: str, *, plain: bool
) -> None:
    """Write the equations in one of the formats table, markdown, latex.

    Args:
        chosen: the nodes, by index, whose equations are written; none: all.
        plain: text in ASCII, for terminals that have no more.
    """
    shown = build_gradient_page(found, chosen)
    if form == "latex":
        write_latex(file, found, shown)
    elif form == "markdown":
        write_markdown(file, found, shown)
    else:
        _write_text(file, found, shown, ASCII if plain else TEXT)


def _text_heading(shown: GradientPage, notation: EquationNotation) -> str:
    given = ", ".join(formula_of(symbol, notation) for symbol in shown.given)
    return f"{shown.name}: the backward pass" + (f" from {given}" if given else "")


def _write_text(
    file: TextIO, found: BackwardPass, shown: GradientPage, notation: EquationNotation
) -> None:
    room = get_terminal_size().columns if file.isatty() else 0
    file.write(_fold_prose(_text_heading(shown, notation), room) + "\n")
    if not shown.sections:
        file.write(f"{NOTHING}\n")
        return
    rows = [row for section in shown.sections for row in _section_rows(section, notation)]
    last = max(len(number) for _, number in rows)
    widest = max(text_width(" ".join(summands)) for summands, _ in rows)
    first = min(widest, max(room - last - 5, NARROWEST) if room else FOLD)
    for section in shown.sections:
        if section.heading:
            file.write(f"{section.heading}\n")
        for summands, number in _section_rows(section, notation):
            lines = fold_equation(summands, first, PLAIN) if room else [" ".join(summands)]
            _write_row(file, lines, first, last, number)
        file.write("\n")
    for sentence in legend_sentences(found, shown, Prose(notation)):
        file.write(_fold_prose(sentence, room))


def _fold_prose(text: str, room: int) -> str:
    """Prose over several lines where the terminal, or a page, has no room for it."""
    return fill(text, min(room or FOLD, FOLD), break_long_words=False) + "\n"


def _section_rows(section: Section, notation: EquationNotation) -> list[tuple[list[str], str]]:
    """For each line of a section its equation's summands, and its cost."""
    rows = [(["gradient"], COSTS)] if section.costs and not section.heading else []
    for equation in section.equations:
        first, *others = summand_formulas(equation.right, notation)
        summands = [f"{formula_of(equation.left, notation)} = {first}", *others]
        rows.append((summands, equation_cost(equation) if section.costs else ""))
    if section.total:
        rows.append((["in all"], section.total))
    return rows


def _write_row(file: TextIO, lines: Sequence[str], first: int, last: int, number: str) -> None:
    """An equation's lines in a column `first` wide, its connections in one of `last` behind."""
    *above, bottom = lines
    file.writelines(f"  {line}\n" for line in above)
    blanks = first + last - text_width(bottom) - len(number)
    file.write(f"  {bottom}  {' ' * blanks}{number}".rstrip() + "\n")
