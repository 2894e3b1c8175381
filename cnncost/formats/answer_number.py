"""One number of a filled-in table: whole, a product, or rounded with a suffix as `105.4M`."""

from __future__ import annotations

import re
from math import prod
from typing import NamedTuple

from cnncost.errors import CnncostError, quote_text

BLANKS = ("", "?", "-", "--", "\u2013", "\u2014", "n/a", "N/A")
"""Cells without an answer; the two before the last are dashes."""

TIMES = "[x*\u00b7\u00d7]"
"""The signs of a product."""

POWERS = {"k": 3, "thousand": 3, "m": 6, "million": 6, "g": 9, "b": 9, "billion": 9, "t": 12}
"""For each suffix, in small letters, its power of ten: counts are decimal."""

_SUFFIX = "k|thousand|m|millions?|g|b|billions?|t"
_WHOLE = re.compile(r"[0-9]{1,40}(?:\.0{1,20})?")
_GROUPED = re.compile(r"[0-9]{1,3}([,.' _\u2019])[0-9]{3}(?:\1[0-9]{3}){0,9}")
_ROUNDED = re.compile(
    rf"([0-9]{{1,40}})(?:([.,])([0-9]{{1,40}}))? ?({_SUFFIX}|e\+?[0-9]{{1,2}})?", re.I
)
_IN_HEADING = re.compile(rf"[(\[] ?(?:in )?({_SUFFIX}) ?[)\]] *$", re.I)

LONGEST_CELL = 200


class WrittenNumber(NamedTuple):
    """A number, and what its last written digit counts: 105.4M is 105,400,000 by steps of
    100,000."""

    number: int
    step: int = 1


def find_suffix(heading: str) -> str:
    """Return the suffix that a heading gives all numbers below it, as `M` in `params (M)`."""
    match = _IN_HEADING.search(heading)
    return match[1] if match else ""


def read_number(cell: str, where: str, suffix: str = "") -> WrittenNumber | None:
    """Read a cell: `105,415,200`, `105.4M`, `96 x 55 x 55`, or what stands behind `=`; None for
    no answer.

    >>> read_number("1.5k", "t:2")
    WrittenNumber(number=1500, step=100)

    Raises:
        CnncostError: it is no whole number, or may be two.
    """
    if cell in BLANKS:
        return None
    if len(cell) <= LONGEST_CELL:
        text = re.sub(r"\s", " ", cell.rpartition("=")[2].strip())
        factors = [_read_whole(part.strip()) for part in re.split(TIMES, text)]
        if (len(factors) > 1 or not suffix) and None not in factors:
            return WrittenNumber(prod(factor for factor in factors if factor is not None))
        if found := _read_rounded(text, where, suffix):
            return found if found.number or found.step == 1 else None  # 0.0M tells nothing
    hint = "write whole numbers, as 105,415,200, rounded ones as 105.4M, or leave the cell empty"
    raise CnncostError(f"{where}: {quote_text(cell)} is no whole number", hint)


def _read_whole(text: str) -> int | None:
    if _GROUPED.fullmatch(text):
        return int(re.sub("[^0-9]", "", text))
    return int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else None


def _read_rounded(text: str, where: str, suffix: str) -> WrittenNumber | None:
    """Read a number with a suffix of its own, or else its heading's."""
    match = _ROUNDED.fullmatch(text)
    if match is None or not (match[4] or suffix):
        return None
    whole, mark, decimals, own = match.groups(default="")
    if mark == "," and len(decimals) == 3:
        hint = f"write {whole}.{decimals} or {whole}{decimals} before the suffix"
        raise CnncostError(f"{where}: {quote_text(text)} may be two numbers", hint)
    word = (own or suffix).lower()
    power = int(word[1:]) if word[0] == "e" else POWERS[word.removesuffix("s")]
    shift = power - len(decimals)
    digits = int(whole + decimals)
    if shift >= 0:
        return WrittenNumber(digits * 10**shift, 10**shift)
    number, rest = divmod(digits, 10**-shift)
    return None if rest else WrittenNumber(number)
