"""Draw a frontier: the least score at each size of a metric, as a curve with numbered points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from cnncost.quantity import TIME
from cnncost.suggest.edits.edit import UNIT
from cnncost.suggest.suggestion.frontier import FrontierPoint
from cnncost.views.amounts import as_duration, human_text
from cnncost.views.draw.figure_canvas import COLOURS, SMALL, Canvas, Point
from cnncost.views.draw.plot_axes import HEIGHT, STEPS, WIDTH, Axis, draw_axes, place_in_axes


def draw_frontier(
    file: BinaryIO, points: Sequence[FrontierPoint], before: int, form: str, name: str
) -> None:
    """Draw the points that are within reach, today's network with a score of 0 among them.

    `before` is today's amount in the word that was asked for.
    """
    canvas = Canvas(WIDTH)
    canvas.set_frame(0, HEIGHT)
    values = [(p.number, p.budgets[0].limit, p.plan.score / UNIT) for p in points if p.plan]
    highest = max([score for _, _, score in values], default=0.0) or 1.0
    places = [place_in_axes(amount / before, score / highest) for _, amount, score in values]
    metric = points[0].metric
    draw_axes(
        canvas,
        Axis(metric, [_amount_text(metric, before * step // STEPS) for step in range(STEPS + 1)]),
        Axis(
            "score: estimated ln(error after / before)",
            [f"{highest * step / STEPS:.2f}" for step in range(STEPS + 1)],
        ),
    )
    _draw_curve(canvas, [place_in_axes(1.0, 0.0), *places])
    for (number, _, _), (x, y) in zip(values, places, strict=True):
        canvas.draw_dot(x, y)
        canvas.draw_text(x + 1.0, y + 1.4, str(number), size=SMALL)
    canvas.save_sheet(file, form, title=f"{name}: least score by {points[0].metric}")


def _amount_text(metric: str, value: int) -> str:
    return as_duration(value) if metric == TIME else human_text(value)


def _draw_curve(canvas: Canvas, places: Sequence[Point]) -> None:
    xs, ys = zip(*places, strict=True)
    canvas.axes.plot(xs, ys, color=COLOURS["conv"].faces[2], lw=0.8)
