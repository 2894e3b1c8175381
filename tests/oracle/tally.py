"""One layer's numbers, each counted one by one, and who counts which type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any, NamedTuple

Dims = tuple[int, ...]
Arguments = dict[str, Any]  # Any: a spec's values: numbers, words, lists of lists
Index = tuple[int, ...]


class Counted(NamedTuple):
    """One layer's numbers, each counted one by one."""

    shape: Dims
    units: int
    weights: int = 0
    biases: int = 0
    others: int = 0
    """Learned numbers that are neither."""
    connections: int = 0
    inside: int = 0
    """Connections without those to padding, or onto what padding crops."""
    bias_uses: int = 0


Oracle = Callable[[list[Dims], Arguments], Counted]
ORACLES: dict[str, Oracle] = {}


def oracle(*words: str) -> Callable[[Oracle], Oracle]:
    def register(function: Oracle) -> Oracle:
        ORACLES.update(dict.fromkeys(words, function))
        return function

    return register


def unit_ids(dims: Dims) -> Iterable[Index]:
    return product(*map(range, dims))


def of_units(units: Iterable[Index], others: int = 0) -> Counted:
    """The shape is that of the box which the units fill, every place once."""
    placed = list(units)
    shape = tuple(len(set(along)) for along in zip(*placed, strict=True))
    assert sorted(placed) == list(unit_ids(shape))
    return Counted(shape, len(placed), others=others)


def dealt(channels: int, groups: int) -> list[list[int]]:
    """The channels in so many runs of equal length."""
    (size,) = [size for size in range(1, channels + 1) if size * groups == channels]
    every = list(range(channels))
    return [[every.pop(0) for _ in range(size)] for _ in range(groups)]
