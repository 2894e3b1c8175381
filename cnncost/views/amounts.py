"""The values of cells: amounts, lower bounds and shapes, and how they are written."""

from __future__ import annotations

from cnncost.shape import Shape

KIBI, MEBI = 2**10, 2**20

Value = int | str | Shape | tuple[Shape, ...] | None
"""What a cell holds; None if it is empty."""


class AtLeast(int):
    """A count that leaves out layers of unknown cost."""


class UnknownAmount(int):
    """A count that nobody knows."""


class Bytes(int):
    """An amount of memory."""


class BytesAtLeast(AtLeast):
    """An amount of memory that leaves out layers of unknown cost."""


class Duration(int):
    """A time, in picoseconds."""


class DurationAtLeast(AtLeast):
    """A time, in picoseconds, that leaves out layers of unknown cost."""


class Thousandths(int):
    """A figure that is no count, in thousandths."""


def at_least(value: int) -> AtLeast:
    """Mark an amount as a lower bound."""
    if isinstance(value, Duration | DurationAtLeast):
        return DurationAtLeast(value)
    return BytesAtLeast(value) if isinstance(value, Bytes | BytesAtLeast) else AtLeast(value)


def as_duration(picoseconds: float) -> str:
    """Write a time with three significant digits, in the unit that leaves one before the point.

    >>> as_duration(1_234_567_890), as_duration(45_600_000), as_duration(0)
    ('1.23 ms', '45.6 us', '0 s')
    """
    if not picoseconds:
        return "0 s"
    for unit, power in (("s", 12), ("ms", 9), ("us", 6), ("ns", 3)):
        if picoseconds >= 0.9995 * 10**power:
            return f"{_three_digits(picoseconds / 10**power)} {unit}"
    return f"{picoseconds:.0f} ps"


def _three_digits(value: float) -> str:
    """Write a number from 1 on with three significant digits, and none of them in an exponent."""
    decimals = next((n for n, end in ((2, 9.995), (1, 99.95)) if value < end), 0)
    return f"{value:,.{decimals}f}"


def as_mebibytes(count: int) -> str:
    """Write bytes as MiB with two decimals; less than 0.1 MiB stands in bytes."""
    return f"{count / MEBI:,.2f} MiB" if count >= MEBI / 10 else f"{count:,} B"


def as_kibibytes(count: int) -> str:
    """Write bytes as KiB with a decimal, as microcontrollers' memories are measured; an exact
    multiple without.

    >>> as_kibibytes(655360), as_kibibytes(1000), as_kibibytes(-1000)
    ('640 KiB', '1.0 KiB', '-1.0 KiB')
    """
    return f"{count // KIBI:,} KiB" if count % KIBI == 0 else f"{count / KIBI:,.1f} KiB"


def as_energy(picojoules: float) -> str:
    """Write an energy with three significant digits.

    >>> as_energy(1_234_567_890)
    '1.23 mJ'
    """
    return as_duration(picojoules).removesuffix("s") + "J"


def bare_text(value: Value) -> str:
    """Write a value for programs: numbers without separators (a lower bound as `>= 24`), shapes as
    `96x55x55`, several shapes joined by `+`, times as seconds."""
    if value is None:
        return ""
    if isinstance(value, UnknownAmount):
        return "?"
    if isinstance(value, Thousandths):
        return f"{value / 1000:.3f}"
    if isinstance(value, Duration | DurationAtLeast):
        return f"{_bound_mark(value)}{value // 10**12}.{value % 10**12:012d}"
    if isinstance(value, int):
        return f"{_bound_mark(value)}{value:d}"
    if isinstance(value, Shape | str):
        return str(value)
    return "+".join(str(shape) for shape in value)


def readable_text(value: Value) -> str:
    """Write a value for people, with thousands separated."""
    if not isinstance(value, int) or isinstance(value, UnknownAmount):
        return bare_text(value)
    if isinstance(value, Bytes | BytesAtLeast):
        return f"{_bound_mark(value)}{as_mebibytes(value)}"
    if isinstance(value, Thousandths):
        return f"{value / 1000:,.1f}"
    if isinstance(value, Duration | DurationAtLeast):
        return f"{_bound_mark(value)}{as_duration(value)}"
    return f"{_bound_mark(value)}{value:,}"


def human_text(value: Value) -> str:
    """Write a value in short, with four significant digits and a decimal suffix: `105.4M`."""
    if not isinstance(value, int) or isinstance(
        value, UnknownAmount | Bytes | BytesAtLeast | Duration | DurationAtLeast | Thousandths
    ):
        return readable_text(value)
    for suffix, power in (("T", 12), ("G", 9), ("M", 6), ("k", 3)):
        if 100_000 * value >= 99_995 * 10**power:  # rounds to 1.000 or more
            return _bound_mark(value) + _four_digits(value, power) + suffix
    return f"{_bound_mark(value)}{value}"


def _bound_mark(value: int) -> str:
    return ">= " if isinstance(value, AtLeast) else ""


def _four_digits(value: int, power: int) -> str:
    """Write value / 10**power with four digits, the last one rounded half up."""
    decimals = min(3, 4 - (len(str(value)) - power))
    scaled = (value * 10**decimals + 10**power // 2) // 10**power
    text = f"{scaled:0{decimals + 1}d}"
    return f"{text[:-decimals]}.{text[-decimals:]}" if decimals else text
