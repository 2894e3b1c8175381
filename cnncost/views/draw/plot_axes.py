"""The axes of a plot on a sheet as wide as a column of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.views.draw.figure_canvas import LINE, SMALL, Canvas, Point
from cnncost.views.draw.figure_layout import MARGIN

WIDTH, HEIGHT = 85.0, 55.0
"""Of the sheet, in millimetres: one column of a page."""

LEFT, BELOW = 12.0, 7.0
"""What the labels of either axis take."""

STEPS = 4
"""How many parts each axis is marked in."""


class Axis(NamedTuple):
    """What an axis says, and the texts of its marks from end to end."""

    title: str
    marks: Sequence[str]


def place_in_axes(share: float, height: float) -> Point:
    """Return where shares of both axes' lengths stand on the sheet."""
    wide, high = WIDTH - LEFT - 2 * MARGIN - 4, HEIGHT - BELOW - 2 * MARGIN - 4
    return LEFT + MARGIN + wide * share, BELOW + MARGIN + high * max(0.0, height)


def draw_axes(canvas: Canvas, across: Axis, upward: Axis) -> None:
    """Draw both axes with their marks, and what they say."""
    corner, right, top = place_in_axes(0, 0), place_in_axes(1, 0), place_in_axes(0, 1)
    canvas.axes.plot(*zip(top, corner, right, strict=True), color=LINE, lw=0.5)
    for step, (mark, score) in enumerate(zip(across.marks, upward.marks, strict=True)):
        x, _ = place_in_axes(step / STEPS, 0)
        _, y = place_in_axes(0, step / STEPS)
        middle = canvas.text_length(mark, SMALL) / 2
        canvas.draw_text(x - middle, corner[1] - 2, mark, size=SMALL)
        canvas.draw_text(corner[0] - canvas.text_length(score, SMALL) - 1, y, score, size=SMALL)
    canvas.draw_text(right[0] - canvas.text_length(across.title), MARGIN + 1, across.title)
    canvas.draw_text(MARGIN, HEIGHT - MARGIN - 1, upward.title)
