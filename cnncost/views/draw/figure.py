"""Draw the figure of an architecture with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cnncost.costs import Report
from cnncost.views.draw.figure_canvas import COLOURS, SMALL, Canvas
from cnncost.views.draw.figure_layout import MARGIN, Arc, Box, lay_out, most_volumes
from cnncost.views.draw.figure_volumes import volume_row

if TYPE_CHECKING:
    from collections.abc import Sequence

LEGEND = 3.2
"""The height of the line that names the colours, in millimetres."""


def draw_figure(file: BinaryIO, report: Report, form: str, width: float) -> None:
    """Draw the network's volumes in a figure of `width` millimetres as svg, png or pdf."""
    layout = lay_out(volume_row(report.network, most_volumes(width)), width)
    canvas = Canvas(width)
    labels = [f"{box.name}  {box.shape}" for box in layout.boxes]
    longest = max(canvas.text_length(label) for label in labels)
    floor = -(longest + 1.5)
    canvas.set_frame(floor - LEGEND - MARGIN, layout.top + MARGIN)
    for arc in layout.arcs:
        _draw_arc(canvas, arc)
    for box in layout.boxes:
        _draw_volume(canvas, box)
    for box, label in zip(layout.boxes, labels, strict=True):
        canvas.draw_text(box.middle, -1.0, label, upright=True)
    _draw_legend(canvas, layout.boxes, floor - LEGEND)
    canvas.save_sheet(file, form, title=report.network.name)


def _draw_volume(canvas: Canvas, box: Box) -> None:
    """Draw a volume's front, upper and right face; volumes are drawn from left to right."""
    x, y, right, top = box.x, box.y, box.x + box.thick, box.y + box.tall
    dx, dy = box.across, box.up
    front, upper, side = COLOURS[_colour_family(box.kind)].faces
    canvas.draw_face([(x, top), (right, top), (right + dx, top + dy), (x + dx, top + dy)], upper)
    canvas.draw_face([(right, y), (right + dx, y + dy), (right + dx, top + dy), (right, top)], side)
    canvas.draw_face([(x, y), (right, y), (right, top), (x, top)], front)


def _draw_arc(canvas: Canvas, arc: Arc) -> None:
    path = [
        (arc.start, arc.low_start),
        (arc.start, arc.lane),
        (arc.end, arc.lane),
        (arc.end, arc.low_end),
    ]
    canvas.draw_arrow(path)
    if arc.works:
        canvas.draw_dot((arc.start + arc.end) / 2, arc.lane)


def _colour_family(kind: str) -> str:
    if kind in ("dense", "linear"):
        return "dense"
    return kind if kind in COLOURS else "conv"


def _draw_legend(canvas: Canvas, boxes: Sequence[Box], y: float) -> None:
    """Draw the colours that occur, with their names, in one line."""
    x = MARGIN
    for family in dict.fromkeys(_colour_family(box.kind) for box in boxes):
        front, *_ = COLOURS[family].faces
        canvas.draw_face([(x, y), (x + 1.6, y), (x + 1.6, y + 1.6), (x, y + 1.6)], front)
        canvas.draw_text(x + 2.2, y + 0.8, COLOURS[family].text, size=SMALL)
        x += 4.4 + canvas.text_length(COLOURS[family].text, SMALL)
