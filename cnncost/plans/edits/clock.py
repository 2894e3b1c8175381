"""The deadline of a suggestion: long work asks between its steps whether it has passed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


class TimeOverError(Exception):
    """The time is over."""


class Clock:
    """The deadline that all editable specs of one suggestion share; none to begin with."""

    def __init__(self) -> None:
        self._deadline = inf

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Within, `check` refuses once the deadline (by `time.monotonic`) is past, or one that
        was set around it."""
        before, self._deadline = self._deadline, min(deadline, self._deadline)
        try:
            yield
        finally:
            self._deadline = before

    def close(self, deadline: float) -> None:
        """Set the deadline for all that is still to come."""
        self._deadline = deadline

    @property
    def left(self) -> float:
        """The seconds up to the deadline."""
        return self._deadline - monotonic()

    def watch(self, items: Iterable[T]) -> Iterator[T]:
        """The items; each is asked for only while there is time.

        Raises:
            TimeOverError: there is none left.
        """
        for item in items:
            self.check()
            yield item

    def gather(self, items: Iterable[T], deadline: float) -> tuple[list[T], bool]:
        """The items that are there by a deadline, and whether these are all."""
        found: list[T] = []
        try:
            with self.until(deadline):
                for item in self.watch(items):
                    found.append(item)  # noqa: PERF402  what is found so far is kept
        except TimeOverError:
            return found, False
        return found, True

    def check(self) -> None:
        """Refuse to go on once the deadline is past.

        Raises:
            TimeOverError: it is.
        """
        if monotonic() > self._deadline:
            raise TimeOverError
