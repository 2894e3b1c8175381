"""The problems that one reading of a spec finds, collected."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from cnncost.errors import Problem, SpecError
from cnncost.place import Source

Hint = str | Callable[[], str]
"""What would work; a function where that takes a search among many words."""


class Problems:
    """What is wrong with one spec, and what may be unintended (warnings).

    A problem found again at its place (a block's line, called twice) counts once.
    Only the first `KEPT` in the order of finding are kept; all are counted, until `MOST`
    are found: there the reading stops.
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
        """Whether what is found now is counted only, and not shown."""
        return len(self._kept) >= self.KEPT

    def add(self, offset: int, what: str, hint: Hint = "") -> None:
        """Report a problem; a hint that is costly to find is a function."""
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
        """Raise all that was found, in the order of the file."""
        ordered = sorted(self._kept, key=lambda problem: problem.offset)
        located = [(self.source.locate_offset(p.offset), p) for p in ordered[: SpecError.SHOWN]]
        raise SpecError(located, self.found, stopped=self.found >= self.MOST)

    def stop_if_any(self) -> None:
        if self.found:
            self.stop()
