"""Linear maps that move, add up or average units, each as one formula of its indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

from cnncost.study.backward.option_reader import (
    Dims,
    WindowReading,
    read_groups,
    read_numbers,
    read_pairs,
    read_windows,
)
from cnncost.study.backward.scalar_formula import (
    ONE,
    ZERO,
    IndexRange,
    ScalarFormula,
    as_formula,
    bracket,
    call_scalar,
    letter,
)

TAPS = ("u", "v", "w")
"""The letters that count the taps of a window, one per axis."""

Place = tuple[ScalarFormula, ...]
"""Where a unit is: its channel, and its position along each axis."""


class UnitMap(NamedTuple):
    """A unit y[place] of y = A x: the sum over `ranges` of `share` times x[source]."""

    source: Place
    ranges: tuple[IndexRange, ...] = ()
    share: ScalarFormula = ONE


class MapSizes(NamedTuple):
    """What a map's formula reads: the text of its options, and the sizes of x and y."""

    options: str
    x: Dims
    y: Dims


# Units that move


def flatten_place(place: Place, dims: Dims) -> ScalarFormula:
    """Return the number of a unit, counted channel by channel, row by row."""
    steps = [prod(dims[axis + 1 :]) for axis in range(len(dims))]
    found: ScalarFormula = ZERO
    for at, step in zip(place, steps, strict=True):
        found = found + at * step
    return found


def split_place(number: ScalarFormula, dims: Dims) -> Place:
    """Return the place of a unit from its number."""
    found = []
    for axis, size in enumerate(dims):
        step = prod(dims[axis + 1 :])
        at = number // step
        found.append(at if axis == 0 else at % size)
    return tuple(found)


def map_reshape(sizes: MapSizes, place: Place) -> UnitMap:
    """The same units in the same order."""
    return UnitMap(split_place(flatten_place(place, sizes.y), sizes.x))


def map_permute(sizes: MapSizes, place: Place) -> UnitMap:
    """The axes in another order; they count from 1."""
    order = [int(axis) - 1 for axis in sizes.options.split(",")]
    found = dict(zip(order, place, strict=True))
    return UnitMap(tuple(found[axis] for axis in range(len(place))))


def map_pad(sizes: MapSizes, place: Place) -> UnitMap:
    """Zeros around each channel."""
    return _shift_positions(sizes, place, 1)


def map_crop(sizes: MapSizes, place: Place) -> UnitMap:
    """Each channel without its edges."""
    return _shift_positions(sizes, place, -1)


def _shift_positions(sizes: MapSizes, place: Place, sign: int) -> UnitMap:
    channel, *positions = place
    amounts = read_pairs(sizes.options, len(positions))
    shifts = [at - sign * before for at, (before, _) in zip(positions, amounts, strict=True)]
    return UnitMap((channel, *shifts))


def map_slice(sizes: MapSizes, place: Place) -> UnitMap:
    """Some of the channels."""
    channel, *positions = place
    start, _, _ = sizes.options.partition(":")
    return UnitMap((channel + int(start), *positions))


