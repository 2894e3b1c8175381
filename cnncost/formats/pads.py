"""Amounts of padding as a spec writes them: a number, one an axis, or a pair an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncost.formats.graph import Value

    Pairs = tuple[tuple[int, int], ...]


def shorten_pads(pads: Pairs) -> Value:
    """Pairs as shortly as a spec can have them."""
    if any(before != after for before, after in pads):
        return pads
    amounts = [before for before, _ in pads]
    return amounts[0] if len(set(amounts)) == 1 else tuple(amounts)


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
