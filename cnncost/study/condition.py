"""Conditions on figures, as `--where` takes them: `weights<5M`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from fractions import Fraction
from typing import NamedTuple

from cnncost.errors import CnncostError, did_you_mean
from cnncost.quantity import BYTES, TIME, parse_bytes, parse_number, parse_seconds

Number = int | float | Fraction

COMPARISONS: dict[str, Callable[[Number, Number], bool]] = {
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
}

PICOSECONDS = 10**12


class Condition(NamedTuple):
    """A figure's word, how it is compared, and with what, in the figure's own unit."""

    word: str
    sign: str
    amount: int | Fraction

    def holds(self, amount: Number) -> bool:
        """Return whether a figure meets the condition."""
        return COMPARISONS[self.sign](amount, self.amount)


def parse_condition(text: str, words: Collection[str]) -> Condition:
    """Read `weights<5M`, `sram<=256KiB`, `time<2ms` or `alpha>0.5`; time is in picoseconds.

    Raises:
        CnncostError: it is no condition, or on none of the `words`.
    """
    match = re.fullmatch(r"\s*([A-Za-z_][\w-]*)\s*(<=|>=|<|>|=)\s*(.+?)\s*", text)
    if match is None:
        raise CnncostError(f"--where {text}: no condition", "as in --where 'weights<5M'")
    word = match[1].replace("-", "_")
    if word not in words:
        hint = did_you_mean(word, list(words), f"there are {', '.join(words)}")
        raise CnncostError(f"--where {text}: there is no {word}", hint)
    try:
        return Condition(word, match[2], _read_amount(word, match[3]))
    except CnncostError as error:
        raise CnncostError(f"--where {text}: {error.what}", error.hint) from None


def _read_amount(word: str, text: str) -> int | Fraction:
    if word in BYTES:
        return parse_bytes(text)
    if word == TIME:
        return PICOSECONDS * parse_seconds(text)
    value = parse_number(text)
    if value is None:
        raise CnncostError(f"{text!r} is no number", "write it as 500000, 20M or 0.05")
    return value
