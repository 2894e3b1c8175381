"""The errors that a user can fix: what is wrong, where, and what would work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # controls, the line ends among them
    "\u2028\u2029"  # line ends too
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of writing
    "\ud800-\udfff\ufffe\uffff]"  # bytes of a name that are not UTF-8; no characters
)
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def make_printable(text: str) -> str:
    """Return `text` on one line, with characters that a terminal or a file would obey escaped.

    >>> print(make_printable("a\\x1b[31m\\nb"))
    a\\x1b[31m\\nb
    """
    return _UNPRINTABLE.sub(_escape_character, text)


def _escape_character(match: re.Match[str]) -> str:
    """Return the character as Python writes it in a text; a byte that is not UTF-8 as a byte."""
    character = match[0]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


class CnncostError(Exception):
    """Something the user can mend: `what` says the trouble, `where` the line of the user's own
    code that led to it, if any, `hint` what would work; each on a line."""

    def __init__(self, what: str, hint: str = "", *, where: str = "") -> None:
        self.what = make_printable(what)
        self.hint = make_printable(hint)
        place = f"\n  {make_printable(where)}" if where else ""
        super().__init__(self.what + place + (f"\n  hint: {self.hint}" if hint else ""))


class Refused(CnncostError):
    """A value or a shape that a layer cannot take; the caller knows the place.

    `field` is the field whose value it is, where one value alone is at fault.
    """

    def __init__(self, what: str, hint: str = "", field: str = "") -> None:
        super().__init__(what, hint)
        self.field = field


class Problem(NamedTuple):
    """One refusal in a spec: zero-based character offset, message, hint."""

    offset: int
    what: str
    hint: str = ""


class SpecError(CnncostError):
    """All that one reading of a spec found wrong, in the order of the file.

    `located` holds each with its place; `lines` holds one `FILE:LINE:COLUMN: what is wrong` a
    problem, at most `SHOWN` of them; `found` counts all, unless the reading stopped at so many.
    """

    SHOWN = 20

    def __init__(
        self, located: Sequence[tuple[str, Problem]], found: int, *, stopped: bool = False
    ) -> None:
        self.located = tuple(located)
        self.problems = [problem for _, problem in located]
        self.found = found
        lines = []
        for where, problem in located[: self.SHOWN]:
            lines.append(f"{where}: {problem.what}")
            if problem.hint:
                lines.append(f"  hint: {problem.hint}")
        if found > self.SHOWN:
            stop = ", where the reading stopped" if stopped else ""
            lines.append(f"and {found - self.SHOWN:,} more{stop}")
        super().__init__(lines[0] if lines else "")
        self.what = "\n".join(map(make_printable, lines))
        self.args = (self.what,)


_MOST_CHOICES = 1000


def find_nearest(word: str, choices: Iterable[str]) -> str | None:
    """Find the choice that `word` means elsewhere, or that it is most likely a slip of, if one is
    close.

    Of very many choices only the last count: those nearest to where the word stands.
    """
    from difflib import get_close_matches

    from cnncost.elsewhere import find_meaning

    word, possible = word[:80], list(choices)[-_MOST_CHOICES:]
    known = find_meaning(word, possible)
    if known is not None:
        return known.ours[0]
    close = get_close_matches(word, possible, n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(word: str, choices: Sequence[str], otherwise: str) -> str:
    """Return `did you mean 'kernel'?` where a choice is close, else `otherwise`.

    A word that is known elsewhere may have a whole hint of its own (`cnncost.elsewhere`).
    """
    from cnncost.elsewhere import find_meaning

    known = find_meaning(word[:80], choices[-_MOST_CHOICES:])
    if known is not None and known.says:
        return known.says
    close = find_nearest(word, choices)
    return f"did you mean {close!r}?" if close else otherwise


def quote_text(text: str) -> str:
    """Return `text` in quotes, on one line and cut to a length that a message can carry."""
    short = text if len(text) <= 40 else text[:37] + "..."
    return repr(short)
