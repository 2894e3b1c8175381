"""Receptive field and effective stride: the input positions that each position depends on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm, prod
from typing import NamedTuple

from cnncost.costs.input_positions import AxisReading, find_readings, read_same_position
from cnncost.layers import Layer
from cnncost.layers.sliding_window import Windowed
from cnncost.network import Input, Network, Node
from cnncost.shape import Shape

LONGEST = 4096
"""The longest repeating pattern of positions that is followed; a longer one makes the answer
unknown."""

EDGE = 64
"""How many positions at an edge are searched for one that reads more than padding."""


class Track(NamedTuple):
    """Which positions along one axis of a network input the positions along a layer's axis read.

    Position p reads the input from lows[p] to highs[p] (None: it reads nothing). A position that
    is `period` further reads the same, `step` further. Nothing is cut off at the edges: this is
    the theoretical receptive field (Araujo et al. 2019).
    """

    axis: int | None
    """The layer's axis; None if every position reads from `first` to `last`."""
    lows: tuple[int | None, ...]
    highs: tuple[int | None, ...]
    step: int
    first: int
    """The first input position that any position of the map reads, with the edges cut off.
    Behind padding it may be a few too early, never too late: a position that reads only padding
    counts as reading the edge."""
    last: int

    @property
    def period(self) -> int:
        return len(self.lows)

    def lowest_read(self, p: int) -> int | None:
        turns, at = divmod(p, self.period)
        found = self.lows[at]
        return None if found is None else found + turns * self.step

    def highest_read(self, p: int) -> int | None:
        turns, at = divmod(p, self.period)
        found = self.highs[at]
        return None if found is None else found + turns * self.step

    @property
    def size(self) -> int:
        """How many input positions there are from the first to the last that a position reads."""
        if self.axis is None:
            return self.last - self.first + 1
        pairs = zip(self.lows, self.highs, strict=True)
        return max((b - a + 1 for a, b in pairs if a is not None and b is not None), default=0)

    @property
    def stride(self) -> Fraction | None:
        """How many input positions further the next position reads; None if all read the same."""
        return None if self.axis is None else Fraction(self.step, self.period)

    def as_whole_map(self) -> Track:
        """Return the track of a layer whose every position reads all that this map reads."""
        return Track(None, (), (), 0, self.first, self.last)


class ReceptiveField(NamedTuple):
    """A layer's receptive field and effective stride: one entry per input, of one number per axis.

    None if an operation of unknown meaning lies in between.
    """

    field: tuple[tuple[int, ...], ...] | None
    stride: tuple[tuple[Fraction | None, ...], ...] | None


Tracks = dict[tuple[int, int], Track]
"""By the input's index and axis."""


def find_receptive_fields(network: Network) -> dict[int, ReceptiveField]:
    """Find the receptive field of each layer, by index."""
    tracks = track_network(network)
    return {node.index: _measure_field(tracks[node.index]) for node in network.layers}


def track_network(network: Network) -> list[Tracks | None]:
    """Track which input positions each node's positions read; None where nobody knows."""
    tracks: list[Tracks | None] = []
    for node in network.nodes:
        tracks.append(_track_input(node) if node.layer is None else _track_layer(node, tracks))
    return tracks


def _track_input(node: Input) -> Tracks:
    return {
        (node.index, axis): Track(axis, (0,), (0,), 1, 0, n - 1)
        for axis, n in enumerate(node.output.extents)
    }


def _measure_field(tracks: Tracks | None) -> ReceptiveField:
    if tracks is None:
        return ReceptiveField(None, None)
    inputs = dict.fromkeys(index for index, _ in tracks)
    mine = [[track for (at, _), track in tracks.items() if at == index] for index in inputs]
    return ReceptiveField(
        tuple(tuple(track.size for track in axes) for axes in mine),
        tuple(tuple(track.stride for track in axes) for axes in mine),
    )


def _track_layer(node: Node, tracks: Sequence[Tracks | None]) -> Tracks | None:
    found: Tracks = {}
    for at, (read, x) in enumerate(zip(node.reads, node.inputs, strict=True)):
        before = tracks[read]
        readings = find_readings(node, at)
        if before is None or readings is None:
            return None
        for key, track in before.items():
            after = _follow_track(track, readings, x.extents, node.output.extents)
            if after is not None and key in found:
                after = _unite_tracks(found[key], after, node.output.extents)
            if after is None:
                return None
            found[key] = after
    return dict(sorted(found.items()))


def _follow_track(
    track: Track,
    readings: Sequence[AxisReading],
    extents: tuple[int, ...],
    outputs: tuple[int, ...],
) -> Track | None:
    """Follow a track through a layer; None if its pattern gets too long."""
    for axis, reading in enumerate(readings):
        if reading.source == track.axis:
            if extents[track.axis] == 1 < outputs[axis] and reading.taps is read_same_position:
                return track.as_whole_map()  # a gate of one position works on all
            if reading.taps is read_same_position:
                return track._replace(axis=axis)
            return _follow_reading(track, axis, reading, extents[track.axis], outputs[axis])
    return track.as_whole_map()


