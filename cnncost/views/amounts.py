"""Amounts of bytes, and counts of which only a bound is known, as people read them."""

from __future__ import annotations

MEBI = 2**20


class AtLeast(int):
    """A count that leaves out layers of unknown cost."""


class UnknownAmount(int):
    """A count that nobody knows."""


class Bytes(int):
    """An amount of memory."""


class BytesAtLeast(AtLeast):
    """An amount of memory that leaves out layers of unknown cost."""


def at_least(value: int) -> AtLeast:
    """The same amount as a lower bound."""
    return BytesAtLeast(value) if isinstance(value, Bytes | BytesAtLeast) else AtLeast(value)


def as_mebibytes(count: int) -> str:
    """Bytes as MiB with two decimals; what would show as less than 0.1 MiB in bytes."""
    return f"{count / MEBI:,.2f} MiB" if count >= MEBI / 10 else f"{count:,} B"
