"""The legend of a page of equations: what its letters and signs mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncost.layers.kinds import ITSELF
from cnncost.study.backward.backward_pass import BackwardPass
from cnncost.study.backward.gradient_expression import Expression, Symbol, slope
from cnncost.views.backward.equation_form import IndexedForm
from cnncost.views.backward.gradient_formula import EquationNotation, formula_of
from cnncost.views.backward.gradient_page import GradientPage, Prose
from cnncost.views.backward.index_legend import BARS, curve_sentences, index_sentences

MEANINGS: dict[str, str] = {
    "times": "@ multiplies element by element.",
    "product": "Side by side stand matrices: a map has one row per channel, one column per "
    "position.",
    "convolve": "@ is a convolution with stride s, padding p (before:after), dilation d and "
    "groups g; a transposed kernel paints what the kernel has read. A bias is added at every "
    "position.",
    "correlate": "@ adds up, for each tap of a kernel, one side times what the tap sees of the "
    "other.",
    "by head": "@ multiplies matrices head by head.",
    "slope": "@ is the derivative of f at x.",
    "sum": "@ sums over positions p or channels i.",
    "mean": "@ is a mean over examples n, positions p or channels i, by groups g.",
    "deviation": "@ is the root of the variance + 0.00001.",
    "operator": "Linear layers stand as matrices, which a transpose turns round.",
    "where": "[x > 0] is 1 where that holds, else 0.",
    "unknown": "Of opaque layers nobody knows what they compute, nor the gradient.",
}
"""The meaning of each kind of expression, in the order of the legend; @ stands for its sign."""

MASKS = {
    "m": "m is what dropping left: 0, or 1 / (1 - rate) for what it kept.",
    "M": "M is 1 where a filter sees a map, or a unit a unit, else 0.",
}


def legend_sentences(found: BackwardPass, shown: GradientPage, prose: Prose) -> list[str]:
    """Write sentences about the letters and signs that a page has."""
    used = list(_walk_parts(shown))
    kinds = {part.kind for part in used}
    signs = _sign_formulas(prose.notation)
    symbols = [part for part in used if isinstance(part, Symbol)]
    own = {symbol.word for symbol in symbols if symbol.of}
    letters = list(_letter_sentences(found, symbols, prose))
    letters += (text for letter, text in MASKS.items() if letter in own)
    letters += _stand_in_sentences(shown, prose)
    if isinstance(shown.form, IndexedForm):
        return index_sentences(shown, shown.form, prose, letters)
    return [
        BARS,
        *letters,
        *(
            prose.escape(text).replace("@", prose.math(signs.get(kind, "")))
            for kind, text in MEANINGS.items()
            if kind in kinds
        ),
        *curve_sentences(_list_functions(used), prose),
    ]


def _stand_in_sentences(shown: GradientPage, prose: Prose) -> Iterator[str]:
    """Say which layers of an import stand for operations that the language lacks."""
    nodes = (e.node for section in shown.list_sections() for e in section.equations)
    found = {
        f"{node.layer.word} for {stood}"
        for node in nodes
        if (stood := getattr(node.layer, "stands_for", ITSELF)) != ITSELF and node.layer
    }
    if found:
        yield prose.escape(
            f"Some layers stand for operations without a type ({', '.join(sorted(found))}): "
            "the equations are those of the types that stand there."
        )


def _list_functions(used: Sequence[Expression]) -> set[str]:
    return {part.word for part in used if part.kind in ("call", "slope")}


def _letter_sentences(found: BackwardPass, used: Sequence[Symbol], prose: Prose) -> Iterator[str]:
    """Say which letters stand for which layers' parameters, and how other symbols are made."""
    bare = [p for p in found.parameters if not p.symbol.of]
    if bare:
        named = (
            f"{_symbol_text(p.symbol, prose)} is {prose.escape(p.node.name)}'s {p.tensor}"
            for p in bare
        )
        yield f"{', '.join(named)}."
    for symbol in used:
        if symbol.of:
            yield (
                "A layer's name stands behind its letters: "
                f"{_symbol_text(symbol, prose)} belongs to {prose.escape(symbol.of)}."
            )
            return


def _symbol_text(symbol: Symbol, prose: Prose) -> str:
    return prose.math(formula_of(symbol, prose.notation))


def _sign_formulas(notation: EquationNotation) -> dict[str, str]:
    """Find the sign of each kind of expression on the page, cut out of a formula."""
    infixes = {"convolve": "∗", "correlate": "⋆", "by head": "·"}
    prefixes = {"sum": "Σ", "mean": "mean", "deviation": "std"}
    signs = {kind: notation.sign_of(sign) for kind, sign in {**infixes, **prefixes}.items()}
    derivative = formula_of(slope("f", Symbol(word="x")), notation)
    return {**signs, "times": notation.times.strip(), "slope": derivative}


def _walk_parts(shown: GradientPage) -> Iterator[Expression]:
    """List every part of every equation."""
    for section in shown.list_sections():
        for equation in section.equations:
            yield from equation.right.walk()
