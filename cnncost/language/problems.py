"""Collect the problems that one reading of a spec finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from cnncost.errors import Problem, SpecError
from cnncost.place import Source

Hint = str | Callable[[], str]
"""What would work instead; a function if finding it needs a search among many words."""


class Problems:
    """What is wrong with one spec, and what may be unintended (warnings).

    A problem that is found again at its place (in a block that is called twice) counts once.
    Only the first `KEPT` are kept, in the order in which they are found. All are counted; the
    reading stops when there are `MOST`.
    """

    KEPT = 200
    MOST = 10_000

    def __init__(self, source: Source) -> None:
        self.source = source
        self.warnings: list[Problem] = []
        self.found = 0
        self._seen: set[tuple[int, str]] = set()
        self._kept: list[Problem] = []

    @property
    def is_full(self) -> bool:
        """Whether further problems are only counted, and not shown."""
        return len(self._kept) >= self.KEPT

    def add(self, offset: int, what: str, hint: Hint = "") -> None:
        """Report a problem; the hint is a function if it is costly to find."""
        if self.is_full:
            self.found += 1
        elif (offset, what) not in self._seen:
            self._seen.add((offset, what))
            self._kept.append(Problem(offset, what, hint if isinstance(hint, str) else hint()))
            self.found += 1
        if self.found >= self.MOST:
            self.stop()

    def warn(self, offset: int, what: str, hint: str = "") -> None:
        self.warnings.append(Problem(offset, what, hint))

    def stop(self) -> NoReturn:
        """Raise everything that was found, in the order of the file."""
        ordered = sorted(self._kept, key=lambda problem: problem.offset)
        located = [(self.source.locate_offset(p.offset), p) for p in ordered[: SpecError.SHOWN]]
        raise SpecError(located, self.found, stopped=self.found >= self.MOST)

    def stop_if_any(self) -> None:
        if self.found:
            self.stop()
