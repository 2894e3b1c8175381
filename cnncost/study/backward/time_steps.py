"""Equations that read one another through time, in the groups that are computed together, one
position after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cnncost.study.backward.equation import Equation
from cnncost.study.backward.gradient_expression import Symbol
from cnncost.study.backward.sequence_maps import STEPS


class EquationGroup(NamedTuple):
    """Equations next to each other that are computed together."""

    equations: tuple[Equation, ...]
    direction: str = ""
    """`earlier` if they read the positions before, `later` if those behind; empty for one equation
    that reads neither itself nor one below."""

    @property
    def lefts(self) -> set[Symbol]:
        return {equation.left for equation in self.equations}

    def order_positions(self, count: int) -> Sequence[int]:
        """Return the positions in the order in which they are computed."""
        return range(count) if self.direction == "earlier" else range(count - 1, -1, -1)


def group_equations(equations: Iterable[Equation]) -> list[EquationGroup]:
    """Group equations: from each that reads itself, or one below, to the last one that it reads."""
    kept = [equation for equation in equations if not equation.same]
    places = {equation.left: at for at, equation in enumerate(kept)}
    found: list[EquationGroup] = []
    start = 0
    while start < len(kept):
        end = at = start
        while at <= end:
            read = (places[s] for s in _list_symbols(kept[at]) if s in places)
            end = max(end, *(place for place in read if place >= at), at)
            at += 1
        group = EquationGroup(tuple(kept[start : end + 1]))
        found.append(group._replace(direction=_find_direction(group)))
        start = end + 1
    return found


def _list_symbols(equation: Equation) -> Iterator[Symbol]:
    return (part for part in equation.right.walk() if isinstance(part, Symbol))


def _find_direction(group: EquationGroup) -> str:
    """Find the one map that hands a symbol of the group on to another position."""
    lefts = group.lefts
    for equation in group.equations:
        for part in equation.right.walk():
            if part.kind == "product" and part.operands[0].word in STEPS:
                operator, of = part.operands
                if not lefts.isdisjoint(of.walk()):
                    return operator.word
    return ""
