"""The input positions that one unit sees, walked back layer by layer; padding reads nothing."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from cnncost.costs.input_positions import AxisReading, find_readings, read_same_position
from cnncost.costs.receptive_field import Tracks, track_network
from cnncost.errors import CnncostError, quote_text
from cnncost.shape import AXES
from cnncost.study.explanation import find_layers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncost.arrays import Bools
    from cnncost.network import Input, Network, Node

MOST = 2**25
"""The most positions of a map that is walked."""


class SeenAxis(NamedTuple):
    """What a unit sees along one axis of an input; positions are counted from 0."""

    axis: str
    extent: int
    field: tuple[int, int] | None
    """The first and the last of its receptive field, which may lie in padding; None if it reads
    nothing, or as much as every other unit."""
    seen: tuple[int, int] | None
    """The first and the last on the map that it reads; None if it reads padding alone."""
    read: int
    """How many between them it reads."""


class SeenInput(NamedTuple):
    """What a unit sees of one input."""

    entry: Input
    axes: tuple[SeenAxis, ...]
    positions: int
    """How many positions of the input it reads, in all."""


class MapUnit(NamedTuple):
    """A unit's layer and its position in the map, without the channel: all channels read alike."""

    node: Node
    position: tuple[int, ...]


def parse_unit(network: Network, text: str) -> MapUnit:
    """Find the unit of `conv3:5,7`: row 5 and column 7 of layer conv3, counted from 0.

    Raises:
        CnncostError: the layer or the position is not there.
    """
    name, _, at = text.rpartition(":")
    if not name or any(node.name == text for node in network.layers):
        name, at = text, ""
    nodes = find_layers(network, name)
    if len(nodes) > 1:
        what = f"{quote_text(name)} is a block of {len(nodes)} layers, not a unit's layer"
        raise CnncostError(what, f"name one of them: --unit {nodes[-1].name}:0,0")
    node = nodes[0]
    _refuse_lined_up(network, node)
    return MapUnit(node, _read_position(node, text, at))