def _follow_reading(track: Track, axis: int, reading: AxisReading, n: int, m: int) -> Track | None:
    # The pattern returns when the taps have moved by whole periods of what they read.
    turns = track.period // gcd(track.period, reading.shift)
    period = reading.period * turns
    if period > LONGEST:
        return None
    step = track.step * (reading.shift * turns // track.period)
    taps = [reading.taps(q) for q in range(period)]
    return Track(
        axis,
        tuple(_lowest_input(track, some) for some in taps),
        tuple(_highest_input(track, some) for some in taps),
        step,
        *_edge_inputs(track, reading, n, m, taps),
    )


def _lowest_input(track: Track, taps: Sequence[int]) -> int | None:
    # A period of taps is enough: behind it the reads only lie further.
    lows = (track.lowest_read(p) for p in taps[: track.period])
    return min((low for low in lows if low is not None), default=None)


def _highest_input(track: Track, taps: Sequence[int]) -> int | None:
    highs = (track.highest_read(p) for p in taps[-track.period :])
    return max((high for high in highs if high is not None), default=None)


def _edge_inputs(
    track: Track, reading: AxisReading, n: int, m: int, pattern: Sequence[Sequence[int]]
) -> tuple[int, int]:
    """Find the input positions that the map's positions at either edge read, without padding."""
    hanging, gaps = _count_hanging(reading, pattern)
    if gaps and hanging > LONGEST:
        return track.first, track.last  # too many to look at
    some = min(m, EDGE + len(pattern) + min(hanging, LONGEST))

    def list_real_taps(positions: Iterable[int]) -> list[Sequence[int]]:
        """List the taps of these outputs that lie on the map and not on padding."""
        return [_taps_near_edges(_clip_taps(reading.taps(q), n), track.period) for q in positions]

    starts, ends = list_real_taps(range(some)), list_real_taps(range(m - some, m))
    lows = [low for taps in starts if (low := _lowest_input(track, taps)) is not None]
    highs = [high for taps in ends if (high := _highest_input(track, taps)) is not None]
    first = max(track.first, min(lows, default=track.first))
    return first, min(track.last, max(highs, default=track.last))


def _count_hanging(reading: AxisReading, pattern: Sequence[Sequence[int]]) -> tuple[int, bool]:
    """Count the outputs whose window hangs over an edge in part, and whether its taps lie far
    apart."""
    each = [taps for taps in pattern[: reading.period] if taps]
    reach = max(t[-1] for t in each) - min(t[0] for t in each)
    gaps = sum(len(t) for t in each) * EDGE < reach * reading.period
    return reach // reading.shift * reading.period, gaps


def _clip_taps(taps: Sequence[int], n: int) -> Sequence[int]:
    """Keep the taps that lie on a map of n positions."""
    return taps[bisect_left(taps, 0) : bisect_left(taps, n)]


def _taps_near_edges(taps: Sequence[int], period: int) -> Sequence[int]:
    """Keep all taps or, if there are very many, those at either end."""
    most = EDGE + period
    return taps if len(taps) <= 2 * most else [*taps[:most], *taps[-most:]]


def _unite_tracks(a: Track, b: Track, outputs: tuple[int, ...]) -> Track | None:
    """Unite two branches: from the first position that either reads to the last."""
    first, last = min(a.first, b.first), max(a.last, b.last)
    if a.axis is None or a.axis != b.axis:
        return Track(None, (), (), 0, first, last)
    period = lcm(a.period, b.period)
    if a.stride == b.stride:
        step = a.step * (period // a.period)
    else:
        # Positions drift apart, as after an upsampling to odd extents: the map as it is.
        period = outputs[a.axis]
        step = max(-(-t.step * period // t.period) for t in (a, b))
    if period > LONGEST:
        return None
    pairs = [
        ((a.lowest_read(p), b.lowest_read(p)), (a.highest_read(p), b.highest_read(p)))
        for p in range(period)
    ]
    return Track(
        a.axis,
        tuple(min((n for n in lows if n is not None), default=None) for lows, _ in pairs),
        tuple(max((n for n in highs if n is not None), default=None) for _, highs in pairs),
        step,
        first,
        last,
    )


def count_skipped_positions(layer: Layer, x: Shape) -> int:
    """Count the positions of a map that no window of a layer reaches, at its ends."""
    if not isinstance(layer, Windowed) or layer.word == "conv_transpose":
        return 0
    outputs = layer.infer_shape((x,)).extents
    windows = zip(x.extents, outputs, layer.resolve_windows(x), strict=True)
    reached = [min(n, (y - 1) * w.stride + w.reach - w.before) for n, y, w in windows]
    return x.positions - prod(reached)