def map_channel_shuffle(sizes: MapSizes, place: Place) -> UnitMap:
    """One channel of every group in turn (Zhang et al. 2018, sec. 3.1)."""
    channel, *positions = place
    groups = read_groups(sizes.options)
    return UnitMap((channel % groups * (sizes.x[0] // groups) + channel // groups, *positions))


def map_pixel_shuffle(sizes: MapSizes, place: Place) -> UnitMap:
    """Channels become the positions of a block (Shi et al. 2016)."""
    channel, *positions = place
    factors = read_numbers(sizes.options, len(positions))
    at = channel * prod(factors)
    inside = [p % f for p, f in zip(positions, factors, strict=True)]
    at = at + flatten_place(tuple(inside), factors)
    return UnitMap((at, *(p // f for p, f in zip(positions, factors, strict=True))))


def map_space_to_depth(sizes: MapSizes, place: Place) -> UnitMap:
    """The positions of a block become channels."""
    channel, *positions = place
    factors = read_numbers(sizes.options, len(positions))
    inside = split_place(channel % prod(factors), factors)
    spread = [p * f + at for p, f, at in zip(positions, factors, inside, strict=True)]
    return UnitMap((channel // prod(factors), *spread))


# Units that are added up


def map_avgpool(sizes: MapSizes, place: Place) -> UnitMap:
    """The mean of a window; zeros of the padding count, what lies beyond does not."""
    windows = read_windows(sizes.options, len(place) - 1)
    share: ScalarFormula = ONE
    for window, n, outputs, at in zip(windows, sizes.x[1:], sizes.y[1:], place[1:], strict=True):
        padded = n + window.before + window.after
        count = as_formula(window.kernel)
        if (outputs - 1) * window.stride + window.kernel > padded:
            count = call_scalar("min", count, as_formula(padded) - at * window.stride)
        share = share * count
    return _sum_window(windows, place)._replace(share=invert_share(share))


def invert_share(count: ScalarFormula) -> ScalarFormula:
    """Write 1 / count."""
    return as_formula(1) if count == ONE else ScalarFormula("/", (as_formula(1), count))


def map_window_sum(sizes: MapSizes, place: Place) -> UnitMap:
    """The sum of each window; windows stand side by side."""
    windows = [w._replace(stride=w.kernel) for w in read_windows(sizes.options, len(place) - 1)]
    return _sum_window(windows, place)


def _sum_window(windows: Sequence[WindowReading], place: Place) -> UnitMap:
    channel, *positions = place
    taps = [IndexRange(word, w.kernel) for word, w in zip(TAPS, windows)]  # noqa: B905  as many as axes
    source = [
        w.place_of_tap(at, letter(tap.letter))
        for w, at, tap in zip(windows, positions, taps, strict=True)
    ]
    return UnitMap((channel, *source), tuple(taps))


def map_adaptive_avgpool(sizes: MapSizes, place: Place) -> UnitMap:
    """The mean of each cell, from floor(p n / y) up to ceil((p + 1) n / y)."""
    found = cell_places(sizes, place)
    share: ScalarFormula = ONE
    for n, outputs, at in zip(sizes.x[1:], sizes.y[1:], place[1:], strict=True):
        low, high = cell_bounds(n, outputs, at)
        share = share * (as_formula(n // outputs) if n % outputs == 0 else high - low)
    return found._replace(share=found.share * invert_share(share))


def cell_places(sizes: MapSizes, place: Place) -> UnitMap:
    """The places in a cell of an adaptive pool, as a share that is 0 elsewhere."""
    channel, *positions = place
    ranges, source = [], []
    share: ScalarFormula = ONE
    for word, n, outputs, at in zip(TAPS, sizes.x[1:], sizes.y[1:], positions):  # noqa: B905  as many as axes
        tap = letter(word)
        if n % outputs == 0:
            ranges.append(IndexRange(word, n // outputs))
            source.append(at * (n // outputs) + tap)
            continue
        low, high = cell_bounds(n, outputs, at)
        ranges.append(IndexRange(word, n))
        source.append(tap)
        share = share * (bracket(tap, "≥", low) * bracket(tap, "<", high))
    return UnitMap((channel, *source), tuple(ranges), share)


def cell_bounds(n: int, outputs: int, at: ScalarFormula) -> tuple[ScalarFormula, ScalarFormula]:
    """The first position of a cell, and the one behind its last."""
    if n % outputs == 0:
        return at * (n // outputs), (at + 1) * (n // outputs)
    return (at * n) // outputs, call_scalar("ceil", (at + 1) * n / outputs)


def map_upsample(sizes: MapSizes, place: Place) -> UnitMap:
    """The nearest position, or shares of the two around the output's middle, axis by axis."""
    channel, *positions = place
    if sizes.options.endswith("nearest"):
        spans = zip(positions, sizes.x[1:], sizes.y[1:], strict=True)
        near = [at // (m // n) if m % n == 0 else (at * n) // m for at, n, m in spans]
        return UnitMap((channel, *near))
    ranges = tuple(IndexRange(word, n) for word, n in zip(TAPS, sizes.x[1:]))  # noqa: B905  as many as axes
    share: ScalarFormula = ONE
    for at, one, m in zip(positions, ranges, sizes.y[1:], strict=True):
        share = share * _share_between(at, one, m)
    return UnitMap((channel, *(letter(one.letter) for one in ranges)), ranges, share)


def _share_between(at: ScalarFormula, one: IndexRange, outputs: int) -> ScalarFormula:
    """1 less the distance between an output's middle and a position, or 0 if that is negative."""
    middle = (at + as_formula("0.5")) * one.size / outputs - as_formula("0.5")
    inside = call_scalar("min", call_scalar("max", middle, ZERO), as_formula(one.size - 1))
    distance = call_scalar("abs", inside - letter(one.letter))
    return call_scalar("max", ZERO, ONE - distance)


def map_neighbours(sizes: MapSizes, place: Place) -> UnitMap:
    """The mean of n channels around each, n // 2 of them before it."""
    channel, *positions = place
    n = int(sizes.options.removeprefix("n="))
    tap = IndexRange(TAPS[0], n)
    source = channel + letter(tap.letter) - n // 2
    return UnitMap((source, *positions), (tap,), invert_share(as_formula(n)))


MAPS: dict[str, Callable[[MapSizes, Place], UnitMap]] = {
    "reshape": map_reshape,
    "permute": map_permute,
    "pad": map_pad,
    "crop": map_crop,
    "slice": map_slice,
    "channel_shuffle": map_channel_shuffle,
    "pixel_shuffle": map_pixel_shuffle,
    "space_to_depth": map_space_to_depth,
    "upsample": map_upsample,
    "avgpool": map_avgpool,
    "adaptive_avgpool": map_adaptive_avgpool,
    "window_sum": map_window_sum,
    "neighbours": map_neighbours,
}
"""The formula of each linear map, by its name in equations."""


def map_maximum(word: str, sizes: MapSizes, place: Place) -> UnitMap:
    """The places among which a pool finds the largest unit."""
    if word == "maxpool":
        return _sum_window(read_windows(sizes.options, len(place) - 1), place)
    if len(place) < len(sizes.x):  # a global pool whose output is a vector
        place = (*place, *(ZERO for _ in sizes.x[1:]))
    outputs = sizes.y if len(sizes.y) == len(sizes.x) else (sizes.y[0], *(1 for _ in sizes.x[1:]))
    return cell_places(sizes._replace(y=outputs), place)
