"""The counted quantities: their names, and how numbers and amounts are written."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import CnncostError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

TOTALS = ("units", "weights", "biases", "parameters", "trainable_parameters", "connections")
"""What a report adds up, in the order of its JSON; also what a spec can `expect`."""

BUDGETS = ("weights", "parameters", "connections", "units")
"""What a budget can limit."""

BYTES = (
    *("parameter_memory", "activation_memory", "memory", "training_memory"),
    *("sram", "flash"),
)
"""Budgets in bytes."""

OF_CONNECTIONS = {"macs": 1, "flops": 2}
"""Other words for connections wherever metrics are named, and how many of them a connection is:
a multiply-accumulate is two floating-point operations."""

SCALED = ("parameter_memory", "activation_memory", "memory", "training_memory")
"""The bytes that depend on batch, element type or optimiser; sram and flash are int8, an example
at a time."""

CHANGES = {"batch": SCALED[1:], "dtype": SCALED, "optimizer": SCALED[3:]}
"""For each option of scale the bytes that it changes."""

UNITS = {
    "B": 1,
    **{f"{prefix}B": 1000**n for n, prefix in enumerate("kMGT", 1)},
    **{f"{prefix}iB": 1024**n for n, prefix in enumerate("KMGT", 1)},
    "KB": 1000,
}
"""Bytes of each unit; a quantity of bytes names one."""

TIME = "time"
"""The metric that a device decides: seconds of a run."""

SECONDS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Decimal places of each unit of time; an amount of time names one."""

JOULES = {"J": 0, "mJ": 3, "uJ": 6, "nJ": 9}
"""The same of each unit of energy."""

SUFFIXES = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12}
"""Powers of ten: counts are decimal."""

_NUMBER = re.compile(
    r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?([kKMGT]?)", re.A
)
_LONGEST = 60


@lru_cache(maxsize=1024)
def parse_number(text: str) -> int | Fraction | None:
    """Read the exact value of `96`, `-1`, `0.25`, `1e6` or `20M`; None for anything else.

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
    """Read a whole, non-negative amount such as `20M` or `1.5G`, exactly.

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


class MetricAmount(NamedTuple):
    """What stands behind METRIC=: a number, or a percentage of what there is today."""

    number: int | Fraction
    percent: bool = False

    def share_of(self, today: int) -> int | Fraction:
        """Return the amount in the metric's own numbers, exactly."""
        from fractions import Fraction

        return Fraction(self.number) * today / 100 if self.percent else self.number


def split_metric(text: str, otherwise: CnncostError | None = None) -> tuple[str, str]:
    """Split METRIC=AMOUNT into its two sides, neither looked at yet.

    Raises:
        CnncostError: there is no `=`; `otherwise` says what would work there.
    """
    metric, equals, amount = text.partition("=")
    if not equals:
        hint = "write METRIC=AMOUNT, as in weights=20M"
        raise otherwise or CnncostError(f"{text!r} is no budget", hint)
    return metric, amount


def parse_amount(word: str, text: str, *, percent: bool = False) -> MetricAmount:
    """Read a limit of what a metric's word names: `20M`, of bytes `64MiB`; `50%` if that may be.

    Raises:
        CnncostError: it is no such amount.
    """
    if percent and text.endswith("%"):
        share = parse_number(text[:-1].strip())
        if share is None or share < 0:
            raise CnncostError("no share", "write it as 50% or 12.5%")
        return MetricAmount(share, percent=True)
    return MetricAmount((parse_bytes if word in BYTES else parse_count)(text))


def parse_change(text: str) -> MetricAmount | None:
    """Read a change, whose sign is written: `+5%`, `-10%`, `+1M`; None for anything else.

    >>> parse_change("-10%"), parse_change("10%")
    (MetricAmount(number=-10, percent=True), None)
    """
    text = text.strip()
    number = parse_number(text.removeprefix("+").removesuffix("%"))
    if number is None or text[0] not in "+-" or text.startswith("+-"):
        return None
    return MetricAmount(number, percent=text.endswith("%"))


def parse_budget(text: str) -> tuple[str, int]:
    """Read the metric's word and the limit of `weights=20M`.

    Raises:
        CnncostError: there is no `=`, or the metric or the amount is unknown.
    """
    metric, amount = split_metric(text)
    word = budget_metric(metric)
    return word, int(parse_amount(word, amount).number)


