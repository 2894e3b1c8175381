"""The legend of equations with indices, and the functions of one number that equations name."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cnncost.study.backward.curves import CURVES
from cnncost.study.backward.scalar_formula import ScalarFormula
from cnncost.study.backward.sequence_maps import STEPS
from cnncost.views.backward.equation_form import IndexedForm
from cnncost.views.backward.gradient_page import GradientPage, Prose
from cnncost.views.backward.index_text import index_formula_of

BARS = (
    "A bar is the derivative of the loss: one example's; over a batch, those of parameters add up. "
    "Connections are multiply-accumulates."
)

INDICES = (
    "Indices count from 0. An entry outside its tensor is 0, and no maximum; one at no whole index "
    "is 0. i, j, k, l count channels, p, q, r positions, u, v, w the taps of a window."
)

BRACKET = "[x > 0] is 1 where that holds, else 0."

TIES = "Where units of a window are equal, each is its maximum here; PyTorch takes the first."

HEADS = "A matrix per head has the head's number h before its row and column, which are positions."

THROUGH_TIME = (
    "What reads itself at the position before or behind is computed one position after another, "
    "through time."
)

EXAMPLES = "n and m count the N examples of a batch."


def index_sentences(
    shown: GradientPage, form: IndexedForm, prose: Prose, letters: Collection[str]
) -> list[str]:
    """Write sentences about the signs of equations with indices, after those about letters."""
    parts = list(_walk_formulas(shown, form))
    kinds = {part.kind for part in parts}
    words = {part.word for part in parts if part.kind == "call"}
    counted = {one.letter for part in parts for one in part.ranges}
    return [
        BARS,
        *letters,
        prose.escape(INDICES),
        *([prose.escape(BRACKET)] if "bracket" in kinds else []),
        *([TIES] if any(_compares_maximum(part) for part in parts) else []),
        *([HEADS] if any(part.kind == "letter" and part.word == "h" for part in parts) else []),
        *([EXAMPLES] if "m" in counted else []),
        *([THROUGH_TIME] if _runs_through_time(shown) else []),
        *curve_sentences({word.removesuffix("′") for word in words}, prose),
    ]


def _runs_through_time(shown: GradientPage) -> bool:
    return any(
        part.word in STEPS
        for section in shown.list_sections()
        for equation in section.equations
        for part in equation.right.walk()
    )


def _compares_maximum(formula: ScalarFormula) -> bool:
    return formula.kind == "bracket" and any(part.kind == "largest" for part in formula.parts)


def _walk_formulas(shown: GradientPage, form: IndexedForm) -> Iterator[ScalarFormula]:
    pending = [
        form.write(equation).right
        for section in shown.list_sections()
        for equation in section.equations
    ]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(part.parts)


def curve_sentences(words: Collection[str], prose: Prose) -> Iterator[str]:
    """Write out the functions of one number among these words, and those that they are made of."""
    known = {word for word in words if word in CURVES}
    for word in CURVES:
        if known & {w for w in CURVES if word in _called(CURVES[w].value, CURVES[w].slope)}:
            known.add(word)
    for word in CURVES:
        if word in known:
            yield f"{_define(word, prose)}."


def _called(*formulas: ScalarFormula) -> set[str]:
    found: set[str] = set()
    for formula in formulas:
        found |= {formula.word} if formula.kind == "call" else set()
        found |= _called(*formula.parts)
    return found


def _define(word: str, prose: Prose) -> str:
    """Write `relu(x) = max(x, 0), relu′(x) = [x > 0]`."""
    curve, notation = CURVES[word], prose.notation
    name, prime = notation.word(word), notation.sign_of("′")
    value = index_formula_of(curve.value, notation)
    texts = [] if value == f"{name}(x)" else [f"{name}(x) = {value}"]
    texts.append(f"{name}{prime}(x) = {index_formula_of(curve.slope, notation)}")
    return ", ".join(prose.math(text) for text in texts)
