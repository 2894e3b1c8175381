"""Scores of edits and plans: damages (`cnncost.accuracy`) as whole numbers, so that optimality is
exact."""

from __future__ import annotations

from math import exp
from typing import NamedTuple

from cnncost.accuracy.error_constants import WIDTH

UNIT = 100_000
"""Scores are integers of 1e-5."""

PER_EDIT = 10
"""1e-4 an edit in a price: of equal plans the search takes the one of fewer edits."""

EQUIVALENT = 0.05
"""Two plans whose scores differ by less cannot be told apart."""

NARROWEST, COARSEST = 0.25, 0.43
"""The smallest width and resolution that published tables hold: nothing is known below."""

DEPTH_SHARE = 3
"""At most one block in so many of a stage goes: what fewer blocks cost does not add up beyond."""


class Evidence(NamedTuple):
    """What is published of a kind of edit."""

    sources: str
    judgement: str = ""
    """What of it is a judgement; empty where all is measured."""


def units(damage: float) -> int:
    """A damage as a score: whole units of 1e-5, rounded to the nearest."""
    return round(damage * UNIT)


def equivalent_width(score: int) -> float:
    """The width multiplier of any network that would score the same: WIDTH x ln(1 / m) = score."""
    return exp(-max(score, 0) / UNIT / WIDTH)
