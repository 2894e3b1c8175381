"""What a page of both passes shows: its equations in sections, with their totals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from cnncost.study.backward.backward_pass import BackwardPass
from cnncost.study.backward.equation import Equation
from cnncost.study.backward.gradient_expression import Symbol
from cnncost.study.backward.symbol_sizes import list_symbol_sizes
from cnncost.views.backward.equation_form import EquationForm, IndexedForm
from cnncost.views.backward.gradient_formula import EquationNotation

COSTS = "connections"
"""The title of the column of costs."""

NOTHING = "No gradient is worked out: nothing here or below is trained."


class Section(NamedTuple):
    """Equations under a heading, with the sum of their connections if it is shown."""

    heading: str
    column: str
    """The title of the column of equations; empty if titles stand above another section."""
    equations: tuple[Equation, ...]
    total: str = ""


class PassPart(NamedTuple):
    """What a page shows of the forward or the backward pass."""

    title: str
    given: tuple[Symbol, ...]
    """The symbols that the pass starts from."""
    sections: tuple[Section, ...]


class GradientPage(NamedTuple):
    """Both passes of a network, or some layers' part of them."""

    name: str
    passes: tuple[PassPart, ...]
    form: EquationForm

    def list_sections(self) -> tuple[Section, ...]:
        return tuple(section for part in self.passes for section in part.sections)


def build_gradient_page(
    found: BackwardPass, chosen: Collection[int] = (), *, indexed: bool = False
) -> GradientPage:
    """Make the page of both passes, or of the `chosen` nodes only, by index.

    A layer's part has its output, and the gradients of its output, of its parameters, and of what
    it reads.
    """
    forward = tuple(e for e in found.forward if _is_computed(e, chosen))
    section = Section("", "value", forward, "" if chosen else total_connections(forward))
    return GradientPage(
        found.network.name,
        (
            PassPart("the forward pass", (), (section,) if forward else ()),
            _build_backward(found, chosen),
        ),
        IndexedForm(list_symbol_sizes(found)) if indexed else EquationForm(),
    )


def _build_backward(found: BackwardPass, chosen: Collection[int]) -> PassPart:
    nodes = found.network.nodes
    read = {i for at in chosen for i in nodes[at].reads}
    shown = [e for e in found.equations if _is_shown(e, chosen, read)]
    needed = tuple(e for e in shown if e.needed)
    beyond = tuple(e for e in shown if not e.needed)
    sections = (
        Section("", "gradient", needed, "" if chosen else total_connections(needed)),
        Section("Not needed to train, the way on to the inputs:", "", beyond),
    )
    given = found.given if not chosen else ()
    return PassPart("the backward pass", given, tuple(s for s in sections if s.equations))


def _is_computed(equation: Equation, chosen: Collection[int]) -> bool:
    return equation.node.index in chosen if chosen else not equation.same


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


class Prose(NamedTuple):
    """How a format writes sentences with formulas in them."""

    notation: EquationNotation
    math: Callable[[str], str] = str
    escape: Callable[[str], str] = str
