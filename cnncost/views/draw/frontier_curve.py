"""Draw a frontier: the least score at each size of a metric, as a curve with numbered points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from cnncost.quantity import TIME
from cnncost.suggest.edits.edit import UNIT
from cnncost.suggest.suggestion.frontier import FrontierPoint
from cnncost.views.amounts import as_duration, human_text
from cnncost.views.draw.figure_canvas import COLOURS, LINE, SMALL, Canvas, Point
from cnncost.views.draw.figure_layout import MARGIN

WIDTH, HEIGHT = 85.0, 55.0
"""Of the sheet, in millimetres: one column of a page."""

LEFT, BELOW = 12.0, 7.0
"""What the labels of either axis take."""

STEPS = 4
"""How many parts each axis is marked in."""


def draw_frontier(
    file: BinaryIO, points: Sequence[FrontierPoint], before: int, form: str, name: str
) -> None:
    """Draw the points that are within reach, today's network with a score of 0 among them.

    `before` is today's amount in the word that was asked for.
    """
    canvas = Canvas(WIDTH)
    canvas.set_frame(0, HEIGHT)
    values = [(p.number, p.budgets[0].limit, p.plan.score / UNIT) for p in points if p.plan]
    values.sort(key=lambda value: abs(value[1] - before))
    scores = [0.0, *(score for _, _, score in values)]
    lowest, highest = min(scores), max(scores)
    most = max([before, *(amount for _, amount, _ in values)])
    axes = CurveAxes(most, lowest, highest if highest > lowest else 1.0)
    places = [axes.place(amount, score) for _, amount, score in values]
    _draw_axes(canvas, points[0].metric, axes)
    _draw_curve(canvas, [axes.place(before, 0.0), *places])
    for (number, _, _), (x, y) in zip(values, places, strict=True):
        canvas.draw_dot(x, y)
        canvas.draw_text(x + 1.0, y + 1.4, str(number), size=SMALL)
    canvas.save_sheet(file, form, title=f"{name}: least score by {points[0].metric}")


class CurveAxes(NamedTuple):
    """What the axes reach to: amounts from 0 on, scores from 0 or from the largest gain on."""

    most: int
    lowest: float
    highest: float

    def place(self, amount: float, score: float) -> Point:
        """Return where an amount and a score stand on the sheet."""
        height = (score - self.lowest) / (self.highest - self.lowest)
        return _place_of(amount / self.most, height)


def _place_of(share: float, height: float) -> Point:
    """Return where a share of either axis stands on the sheet."""
    wide, high = WIDTH - LEFT - 2 * MARGIN - 4, HEIGHT - BELOW - 2 * MARGIN - 4
    return LEFT + MARGIN + wide * share, BELOW + MARGIN + high * height


def _draw_axes(canvas: Canvas, metric: str, axes: CurveAxes) -> None:
    """Draw both axes with their marks, and what they say."""
    corner, right, top = _place_of(0, 0), _place_of(1, 0), _place_of(0, 1)
    canvas.axes.plot(*zip(top, corner, right, strict=True), color=LINE, lw=0.5)
    for step in range(STEPS + 1):
        x, _ = _place_of(step / STEPS, 0)
        _, y = _place_of(0, step / STEPS)
        amount = _amount_text(metric, axes.most * step // STEPS)
        score = f"{axes.lowest + (axes.highest - axes.lowest) * step / STEPS:z.2f}"
        canvas.draw_text(
            x - canvas.text_length(amount, SMALL) / 2, corner[1] - 2, amount, size=SMALL
        )
        canvas.draw_text(corner[0] - canvas.text_length(score, SMALL) - 1, y, score, size=SMALL)
    canvas.draw_text(right[0] - canvas.text_length(metric), MARGIN + 1, metric)
    canvas.draw_text(MARGIN, HEIGHT - MARGIN - 1, "score: estimated ln(error after / before)")


def _amount_text(metric: str, value: int) -> str:
    return as_duration(value) if metric == TIME else human_text(value)


def _draw_curve(canvas: Canvas, places: Sequence[Point]) -> None:
    xs, ys = zip(*places, strict=True)
    canvas.axes.plot(xs, ys, color=COLOURS["conv"].faces[2], lw=0.8)
