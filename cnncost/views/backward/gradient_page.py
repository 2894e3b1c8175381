"""What is shown of a backward pass: its lines in sections, their totals, and a legend."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from cnncost.study.backward import BackwardPass, Equation
from cnncost.study.backward.gradient_expression import Symbol

COSTS = "connections"
"""The title of the costs' column."""

NOTHING = "No gradient is worked out: nothing here or below is trained."


class Section(NamedTuple):
    """Lines under a heading, and a sum below them where there is one."""

    heading: str
    equations: tuple[Equation, ...]
    total: str = ""
    costs: bool = True
    """Whether the lines have connections."""


class GradientPage(NamedTuple):
    """A whole backward pass, or some layers' part of it."""

    name: str
    given: tuple[Symbol, ...]
    sections: tuple[Section, ...]


def build_gradient_page(found: BackwardPass, chosen: Collection[int] = ()) -> GradientPage:
    """The page of a backward pass; of the `chosen` nodes only, by index, where there are any.

    A layer's part are the gradients by its output, its parameters, and what it reads.
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
    """The connections of all lines; a lower bound where some are unknown."""
    known = [e.connections for e in equations if e.connections is not None]
    more = "" if len(known) == len(equations) else " or more"
    return f"{sum(known):,}{more}"


def equation_cost(equation: Equation) -> str:
    """A line's connections."""
    return "?" if equation.connections is None else f"{equation.connections:,}"
