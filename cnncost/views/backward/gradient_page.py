"""What a backward pass shows: its lines in sections, their totals, a legend of its signs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from cnncost.study.backward.backward_pass import BackwardPass, Equation
from cnncost.study.backward.gradient_expression import Expression, Symbol, slope
from cnncost.views.backward.gradient_formula import EquationNotation, formula_of

COSTS = "connections"
"""The title of the column of costs."""

NOTHING = "No gradient is worked out: nothing here or below is trained."


class Section(NamedTuple):
    """Equations under a heading, with their sum if it is shown."""

    heading: str
    equations: tuple[Equation, ...]
    total: str = ""
    costs: bool = True
    """Whether the equations have connections."""


class GradientPage(NamedTuple):
    """A whole backward pass, or some layers' part of it."""

    name: str
    given: tuple[Symbol, ...]
    sections: tuple[Section, ...]


def build_gradient_page(found: BackwardPass, chosen: Collection[int] = ()) -> GradientPage:
    """Make the page of a backward pass, or of the `chosen` nodes only, by index.

    A layer's part has the gradients of its output, of its parameters, and of what it reads.
    """
    nodes = found.network.nodes
    read = {i for at in chosen for i in nodes[at].reads}
    shown = [e for e in found.equations if _is_shown(e, chosen, read)]
    needed = tuple(e for e in shown if e.needed)
    beyond = tuple(e for e in shown if not e.needed)
    kept = tuple(e for e in found.kept if not chosen or e.node.index in chosen)
    given = found.given if not chosen else ()
    sections = (
        Section("", needed, "" if chosen else total_connections(needed)),
        Section("Not needed to train, the way on to the inputs:", beyond),
        Section("From the forward pass:", kept, costs=False),
    )
    return GradientPage(found.network.name, given, tuple(s for s in sections if s.equations))


def _is_shown(equation: Equation, chosen: Collection[int], read: Collection[int]) -> bool:
    if not chosen:
        return not equation.same
    at = equation.node.index
    return at in chosen or (equation.passed and at in read)


def total_connections(equations: Sequence[Equation]) -> str:
    """Write the connections of all equations together, as a lower bound if some are unknown."""
    known = [e.connections for e in equations if e.connections is not None]
    more = "" if len(known) == len(equations) else " or more"
    return f"{sum(known):,}{more}"


def equation_cost(equation: Equation) -> str:
    """Write the connections of one equation."""
    return "?" if equation.connections is None else f"{equation.connections:,}"


# The legend of letters and signs

MEANINGS: dict[str, str] = {
    "times": "@ multiplies element by element.",
    "product": "Side by side stand matrices: a map has a row a channel and a column a position.",
    "convolve": "@ is a convolution with stride s, padding p (before:after), dilation d and "
    "groups g; a transposed kernel paints what the kernel has read.",
    "correlate": "@ adds up, for each tap of a kernel, one side times what the tap sees of the "
    "other.",
    "by head": "@ multiplies matrices head by head.",
    "slope": "@ is the derivative of f at x.",
    "sum": "@ sums over positions p or channels i.",
    "mean": "@ is a mean over examples n, positions p or channels i, by groups g.",
    "deviation": "@ is the root of the variance + 0.00001.",
    "operator": "Linear layers stand as matrices, which a transpose turns round.",
    "where": "[x > 0] is 1 where that holds, else 0.",
    "unknown": "Of opaque layers nobody knows the gradient.",
}
"""The meaning of each kind of expression, in the order of the legend; @ stands for its sign."""

MASKS = {
    "m": "m is what dropping left: 0, or 1 / (1 - rate) for what it kept.",
    "M": "M is 1 where a filter sees a map, else 0.",
}


SHIFTED = (
    "earlier and later hand a map on by one position, zeros first: what reads itself so is "
    "computed one position after another, through time."
)


class Prose(NamedTuple):
    """How a format writes sentences with formulas in them."""

    notation: EquationNotation
    math: Callable[[str], str] = str
    escape: Callable[[str], str] = str


def legend_sentences(found: BackwardPass, shown: GradientPage, prose: Prose) -> list[str]:
    """Write sentences about the letters and signs that a page has."""
    used = list(_walk_parts(shown))
    kinds = {part.kind for part in used}
    signs = _sign_formulas(prose.notation)
    symbols = [part for part in used if isinstance(part, Symbol)]
    own = {symbol.word for symbol in symbols if symbol.of}
    return [
        "A bar is the derivative of the loss: one example's; over a batch, those of parameters "
        "add up. Connections are multiply-accumulates.",
        *_letter_sentences(found, symbols, prose),
        *(
            prose.escape(text).replace("@", prose.math(signs.get(kind, "")))
            for kind, text in MEANINGS.items()
            if kind in kinds
        ),
        *([SHIFTED] if any(part.word in ("earlier", "later") for part in used) else []),
        *(text for letter, text in MASKS.items() if letter in own),
    ]


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
    pending = [e.right for section in shown.sections for e in section.equations]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(part.operands)
