"""Draw a frontier: the least score at each size of a metric, as a curve with numbered points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from cnncost.plans.edits.edit import UNIT
from cnncost.plans.suggestion.frontier import FrontierPoint
from cnncost.quantity import TIME
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
    values.sort(key=lambda value: abs(value[1] - before))
    scores = [0.0, *(score for _, _, score in values)]
    lowest, highest = min(scores), max(scores)
    most = max([before, *(amount for _, amount, _ in values)])
    axes = CurveAxes(most, lowest, highest if highest > lowest else 1.0)
    places = [axes.place(amount, score) for _, amount, score in values]
    draw_axes(canvas, *_make_axes(points[0].metric, axes))
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
        return place_in_axes(amount / self.most, height)


def _make_axes(metric: str, axes: CurveAxes) -> tuple[Axis, Axis]:
    """Say what both axes are of, and what stands at their marks."""
    amounts = [_amount_text(metric, axes.most * step // STEPS) for step in range(STEPS + 1)]
    span = axes.highest - axes.lowest
    scores = [f"{axes.lowest + span * step / STEPS:z.2f}" for step in range(STEPS + 1)]
    return Axis(metric, amounts), Axis("score: estimated ln(error after / before)", scores)


def _amount_text(metric: str, value: int) -> str:
    return as_duration(value) if metric == TIME else human_text(value)


def _draw_curve(canvas: Canvas, places: Sequence[Point]) -> None:
    xs, ys = zip(*places, strict=True)
    canvas.axes.plot(xs, ys, color=COLOURS["conv"].faces[2], lw=0.8)
