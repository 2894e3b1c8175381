"""Sizes and amounts of padding along axes as a spec writes them: one number, one per axis, or a
pair per axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.formats.graph import Value

    Pairs = tuple[tuple[int, int], ...]


def one_or_all(sizes: Sequence[int]) -> int | tuple[int, ...]:
    """One number where every axis has the same, else all of them."""
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)


def shorten_pads(pads: Pairs) -> Value:
    """Pairs as shortly as a spec can have them."""
    if any(before != after for before, after in pads):
        return pads
    return one_or_all([before for before, _ in pads])


def add_pads(inner: Value, outer: Value, axes: int) -> Value:
    """The padding of a window and of a layer of zeros before it as one."""
    sides = zip(_pad_pairs(inner, axes), _pad_pairs(outer, axes), strict=True)
    return shorten_pads(tuple((a + c, b + d) for (a, b), (c, d) in sides))


def _pad_pairs(value: Value, axes: int) -> list[tuple[int, int]]:
    items = value if isinstance(value, tuple) else (value,) * axes
    return [
        (item[0], item[1]) if isinstance(item, tuple) else (item, item)  # type: ignore[misc]  # whole numbers
        for item in items
    ]
