"""The formulas that single units are: sums of products and others, with their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from cnncost.study.run.number_map import Number

WriteNumber = Callable[[Number], str]

Place = tuple[int, ...]
"""Where a number is: its channel, then its position along each axis, counted from 0."""


class UnitFormula(Protocol):
    """What one number is computed by."""

    @property
    def value(self) -> Number: ...

    def write_steps(self, write: WriteNumber) -> list[str]:
        """Write what is equal to the value, step by step, without the value itself."""
        ...


class UnitSum(NamedTuple):
    """Weights times numbers of the input, and what is added to them, such as a bias."""

    products: tuple[tuple[Number, Number], ...]
    """Each weight that is used, and what it is multiplied by; what padding adds is left out."""
    added: tuple[Number, ...] = ()

    @property
    def value(self) -> Number:
        start: Number = sum(self.added)
        return sum((weight * value for weight, value in self.products), start=start)

    def write_steps(self, write: WriteNumber) -> list[str]:
        """Write the products, and then their values."""
        parts = [f"{write(weight)} x {write(value)}" for weight, value in self.products]
        parts += map(write, self.added)
        values = [*(weight * value for weight, value in self.products), *self.added]
        return [" + ".join(parts) or "0", write_sum(values, write)]


class Worked(NamedTuple):
    """Any other formula: its value, and how its steps are written."""

    value: Number
    write_steps: Callable[[WriteNumber], list[str]]


def write_sum(values: Iterable[Number], write: WriteNumber) -> str:
    """Write `3 - 4 + 1`."""
    first, *others = list(values) or [0]
    signed = (f" - {write(-v)}" if v < 0 else f" + {write(v)}" for v in others)
    return write(first) + "".join(signed)


def write_difference(left: Number, right: Number, write: WriteNumber) -> str:
    """Write `3 - 4`, or `3 + 4` for 3 less -4."""
    return f"{write(left)} + {write(-right)}" if right < 0 else f"{write(left)} - {write(right)}"


class WorkingEntry(NamedTuple):
    """One number of a layer that computes its output in several stages."""

    symbol: str
    """The letters that `explain --backward` gives it; empty for a unit of the output."""
    place: Place
    formula: UnitFormula


class WorkingLedger:
    """All numbers that a layer computes, in their order."""

    def __init__(self) -> None:
        self.entries: list[WorkingEntry] = []

    def enter(self, symbol: str, place: Place, formula: UnitFormula) -> Number:
        """Keep a number's formula and return its value."""
        value = formula.value
        self.entries.append(WorkingEntry(symbol, place, formula))
        return value