def parse_bytes(text: str) -> int:
    """Read a whole number of bytes such as `64MiB` or `1.5MB`, exactly.

    Raises:
        CnncostError: the unit is missing, or it is no whole, non-negative amount.
    """
    match = re.fullmatch(r"\s*(-?[0-9.]+)\s*([A-Za-z]*)\s*", text, re.A)
    if match is None or match[2] not in UNITS:
        digits, letter = (match[1], match[2][:1]) if match else ("64", "M")
        prefix = letter.upper() if letter.upper() in ("K", "M", "G", "T") else "M"
        raise CnncostError(
            f"{text!r} is no amount of bytes: its unit is missing or unknown",
            f"write {digits}{prefix}iB (powers of 1024) or {digits}{prefix}B (powers of 1000)",
        )
    value = parse_number(match[1])
    if value is None or value < 0:
        raise CnncostError(f"{text!r} is not an amount", "write it as 64MiB or 64MB")
    amount = value * UNITS[match[2]]
    if amount != int(amount):
        raise CnncostError(f"{text!r} is no whole number of bytes", "write it as 64MiB or 64MB")
    return int(amount)


def parse_seconds(text: str) -> Fraction:
    """An amount of time such as `2ms` or `0.5 s`, in seconds, exactly.

    >>> parse_seconds("2.5ms")
    Fraction(1, 400)

    Raises:
        CnncostError: the unit is missing or unknown, or it is no amount above zero.
    """
    return _parse_with_unit(text, SECONDS, "time", "2ms or 0.5s")


def parse_joules(text: str) -> Fraction:
    """An amount of energy such as `2mJ`, in joules, exactly.

    >>> parse_joules("2.5mJ")
    Fraction(1, 400)

    Raises:
        CnncostError: the unit is missing or unknown, or it is no amount above zero.
    """
    return _parse_with_unit(text, JOULES, "energy", "2mJ or 0.5J")


def _parse_with_unit(text: str, units: dict[str, int], what: str, examples: str) -> Fraction:
    from fractions import Fraction

    match = re.fullmatch(r"\s*([0-9.eE+-]+?)\s*([A-Za-z]*)\s*", text, re.A)
    example = examples.partition(" ")[0]
    if match is None or match[2] not in units:
        trouble = f"{text!r} is no amount of {what}: its unit is missing or unknown"
        raise CnncostError(trouble, f"write it with {', '.join(units)}, as in {example}")
    value = parse_number(match[1])
    if value is None or value <= 0:
        raise CnncostError(f"{text!r} is not an amount of {what}", f"write it as {examples}")
    return Fraction(value) / int(10 ** units[match[2]])


def format_seconds(picoseconds: int) -> str:
    """Write an amount of time exactly, as `parse_seconds` reads it.

    >>> format_seconds(1_234_567_890), format_seconds(2_000_000), format_seconds(5)
    ('1.23456789ms', '2us', '0.005ns')
    """
    unit = next((word for word in SECONDS if picoseconds >= 10 ** (12 - SECONDS[word])), "ns")
    whole, rest = divmod(picoseconds, int(10 ** (12 - SECONDS[unit])))
    decimals = f"{rest:0{12 - SECONDS[unit]}d}".rstrip("0")
    return f"{whole}{'.' * bool(decimals)}{decimals}{unit}"


def budget_metric(word: str, *further: str) -> str:
    """Return the metric that `word` names, macs and flops too, or a further word; hyphens are
    accepted for underscores."""
    metric = word.strip().replace("-", "_")
    words = (*BUDGETS, *OF_CONNECTIONS, *BYTES, *further)
    if metric not in words:
        known = f"a budget limits {', '.join(words[:-1])} or {words[-1]}"
        raise CnncostError(f"unknown metric {metric!r}", did_you_mean(metric, words, known))
    return metric


def counted_as(word: str) -> tuple[str, int]:
    """Return the metric that a word's amounts are counted in, and how much one of it is.

    >>> counted_as("flops"), counted_as("weights")
    (('connections', 2), ('weights', 1))
    """
    times = OF_CONNECTIONS.get(word)
    return (word, 1) if times is None else ("connections", times)


def same_metric(word: str, others: Iterable[str]) -> str | None:
    """Return the one of some words that names the same metric, as flops do macs."""
    return next((other for other in others if counted_as(other)[0] == counted_as(word)[0]), None)


def refuse_same_metric(word: str, others: Iterable[str]) -> None:
    """Refuse a second --budget of one metric.

    Raises:
        CnncostError: one of the other words names it too.
    """
    if other := same_metric(word, others):
        raise CnncostError(f"--budget {describe_repeat(word, other)}", "keep one")


def describe_repeat(word: str, other: str) -> str:
    """Say what is wrong where two words limit one metric."""
    return f"{word} is given twice" if word == other else f"{other} and {word} are one metric"


def format_count(n: int, one: str, many: str = "") -> str:
    """Write how many there are, in words: `1 row`, `2 rows`; `many` where no s does it."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
