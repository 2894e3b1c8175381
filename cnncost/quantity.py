"""The counted quantities: their names, and how numbers and amounts are written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError, did_you_mean

if TYPE_CHECKING:
    from fractions import Fraction

TOTALS = ("units", "weights", "biases", "parameters", "trainable_parameters", "connections")
"""What a report adds up, in the order of its JSON; also what a spec can `expect`."""

BUDGETS = ("weights", "parameters", "connections", "units")
"""What a budget can limit."""

SUFFIXES = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12}
"""Powers of ten: counts are decimal."""

_NUMBER = re.compile(
    r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?([kKMGT]?)", re.A
)
_LONGEST = 60


def parse_number(text: str) -> int | Fraction | None:
    """The exact value of `96`, `-1`, `0.25`, `1e6` or `20M`; None for anything else.

    Only decimal digits count: no `010`, `0x10`, `1_000`, `.5` or `+1`.
    """
    match = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    sign, whole, decimals, exponent, suffix = match.groups(default="")
    power = int(exponent or 0) + SUFFIXES[suffix] - len(decimals)
    digits, ten = int(sign + whole + decimals), int(10 ** abs(power))
    if power >= 0:
        return digits * ten
    if digits % ten == 0:
        return digits // ten
    from fractions import Fraction

    return Fraction(digits, ten)


def parse_count(text: str) -> int:
    """A whole, non-negative amount such as `20M` or `1.5G`, exactly.

    Raises:
        CnncostError: it is no number, negative, or no whole number.
    """
    value = parse_number(text.strip())
    if value is None:
        raise CnncostError(f"{text!r} is not an amount", "write it as 500000, 20M or 1.5G")
    if value < 0:
        raise CnncostError(f"{text!r} is negative", "an amount is zero or more")
    if not isinstance(value, int):
        raise CnncostError(f"{text!r} is no whole number", "write it as 500000, 20M or 1.5G")
    return value


def parse_budget(text: str) -> tuple[str, int]:
    """Metric and limit of `weights=20M`.

    Raises:
        CnncostError: there is no `=`, or the metric or the amount is unknown.
    """
    metric, equals, amount = text.partition("=")
    if not equals:
        raise CnncostError(f"{text!r} is no budget", "write METRIC=AMOUNT, as in weights=20M")
    return budget_metric(metric), parse_count(amount)


def budget_metric(word: str) -> str:
    """The metric that `word` names; hyphens are accepted for underscores."""
    metric = word.strip().replace("-", "_")
    if metric not in BUDGETS:
        known = f"a budget limits {', '.join(BUDGETS[:-1])} or {BUDGETS[-1]}"
        raise CnncostError(f"unknown metric {metric!r}", did_you_mean(metric, BUDGETS, known))
    return metric
