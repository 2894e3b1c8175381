"""Draw parts as volumes, as papers do: channels across, map sizes up and in depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncost.views.draw.figure_canvas import LINE_HEIGHT
from cnncost.views.draw.figure_layout import MARGIN
from cnncost.views.draw.part_places import PartPlaces, Way, place_parts
from cnncost.views.draw.part_words import SIGNS, list_names, name_colour, short_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.shape import Shape
    from cnncost.views.draw.drawing import Drawing
    from cnncost.views.draw.figure_parts import FigurePart, PartGraph

PITCH = 3.1
"""The least distance between two upright labels."""
TALLEST, THICKEST, THINNEST, SLAB = 24.0, 7.0, 0.7, 0.5
"""A pooling layer is a slab, thinner than any volume."""
ACROSS, UP = 0.28, 0.2
"""How far the depth of a map is drawn to the right and up, as a share of its width."""
GAP = 1.6
"""The least distance between two ranks."""
TRACK = 2.2
RADIUS = 1.5
SPACE = 1.2
"""The least distance between two labels side by side."""


class Volume(NamedTuple):
    """One part as drawn: its extents and the offset of its depth."""

    thick: float
    tall: float
    across: float
    up: float


class VolumeRows(NamedTuple):
    """All volumes laid out; the origin is the middle of the left end of the upper row."""

    graph: PartGraph
    places: PartPlaces
    volumes: tuple[Volume, ...]
    middles: tuple[float, ...]
    """Each part's middle across."""
    labels: tuple[tuple[str, ...], ...]
    tiers: int
    """In how many lines labels alternate; 0: they are upright."""
    deep: float
    """The height of the labels below a row."""

    @property
    def top(self) -> float:
        return TALLEST / 2 + TALLEST * UP / 2 + TRACK * (self.places.tracks + 1)

    @property
    def pitch(self) -> float:
        return TALLEST * (1 + UP / 2) + self.deep + 2

    @property
    def bottom(self) -> float:
        return -(self.places.breadth - 1) * self.pitch - TALLEST / 2 - self.deep


def lay_out_volumes(
    canvas: Drawing, graph: PartGraph, *, names: bool, flat: Sequence[str] = ()
) -> VolumeRows | None:
    """Lay out the volumes over a sheet's width, parts of layers named `flat` without depth; None
    if it has no room for so many."""
    places = place_parts(graph)
    if places.length * GAP > canvas.width:
        return None
    largest = max(max(part.shape.extents, default=1) for part in graph.parts)
    sizes = _fit_thicknesses([_volume_size(part, largest) for part in graph.parts], canvas.width)
    sizes = [
        size._replace(across=0.0, up=0.0) if list_names(part).intersection(flat) else size
        for part, size in zip(graph.parts, sizes, strict=True)
    ]
    labels = tuple(_label_lines(part, names=names) for part in graph.parts)
    for tiers in (1, 2, 0):
        texts = labels if tiers else tuple(("  ".join(said),) if said else () for said in labels)
        lengths = [max((canvas.text_length(t) for t in said), default=0.0) for said in texts]
        middles = _place_middles(places, sizes, lengths, tiers, canvas.width)
        if middles is None:
            continue
        lines = max(map(len, texts)) * LINE_HEIGHT
        deep = 2.5 + (lines * tiers if tiers else max(lengths))
        return VolumeRows(graph, places, tuple(sizes), tuple(middles), texts, tiers, deep)
    return None


def _label_lines(part: FigurePart, *, names: bool) -> tuple[str, ...]:
    """Return a label's lines: pooling and joins have none, unless names are asked for."""
    if part.is_join or (name_colour(part) in ("pool", "other") and not names):
        return ()
    name = short_name(part, full=names) or part.word
    return (name, str(part.shape))


def _volume_size(part: FigurePart, largest: int) -> Volume:
    if part.is_join:
        return Volume(2 * RADIUS, 2 * RADIUS, 0.0, 0.0)
    tall, wide = _face_size(part.shape, largest)
    thick = SLAB if part.shape.is_vector else part.shape.channels**0.5
    if name_colour(part) == "pool":
        thick = SLAB
    return Volume(thick, tall, wide * ACROSS, wide * UP)


