"""The printed gradient equations of a network, handed to `verify`'s comparison."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from unicodedata import normalize

from cnncost.costs import Convention, count_network
from cnncost.network import Network
from cnncost.study.backward import Pass, backward
from cnncost.study.backward.expression import Symbol
from cnncost.verify.autograd import QUANTITY, Owned, Printed, compare
from cnncost.verify.difference import Line
from cnncost.views.backward.equation import formula
from cnncost.views.backward.write import write

LARGEST = 300_000_000
"""Connections: the equations are evaluated tap by tap, which takes seconds beyond."""


def gradient_line(network: Network, tell: Callable[[str], None]) -> Line:
    """The line of the gradients; not compared, and says so, if the network is too large."""
    total = count_network(network, Convention()).totals
    if total.connections > LARGEST:
        return Line(QUANTITY, None, None, note="too large, try --input")
    tell("gradients")
    return compare(network, _printed(backward(network)))


def _printed(found: Pass) -> Printed:
    file = StringIO()
    write(file, found, (), "text", plain=False)
    owned = tuple(
        Owned(_name(p.symbol), _name(p.symbol.bar), p.node.index, p.tensor, p.part, p.parts)
        for p in found.parameters
    )
    values = tuple(_name(symbol) for symbol in found.values)
    return Printed(file.getvalue(), values, tuple(_name(s.bar) for s in found.values), owned)


def _name(symbol: Symbol) -> str:
    return normalize("NFD", formula(symbol))
