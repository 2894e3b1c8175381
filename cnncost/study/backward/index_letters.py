"""The letters that indices have: each axis of a formula one of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from cnncost.study.backward.layer_use import SymbolSizes
from cnncost.study.backward.option_reader import Dims
from cnncost.study.backward.scalar_formula import IndexRange

CHANNELS, POSITIONS, TAPS, HEADS = "ijkl", "pqr", "uvw", "h"

EXAMPLE, OTHER_EXAMPLE, COUNT = "n", "m", "N"
"""The letters of an example, of one that a mean runs over, and of the number of examples."""


class IndexLetters:
    """Hands out letters that no index around has."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def name_axes(self, size: SymbolSizes) -> list[IndexRange]:
        """Name the axes of a symbol, for good."""
        ranges: list[IndexRange] = []
        for pool, dims in _list_pools(size):
            ranges += self._pick(pool, dims)
        return ranges

    @contextmanager
    def open_ranges(self, pool: str, dims: Sequence[int]) -> Iterator[list[IndexRange]]:
        """Name the axes of a sum while its body is written."""
        ranges = self._pick(pool, dims)
        yield ranges
        self.taken -= {one.letter for one in ranges}

    def _pick(self, pool: str, dims: Sequence[int]) -> list[IndexRange]:
        """Pick one letter of the pool per size: axis by axis, or the first that is free."""
        found = []
        for at, size in enumerate(dims):
            order = pool if pool == CHANNELS else pool[at]
            letters = (f"{word}{'′' * primes}" for primes in count() for word in order)
            word = next(word for word in letters if word not in self.taken)
            self.taken.add(word)
            found.append(IndexRange(word, size))
        return found


def _list_pools(size: SymbolSizes) -> list[tuple[str, Dims]]:
    """Say which letters the axes of a symbol have."""
    dims = size.dims
    if size.heads:
        return [(HEADS, dims[:1]), (CHANNELS, dims[1:])]
    if size.axes:
        positions = [axis for axis in size.axes if axis]
        split = len(dims) - len(positions)
        return [(CHANNELS, dims[:split]), (POSITIONS, dims[split:])]
    if size.shared:  # parameters
        return [(CHANNELS, dims[:2]), (TAPS, dims[2:])]
    return [(CHANNELS, dims[:1]), (POSITIONS, dims[1:])]
