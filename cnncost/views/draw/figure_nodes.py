"""Draw small dense networks as circles and lines, with the weights that the spec gives."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncost.views.draw.figure_canvas import LINE_HEIGHT
from cnncost.views.draw.figure_layout import MARGIN
from cnncost.views.draw.part_places import place_parts
from cnncost.views.draw.part_words import SIGNS, name_colour, short_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.views.draw.drawing import Drawing, Point
    from cnncost.views.draw.figure_parts import FigurePart, PartGraph
    from cnncost.views.draw.part_places import PartPlaces

Number = int | Fraction
WeightRows = tuple[tuple[Number, ...], ...]

LARGEST, LONGEST = 16, 8
"""The most units of a layer, and the most layers."""
RADIUS, PITCH, LANE = 1.6, 6.4, 3.0


def fits_units(graph: PartGraph) -> bool:
    """Whether a network has only inputs, dense layers and joins, few, small, and in a row."""
    words = {part.word for part in graph.parts}
    small = all(p.shape.is_vector and p.shape.units <= LARGEST for p in graph.parts)
    dense = bool(words & {"dense", "linear"}) and words <= {
        "input",
        "dense",
        "linear",
        "add",
        "mul",
    }
    return dense and small and len(graph.parts) <= LONGEST and place_parts(graph).breadth == 1


def draw_units(canvas: Drawing, graph: PartGraph, weights: Mapping[int, WeightRows]) -> None:
    """Draw one column of circles per part, from left to right."""
    places = place_parts(graph)
    most = max(part.shape.units for part in graph.parts)
    top = (most - 1) * PITCH / 2 + RADIUS
    lines = [_label_lines(part) for part in graph.parts]
    below = -top - 1.5 - max(map(len, lines)) * LINE_HEIGHT
    canvas.set_frame(below - MARGIN, top + LANE * (places.tracks + 0.6) + MARGIN)
    reach = max(max(canvas.text_length(t) for t in said) for said in lines) / 2
    room = canvas.width - 2 * (MARGIN + reach)
    step = min(room / max(1, places.length - 1), 30.0)
    shift = (room - step * (places.length - 1)) / 2
    columns = [_place_units(part.shape.units, MARGIN + reach + shift + step * places.ranks[i])
               for i, part in enumerate(graph.parts)]  # fmt: skip
    _draw_links(canvas, graph, places, columns, weights)
    for way in places.ways:
        if way.track >= 0:
            _draw_skip(canvas, columns[way.start], columns[way.end], top + LANE * (way.track + 0.8))
    for part, column, said in zip(graph.parts, columns, lines, strict=True):
        canvas.mark_part(part)
        for x, y in column:
            if part.is_join:
                canvas.draw_join(x, y, RADIUS, SIGNS[part.word])
            else:
                canvas.draw_unit(x, y, RADIUS, name_colour(part))
        for line, text in enumerate(said):
            at = -top - 1.5 - (line + 0.5) * LINE_HEIGHT
            canvas.draw_text(column[0][0], at, text, align="center")
    canvas.mark_part(None)


def _label_lines(part: FigurePart) -> list[str]:
    """Return a column's label: its name, and the function that follows its sums."""
    functions = [n.layer.word for n in part.nodes if n.layer and n is not part.head]
    return [short_name(part) or part.word, *functions]


def _place_units(count: int, x: float) -> list[Point]:
    return [(x, ((count - 1) / 2 - i) * PITCH) for i in range(count)]


def _draw_links(
    canvas: Drawing, graph: PartGraph, places: PartPlaces, columns: Sequence[Sequence[Point]],
    weights: Mapping[int, WeightRows],
) -> None:  # fmt: skip
    """Draw a dense layer's weights as lines; what a join reads goes unit by unit."""
    for way in places.ways:
        starts, ends = columns[way.start], columns[way.end]
        if way.track >= 0:
            continue
        if graph.parts[way.end].is_join:
            for start, end in zip(starts, ends, strict=False):
                canvas.draw_link(start, end)
            continue
        rows = weights.get(graph.parts[way.end].head.index, ())
        for i, end in enumerate(ends):
            for j, start in enumerate(starts):
                weight = rows[i][j] if rows else None
                if weight != 0:
                    canvas.draw_link(start, end, dashed=weight is not None and weight < 0)
        if rows:
            _draw_weights(canvas, starts, ends, rows)


def _draw_weights(
    canvas: Drawing, starts: Sequence[Point], ends: Sequence[Point], rows: WeightRows
) -> None:
    """Write each weight that is not zero on its line, where no other stands."""
    taken: list[tuple[float, float, float]] = []
    for end, row in zip(ends, rows, strict=True):
        for start, weight in zip(starts, row, strict=True):
            text = _format_weight(weight)
            half = canvas.text_length(text) / 2
            places = ((start[0] + (end[0] - start[0]) * t / 100, start[1] + (end[1] - start[1])
                       * t / 100) for t in (70, 60, 80, 50, 40, 30, 20))  # fmt: skip
            free = next((p for p in places if _is_free(p, half, taken)), None)
            if weight != 0 and free is not None:
                taken.append((*free, half))
                canvas.draw_text(free[0], free[1] + 1.1, text, align="center")


def _format_weight(weight: Number) -> str:
    return f"{float(weight):.3g}".replace("-", "\u2212")


def _is_free(at: Point, half: float, taken: Sequence[tuple[float, float, float]]) -> bool:
    return all(abs(at[0] - x) > half + h + 0.5 or abs(at[1] - y) > LINE_HEIGHT for x, y, h in taken)


def _draw_skip(
    canvas: Drawing, starts: Sequence[Point], ends: Sequence[Point], lane: float
) -> None:
    """Draw a skip above the columns; it goes from the whole of one to the whole of another."""
    out, into = starts[0], ends[0]
    canvas.draw_arrow([
        (out[0] + 0.4, out[1] + RADIUS), (out[0] + 0.4, lane), (into[0] - 0.4, lane),
        (into[0] - 0.4, into[1] + RADIUS),
    ])  # fmt: skip
