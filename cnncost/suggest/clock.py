"""The time a search has: looked at between the pieces of long work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic


class TimeOverError(Exception):
    """The time is over."""


class Clock:
    """A deadline that all drafts of one study share; there is none to begin with."""

    def __init__(self) -> None:
        self._deadline = inf

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Within, `check` refuses once the deadline (by `time.monotonic`) is past."""
        before, self._deadline = self._deadline, deadline
        try:
            yield
        finally:
            self._deadline = before

    def check(self) -> None:
        """Refuse to go on once the deadline is past.

        Raises:
            TimeOverError: it is.
        """
        if monotonic() > self._deadline:
            raise TimeOverError
