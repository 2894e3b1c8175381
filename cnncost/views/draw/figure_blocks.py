"""Draw parts as a flow of labelled boxes, from above down; branches stand side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncost.views.draw.figure_canvas import LINE_HEIGHT, SIZE
from cnncost.views.draw.part_places import PartPlaces, Way, place_parts
from cnncost.views.draw.part_words import SIGNS, describe_part, name_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.views.draw.drawing import Drawing
    from cnncost.views.draw.figure_parts import PartGraph

TRACK = 2.0
"""The width that a line takes beside the boxes."""
BETWEEN = 2.2
"""The distance between two boxes side by side."""
WIDEST, NARROWEST = 42.0, 14.5
RADIUS = 1.7
"""The radius of a join's circle."""
PAD = 0.7


class Flow(NamedTuple):
    """A flow of boxes, laid out: its size, what each box says, and the places of ranks."""

    graph: PartGraph
    places: PartPlaces
    lines: tuple[tuple[str, ...], ...]
    boxwide: float
    tops: tuple[float, ...]
    """The upper end of each rank, downwards from 0."""
    heights: tuple[float, ...]

    @property
    def width(self) -> float:
        breadth = self.places.breadth
        return self.side + breadth * self.boxwide + (breadth - 1) * BETWEEN

    @property
    def side(self) -> float:
        """The width of the lines beside the boxes."""
        return self.places.tracks * TRACK

    @property
    def height(self) -> float:
        return self.tops[-1] + self.heights[-1]


def lay_out_flow(canvas: Drawing, graph: PartGraph, room: float, *, names: bool) -> Flow:
    """Lay out a flow that is at most `room` millimetres wide."""
    places = place_parts(graph)
    breadth = places.breadth
    narrow = room - places.tracks * TRACK < breadth * (NARROWEST + BETWEEN)
    words = [describe_part(part, full=names, short=narrow) for part in graph.parts]
    longest = max(sum(canvas.text_length(word) + 2 for word in said) for said in words)
    free = (room - places.tracks * TRACK - (breadth - 1) * BETWEEN) / breadth
    wide = min(free, WIDEST, longest + 2 * PAD)
    lines = tuple(
        () if part.is_join else stack_words(canvas, said, wide - 2 * PAD)
        for part, said in zip(graph.parts, words, strict=True)
    )
    heights = [0.0] * places.length
    for i, part in enumerate(graph.parts):
        tall = 2 * RADIUS if part.is_join else len(lines[i]) * LINE_HEIGHT + 2 * PAD
        heights[places.ranks[i]] = max(heights[places.ranks[i]], tall)
    tops, y = [], 0.0
    turns = _count_turns(places)
    for rank, tall in enumerate(heights):
        tops.append(y)
        y += tall + _gap_height(turns.get(rank, 0))
    return Flow(graph, places, lines, wide, tuple(tops), tuple(heights))


def _count_turns(places: PartPlaces) -> dict[int, int]:
    """Count the lines that turn below each rank where some do."""
    turning: dict[int, set[tuple[int, int, int]]] = {}
    for way in places.ways:
        if _turns(places, way):
            for rank in (places.ranks[way.start], places.ranks[way.end] - 1):
                turning.setdefault(rank, set()).add((way.start, way.lane, way.track))
    return {rank: len(lines) for rank, lines in turning.items()}


def _gap_height(turns: int) -> float:
    """Return the height below a rank: more where lines turn."""
    return 3.4 + 0.35 * min(turns, 8) if turns else 2.6


def _turns(places: PartPlaces, way: Way) -> bool:
    return way.track >= 0 or places.lanes[way.start] != places.lanes[way.end]


def stack_words(canvas: Drawing, words: Sequence[str], wide: float) -> tuple[str, ...]:
    """Stack words in lines of at most that width; a name that is too long is cut, with an
    ellipsis, and a shape or operation never."""
    lines: list[str] = []
    for word in words:
        joined = f"{lines[-1]}  {word}" if lines else word
        if lines and canvas.text_length(joined) <= wide:
            lines[-1] = joined
        else:
            lines += _break_word(canvas, word, wide)
    return tuple(lines)


