"""Say how far a network's gradients are from finite differences."""

from __future__ import annotations

from typing import TextIO

from cnncost.quantity import format_count
from cnncost.study.backward.equation_check import EXAMPLES, STEP, TOLERANCE, EquationCheck
from cnncost.views.backward.gradient_formula import ASCII, TEXT, formula_of
from cnncost.views.backward.gradient_page import Prose
from cnncost.views.backward.gradient_writers import LATEX_PROSE, MARKDOWN_PROSE, fold_prose


def write_check(file: TextIO, checked: EquationCheck, form: str, *, plain: bool) -> None:
    """Write what was compared and the largest relative error."""
    prose = {"latex": LATEX_PROSE, "markdown": MARKDOWN_PROSE}.get(
        form, Prose(ASCII if plain else TEXT)
    )
    file.write("\n" + "".join(fold_prose(text, 0) for text in _check_sentences(checked, prose)))


def _check_sentences(checked: EquationCheck, prose: Prose) -> list[str]:
    found, worst = checked.gradients, checked.worst
    entries = sum(one.entries for one in found)
    corners = sum(one.corners for one in found)
    wrong = [one for one in found if one.error > TOLERANCE]
    name = prose.math(formula_of(worst.symbol, prose.notation))
    sentences = [
        f"Checked on {EXAMPLES} random examples with random parameters: "
        f"{format_count(entries, 'entry', 'entries')} of "
        f"{format_count(len(found), 'gradient')}, "
        f"beside central differences (each number moved by {STEP:g} to both sides).",
    ]
    if checked.still:
        names = ", ".join(prose.math(formula_of(one, prose.notation)) for one in checked.still)
        sentences.append(f"Not moved are indices: {names}.")
    if corners:
        sentences.append(
            f"At {format_count(corners, 'entry', 'entries')} the function has a corner; there a "
            "gradient must lie between the differences to either side.",
        )
    if wrong:
        names = ", ".join(prose.math(formula_of(one.symbol, prose.notation)) for one in wrong)
        sentences.append(f"WRONG: {names}.")
    agree = "All agree: the" if not wrong else "The"
    sentences.append(f"{agree} largest relative error is {worst.error:.1e}, of {name}.")
    return sentences