def _face_size(shape: Shape, largest: int) -> tuple[float, float]:
    """Return a map's height and width as drawn.

    Smaller maps shrink less than in proportion, so that the smallest can still be seen. A
    vector's length is drawn as its height.
    """
    if shape.is_vector:
        return min(TALLEST * 0.9, 2 + 2 * shape.units**0.25), 0.0
    *_, height, wide = (1, *shape.extents)
    scale = TALLEST * 0.8
    return (
        max(0.7, scale * (height / largest) ** 0.6) if len(shape.extents) > 1 else 1.2,
        max(0.7, scale * (wide / largest) ** 0.6),
    )


def _fit_thicknesses(sizes: Sequence[Volume], width: float) -> list[Volume]:
    """Scale the thicknesses, by the square root of the channels, to what the width has room for."""
    most = max(size.thick for size in sizes)
    largest = min(THICKEST, 0.4 * width / len(sizes))
    return [
        size
        if size.thick == SLAB or not size.across
        else size._replace(thick=max(THINNEST, largest * size.thick / most))
        for size in sizes
    ]


def _place_middles(
    places: PartPlaces, sizes: Sequence[Volume], lengths: Sequence[float], tiers: int, width: float
) -> list[float] | None:
    """Place the ranks from left to right so that neither volumes nor labels touch; None if the
    width does not do. What is left of it is shared out between the ranks."""
    members: list[list[int]] = [[] for _ in range(places.length)]
    for i, rank in enumerate(places.ranks):
        members[rank].append(i)
    at: list[float] = []
    for rank, here in enumerate(members):
        least = MARGIN + max(_left_reach(sizes[i], lengths[i], tiers) for i in here)
        if rank:
            before = members[rank - 1]
            gap = (
                max(_right_reach(sizes[i]) for i in before) + max(sizes[i].thick for i in here) / 2
            )
            least = max(least, at[-1] + gap + GAP)
        for lane in {places.lanes[i] for i in here}:
            least = max(least, _label_bound(rank, lane, members, places, lengths, tiers, at))
        at.append(least)
    slack = [
        width - MARGIN - at[rank] - max(_reach_right(sizes[i], lengths[i], tiers) for i in here)
        for rank, here in enumerate(members)
    ]
    if min(slack) < 0:
        return None
    share = min((left / rank for rank, left in enumerate(slack) if rank), default=0.0)
    return [at[rank] + share * rank for rank in places.ranks]


def _reach_right(size: Volume, length: float, tiers: int) -> float:
    """Return how far a volume and its label go to the right of its middle."""
    return max(_right_reach(size), length / 2 if tiers else LINE_HEIGHT / 2 if length else 0)


def _left_reach(size: Volume, length: float, tiers: int) -> float:
    return max(size.thick / 2, length / 2 if tiers else LINE_HEIGHT / 2 if length else 0)


def _right_reach(size: Volume) -> float:
    return size.thick / 2 + size.across


def _label_bound(
    rank: int, lane: int, members: Sequence[Sequence[int]], places: PartPlaces,
    lengths: Sequence[float], tiers: int, at: Sequence[float],
) -> float:  # fmt: skip
    """Return where a rank can stand as far as the labels before it in its lane go.

    In two tiers, a label must pass the one before its neighbour, and its leader the neighbour.
    """
    mine = max(lengths[i] for i in members[rank] if places.lanes[i] == lane)
    labelled = [
        (before, lengths[i])
        for before in range(rank)
        for i in members[before]
        if places.lanes[i] == lane and lengths[i]
    ]
    if not mine or not labelled:
        return 0.0
    before, length = labelled[-1]
    if tiers == 0:
        return at[before] + PITCH
    if tiers == 1:
        return at[before] + (length + mine) / 2 + SPACE
    lower = len(labelled) % 2 == 1
    bound = at[before] + (length / 2 if lower else mine / 2) + 0.6
    if len(labelled) > 1:
        before, length = labelled[-2]
        bound = max(bound, at[before] + (length + mine) / 2 + SPACE)
    return bound