def _break_word(canvas: Drawing, word: str, wide: float) -> list[str]:
    if canvas.text_length(word) <= wide:
        return [word]
    head, space, tail = word.rpartition(" ")
    if space:
        return [*_break_word(canvas, head, wide), *_break_word(canvas, tail, wide)]
    at = next((i for i in range(len(word) - 1, 0, -1) if word[i] in "x_."), 0)
    while at and canvas.text_length(word[:at]) > wide:
        at = next((i for i in range(at - 1, 0, -1) if word[i] in "x_."), 0)
    if not at:  # no place to break it
        while len(word) > 2 and canvas.text_length(f"{word}\u2026") > wide:
            word = word[:-1]
        return [f"{word}\u2026"]
    return [word[:at], *_break_word(canvas, word[at:], wide)]


def draw_flow(canvas: Drawing, flow: Flow, x: float, y: float) -> None:
    """Draw a flow whose upper left corner is at (x, y)."""
    for way in flow.places.ways:
        canvas.draw_arrow(_route(flow, way, x, y))
    for i, part in enumerate(flow.graph.parts):
        middle, top, bottom = _box_span(flow, i, x, y)
        canvas.mark_part(part)
        if part.is_join:
            canvas.draw_join(middle, (top + bottom) / 2, RADIUS, SIGNS[part.word])
            continue
        left = middle - flow.boxwide / 2
        canvas.draw_box(left, bottom, flow.boxwide, top - bottom, name_colour(part))
        for line, text in enumerate(flow.lines[i]):
            at = top - PAD - (line + 0.5) * LINE_HEIGHT
            canvas.draw_text(middle, at, text, size=SIZE, align="center")
    canvas.mark_part(None)


def _box_span(flow: Flow, i: int, x: float, y: float) -> tuple[float, float, float]:
    """Return a part's middle across, its top and its bottom."""
    rank = flow.places.ranks[i]
    middle = _lane_middle(flow, flow.places.lanes[i], x)
    lines = len(flow.lines[i])
    tall = lines * LINE_HEIGHT + 2 * PAD if lines else 2 * RADIUS
    centre = y - flow.tops[rank] - flow.heights[rank] / 2
    return middle, centre + tall / 2, centre - tall / 2


def _lane_middle(flow: Flow, lane: int, x: float) -> float:
    return x + flow.side + lane * (flow.boxwide + BETWEEN) + flow.boxwide / 2


def _route(flow: Flow, way: Way, x: float, y: float) -> list[tuple[float, float]]:
    """Return the corners of a line: down, across to its lane or track, along it, back."""
    places = flow.places
    start, _, low = _box_span(flow, way.start, x, y)
    end, high, _ = _box_span(flow, way.end, x, y)
    along = _lane_middle(flow, way.lane, x)
    if way.track >= 0:
        along = x + flow.side - (way.track + 0.5) * TRACK
    leaving = _turn_height(flow, places.ranks[way.start], places.lanes[way.start], y, 0.12)
    entering = _turn_height(flow, places.ranks[way.end] - 1, places.lanes[way.end], y, 0.42)
    path = [(start, low)]
    if along != start:
        path += [(start, leaving), (along, leaving)]
    if along != end:
        path += [(along, entering), (end, entering)]
    return [*path, (end, high)]


def _turn_height(flow: Flow, rank: int, lane: int, y: float, share: float) -> float:
    """Return where lines turn below a rank: each lane's at a height of its own."""
    below = y - flow.tops[rank] - flow.heights[rank]
    gap = flow.tops[rank + 1] - flow.tops[rank] - flow.heights[rank]
    return below - gap * (share + 0.25 * lane / flow.places.breadth)