def _read_position(node: Node, text: str, at: str) -> tuple[int, ...]:
    axes, extents = AXES[len(node.output.extents)], node.output.extents
    words = [word.strip() for word in at.split(",")] if at.strip() else []
    good = all(word.isascii() and word.isdigit() and len(word) < 20 for word in words)
    position = tuple(map(int, words)) if good else ()
    inside = all(p < n for p, n in zip(position, extents, strict=False))
    if not inside or len(position) != len(extents) or len(words) != len(extents):
        example = ",".join(str(n // 2) for n in extents)
        given = f"of {', '.join(axes)} below {', '.join(map(str, extents))}" if axes else "none"
        raise CnncostError(
            f"--unit {quote_text(text)}: {node.name} is {node.output}, so the position is {given}",
            f"as in --unit {node.name}{example and ':'}{example}",
        )
    return position


def _refuse_lined_up(network: Network, node: Node) -> None:
    """Refuse a vector that only lines a map's units up: which unit stands where is not followed."""
    here: Input | Node = node
    while here.layer is not None and here.output.is_vector and not here.layer.counted:
        if here.layer.word in ("flatten", "reshape"):
            what = f"the units of {node.name} are a map's, lined up by {here.name}"
            raise CnncostError(what, f"name the layer before {here.name}")
        here = network.nodes[here.reads[0]]


def find_seen_inputs(network: Network, unit: MapUnit) -> list[SeenInput] | None:
    """Find what a unit sees of each input; None if an operation of unknown meaning lies between.

    Raises:
        CnncostError: a map in between is too large.
    """
    masks = _walk_back(network, unit)
    if masks is None:
        return None
    tracks = track_network(network)[unit.node.index] or {}
    entries = [entry for entry in network.inputs if entry.index in masks]
    return [
        _measure_input(entry, masks[entry.index], _find_field(tracks, entry, unit))
        for entry in entries
    ]


def _find_field(
    tracks: Tracks, entry: Input, unit: MapUnit
) -> dict[int, tuple[int | None, int | None]]:
    """Find the first and last position of the unit's receptive field, by axis of the input."""
    return {
        axis: (track.lowest_read(at), track.highest_read(at))
        for (index, axis), track in tracks.items()
        if index == entry.index and track.axis is not None
        for at in [unit.position[track.axis]]
    }


def _measure_input(
    entry: Input, mask: Bools, fields: Mapping[int, tuple[int | None, int | None]]
) -> SeenInput:
    axes = []
    for axis, name in enumerate(AXES[mask.ndim]):
        low, high = fields.get(axis, (None, None))
        field = None if low is None or high is None else (low, high)
        axes.append(_measure_axis(name, mask, axis, field))
    return SeenInput(entry, tuple(axes), int(mask.sum()))


def _measure_axis(name: str, mask: Bools, axis: int, field: tuple[int, int] | None) -> SeenAxis:
    import numpy as np

    others = tuple(other for other in range(mask.ndim) if other != axis)
    (read,) = np.nonzero(mask.any(axis=others))
    seen = (int(read[0]), int(read[-1])) if len(read) else None
    return SeenAxis(name, mask.shape[axis], field, seen, len(read))


def _walk_back(network: Network, unit: MapUnit) -> dict[int, Bools] | None:
    """Walk from the unit to the inputs; for each of them which positions are read."""
    import numpy as np

    _refuse_large_maps(network, unit)
    masks = {unit.node.index: np.zeros(unit.node.output.extents, bool)}
    masks[unit.node.index][unit.position] = True
    for node in reversed(network.nodes[: unit.node.index + 1]):
        if node.layer is None or node.index not in masks:
            continue
        mask = masks.pop(node.index)
        for at, (read, x) in enumerate(zip(node.reads, node.inputs, strict=True)):
            readings = find_readings(node, at)
            if readings is None:
                return None
            spread = _spread_mask(mask, readings, x.extents)
            masks[read] = spread if read not in masks else masks[read] | spread
    return masks


def _refuse_large_maps(network: Network, unit: MapUnit) -> None:
    for node in network.nodes[: unit.node.index + 1]:
        if node.output.positions > MOST:
            raise CnncostError(
                f"{node.name} has {node.output.positions:,} positions, too many to walk",
                "--input gives the network a smaller input; --receptive needs no walk",
            )


def _spread_mask(mask: Bools, readings: Sequence[AxisReading], extents: tuple[int, ...]) -> Bools:
    """Mark the positions of an input of these extents that the marked positions read."""
    import numpy as np

    named = sorted((r.source, axis, r) for axis, r in enumerate(readings) if r.source >= 0)
    rest = tuple(axis for axis in range(mask.ndim) if axis not in {a for _, a, _ in named})
    spread: Bools = np.asarray(mask.any(axis=rest)) if rest else mask
    kept = sorted(axis for _, axis, _ in named)
    spread = spread.transpose([kept.index(axis) for _, axis, _ in named])
    for at, (source, _, reading) in enumerate(named):
        spread = np.moveaxis(
            _spread_axis(np.moveaxis(spread, at, 0), reading, extents[source]), 0, at
        )
    whole = tuple(axis for axis in range(len(extents)) if axis not in {s for s, _, _ in named})
    return np.broadcast_to(np.expand_dims(spread, whole), extents)


def _spread_axis(mask: Bools, reading: AxisReading, n: int) -> Bools:
    """Mark what is read along the first axis, of which the input has n positions."""
    import numpy as np

    spread = np.zeros((n, *mask.shape[1:]), bool)
    if n == 1 and reading.taps is read_same_position:
        spread[0] = mask.any(axis=0)  # a gate of one position works on all
        return spread
    for first in range(min(reading.period, len(mask))):
        rows = mask[first :: reading.period]
        taps = reading.taps(first)
        # Row i of these reads its taps i * shift further: only taps that get onto the map count.
        lowest = bisect_left(taps, -(len(rows) - 1) * reading.shift)
        for tap in taps[lowest : bisect_left(taps, n)]:
            start = max(0, -(tap // reading.shift))
            stop = min(len(rows), (n - 1 - tap) // reading.shift + 1)
            if start < stop:
                at = tap + start * reading.shift
                spread[at : tap + (stop - 1) * reading.shift + 1 : reading.shift] |= rows[
                    start:stop
                ]
    return spread