def draw_volumes(canvas: Drawing, rows: VolumeRows, y: float) -> None:
    """Draw the volumes; the upper row's middle is at `y`."""
    for way in rows.places.ways:
        canvas.draw_arrow(_route(rows, way, y))
    order = sorted(range(len(rows.volumes)), key=lambda i: (rows.places.ranks[i], i))
    for i in order:
        part, size = rows.graph.parts[i], rows.volumes[i]
        x, middle = rows.middles[i], _row_middle(rows, i, y)
        canvas.mark_part(part)
        if part.is_join:
            canvas.draw_join(x, middle, RADIUS, SIGNS[part.word])
            continue
        corner = (x - size.thick / 2, middle - size.tall / 2 - size.up / 2)
        canvas.draw_volume(
            corner, (size.thick, size.tall), (size.across, size.up), name_colour(part)
        )
    _draw_labels(canvas, rows, order, y)
    canvas.mark_part(None)


def _row_middle(rows: VolumeRows, i: int, y: float) -> float:
    return y - rows.places.lanes[i] * rows.pitch


def _draw_labels(canvas: Drawing, rows: VolumeRows, order: Sequence[int], y: float) -> None:
    seen: dict[int, int] = {}
    for i in order:
        lines, lane = rows.labels[i], rows.places.lanes[i]
        if not lines:
            continue
        canvas.mark_part(rows.graph.parts[i])
        floor = _row_middle(rows, i, y) - TALLEST / 2 - 0.8
        if not rows.tiers:
            canvas.draw_text(rows.middles[i], floor - 1, lines[0], upright=True)
            continue
        tier = seen.get(lane, 0) % rows.tiers
        seen[lane] = seen.get(lane, 0) + 1
        top = floor - tier * (max(map(len, rows.labels)) * LINE_HEIGHT + 0.3)
        if tier:
            foot = _row_middle(rows, i, y) - (rows.volumes[i].tall + rows.volumes[i].up) / 2
            canvas.draw_link((rows.middles[i], foot - 0.4), (rows.middles[i], top))
        for line, text in enumerate(lines):
            at = top - (line + 0.5) * LINE_HEIGHT - 0.2
            canvas.draw_text(rows.middles[i], at, text, align="center")


def _route(rows: VolumeRows, way: Way, y: float) -> list[tuple[float, float]]:
    """Return the corners of a line: from its volume's right side or top to the next one's left."""
    start, end = way.start, way.end
    low, high = _row_middle(rows, start, y), _row_middle(rows, end, y)
    if way.track >= 0:
        lane = y + TALLEST / 2 + TALLEST * UP / 2 + TRACK * (way.track + 0.6)
        leaves, enters = _peak(rows, start, y), _peak(rows, end, y)
        out, into = leaves[0] + 0.5, enters[0] - 0.5
        return [(out, leaves[1]), (out, lane), (into, lane), (into, enters[1])]
    right = rows.middles[start] + rows.volumes[start].thick / 2 + rows.volumes[start].across / 2
    left = rows.middles[end] - rows.volumes[end].thick / 2
    if rows.graph.parts[end].is_join:
        left = rows.middles[end] - RADIUS
    along = y - way.lane * rows.pitch
    path = [(right, low)]
    if along != low:
        turn = _turn_place(rows, rows.places.ranks[start])
        path += [(turn, low), (turn, along)]
    if along != high:
        turn = _turn_place(rows, rows.places.ranks[end] - 1)
        path += [(turn, along), (turn, high)]
    return [*path, (left, high)]


def _turn_place(rows: VolumeRows, rank: int) -> float:
    """Return where lines turn behind a rank: free of all volumes."""
    ranks = rows.places.ranks
    right = max(
        rows.middles[i] + _right_reach(rows.volumes[i]) for i, r in enumerate(ranks) if r == rank
    )
    left = min(
        rows.middles[i] - rows.volumes[i].thick / 2 for i, r in enumerate(ranks) if r == rank + 1
    )
    return (right + left) / 2


def _peak(rows: VolumeRows, i: int, y: float) -> tuple[float, float]:
    """Return the point where a line in a track leaves or enters: the middle of the upper face."""
    size = rows.volumes[i]
    return rows.middles[i] + size.across / 2, _row_middle(rows, i, y) + size.tall / 2
