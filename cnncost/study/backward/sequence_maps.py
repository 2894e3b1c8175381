"""Linear maps along sequences, each as one formula of its indices: positions handed on through
time, rows of a table of positions, copies of heads."""

from __future__ import annotations

from collections.abc import Callable

from cnncost.study.backward.option_reader import Dims
from cnncost.study.backward.scalar_formula import (
    ONE,
    ZERO,
    IndexRange,
    as_formula,
    bracket,
    letter,
)
from cnncost.study.backward.unit_maps import (
    TAPS,
    MapSizes,
    Place,
    UnitMap,
    flatten_place,
    split_place,
)

STEPS = ("earlier", "later")
"""The maps that hand a map on by one position."""


def map_earlier(sizes: MapSizes, place: Place) -> UnitMap:
    """The position before; there is none if there is one position alone."""
    channel, position = place
    return UnitMap((channel, position - 1), share=ZERO if position == ZERO else ONE)


def map_later(sizes: MapSizes, place: Place) -> UnitMap:
    """The position behind; there is none if there is one position alone."""
    channel, position = place
    return UnitMap((channel, position + 1), share=ZERO if position == ZERO else ONE)


def map_last(sizes: MapSizes, place: Place) -> UnitMap:
    """The last position of a map."""
    return UnitMap((place[0], as_formula(sizes.x[1] - 1)))


def map_first(sizes: MapSizes, place: Place) -> UnitMap:
    """The first position of a map."""
    return UnitMap((place[0], ZERO))


def map_last_back(sizes: MapSizes, place: Place) -> UnitMap:
    """A vector at the last position of a map, zeros elsewhere."""
    return _put_vector(place, sizes.x[1] - 1)


def map_first_back(sizes: MapSizes, place: Place) -> UnitMap:
    """A vector at the first position of a map, zeros elsewhere."""
    return _put_vector(place, 0)


def _put_vector(place: Place, at: int) -> UnitMap:
    channel, position = place
    share = ONE if position == ZERO else bracket(position, "=", at)
    return UnitMap((channel,), share=share)


def map_table(sizes: MapSizes, place: Place) -> UnitMap:
    """Each position as a row of the table; rows behind the last position are zeros."""
    row, channel = place
    return UnitMap((channel, *split_place(row, sizes.x[1:])))


def map_table_back(sizes: MapSizes, place: Place) -> UnitMap:
    """The table's row of each position."""
    channel, *positions = place
    return UnitMap((flatten_place(tuple(positions), sizes.x[1:]), channel))


def map_copies(sizes: MapSizes, place: Place) -> UnitMap:
    """A copy of each head for each of the heads that share it."""
    channel, *positions = place
    heads, copies = read_copies(sizes.options)
    width = sizes.x[0] // heads
    head = channel // (copies * width) if heads > 1 else ZERO
    return UnitMap((head * width + channel % width, *positions))


def map_copies_back(sizes: MapSizes, place: Place) -> UnitMap:
    """The sum of the copies of each head."""
    channel, *positions = place
    heads, copies = read_copies(sizes.options)
    width = sizes.x[0] // heads
    copy = IndexRange(TAPS[0], copies)
    head = (channel // width if heads > 1 else ZERO) * copies + letter(copy.letter)
    return UnitMap((head * width + channel % width, *positions), (copy,))


def read_copies(options: str) -> tuple[int, int]:
    """Read `h=2,g=3`: how many heads there are, and how many copies of each."""
    heads, copies = (int(part.partition("=")[2]) for part in options.split(","))
    return heads, copies


SEQUENCE_MAPS: dict[str, Callable[[MapSizes, Place], UnitMap]] = {
    "earlier": map_earlier,
    "later": map_later,
    "last": map_last,
    "first": map_first,
    "table": map_table,
    "copies": map_copies,
}
"""The formula of each map, by its name in equations."""

BACK_MAPS: dict[str, Callable[[MapSizes, Place], UnitMap]] = {
    "last": map_last_back,
    "first": map_first_back,
    "table": map_table_back,
    "copies": map_copies_back,
}
"""The formula of each transposed map; `sizes.x` are those of what it gives."""


def _keep_sizes(options: str, x: Dims) -> Dims:
    return x


def _drop_positions(options: str, x: Dims) -> Dims:
    return x[:1]


def _copy_channels(options: str, x: Dims) -> Dims:
    return (x[0] * read_copies(options)[1], *x[1:])


MAP_DIMS: dict[str, Callable[[str, Dims], Dims]] = {
    **dict.fromkeys(STEPS, _keep_sizes),
    **dict.fromkeys(("last", "first"), _drop_positions),
    "copies": _copy_channels,
}
"""The sizes of what a map gives, from its options and the sizes of what it reads."""
