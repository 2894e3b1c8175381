"""Plot a sweep: one dot per combination, by its first two columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from cnncost.errors import CnncostError
from cnncost.quantity import BYTES, TIME
from cnncost.study.settings_sweep import SweepRow
from cnncost.views.amounts import as_duration, as_mebibytes, human_text
from cnncost.views.draw.figure_canvas import DOT, SMALL, Canvas, Point
from cnncost.views.draw.figure_layout import MARGIN
from cnncost.views.draw.plot_axes import HEIGHT, STEPS, WIDTH, Axis, draw_axes, place_in_axes
from cnncost.views.sweep_page import DAMAGE, SweepLayout

HUES = ("conv", "dense", "block", "attention", "opaque", "input")
"""The colours of the networks, in their order; then again."""
LABEL_HEIGHT = 1.8
"""Of small text, in millimetres."""

Box = tuple[float, float, float, float]
"""Left, lower, right and upper end, in millimetres."""


def draw_sweep(file: BinaryIO, rows: Sequence[SweepRow], layout: SweepLayout, form: str) -> None:
    """Draw the first column across and the second upward, each from its least to its largest.

    Raises:
        CnncostError: there is no row whose two figures are known.
    """
    across, upward = layout.columns[:2]
    points = [
        (float(x.amount), float(y.amount), row)
        for row in rows
        if (x := row.figures[across]) is not None and (y := row.figures[upward]) is not None
    ]
    if not points:
        raise CnncostError("nothing to plot: no row has both figures", "--format csv has all rows")
    canvas = Canvas(WIDTH)
    canvas.set_frame(0, HEIGHT)
    wide = _find_ends([x for x, _, _ in points])
    high = _find_ends([y for _, y, _ in points])
    draw_axes(canvas, _make_axis(across, *wide), _make_axis(upward, *high))
    archs = list(dict.fromkeys(row.case.arch for _, _, row in points))
    taken: list[Box] = [(0, 0, WIDTH, place_in_axes(0, 0)[1] - LABEL_HEIGHT / 2)]
    if layout.several:
        _draw_legend(canvas, archs, taken)
    places = [
        (place_in_axes(_share(own, *wide), _share(other, *high)), row) for own, other, row in points
    ]
    for (left, low), row in places:
        canvas.draw_dot(left, low, _hue(archs.index(row.case.arch)))
        taken.append((left - DOT, low - DOT, left + DOT, low + DOT))
    for place, row in places:
        _draw_label(canvas, place, " ".join(row.case.settings.values()), taken)
    canvas.save_sheet(file, form, title=f"{upward} by {across}")


def _hue(number: int) -> str:
    return HUES[number % len(HUES)]


def _draw_legend(canvas: Canvas, archs: Sequence[str], taken: list[Box]) -> None:
    """Name the networks' colours at the upper right."""
    _, top = place_in_axes(0, 1)
    longest = max(canvas.text_length(arch, SMALL) for arch in archs)
    left = WIDTH - MARGIN - longest
    for number, arch in enumerate(archs):
        y = top - 1.5 * LABEL_HEIGHT * number
        canvas.draw_dot(left - 1.5, y, _hue(number))
        canvas.draw_text(left, y, arch, size=SMALL)
    taken.append((left - 3, top - 1.5 * LABEL_HEIGHT * len(archs), WIDTH, top + LABEL_HEIGHT))


def _draw_label(canvas: Canvas, place: Point, label: str, taken: list[Box]) -> None:
    """Write a dot's settings beside it where there is room; nowhere if there is none."""
    length, (x, y) = canvas.text_length(label, SMALL), place
    for left, middle in (
        (x + 1.0, y + 1.2), (x + 1.0, y - 1.2), (x - 1.0 - length, y + 1.2),
        (x - 1.0 - length, y - 1.2), (x - length / 2, y + 2.0), (x - length / 2, y - 2.0),
    ):  # fmt: skip
        box = (left, middle - LABEL_HEIGHT / 2, left + length, middle + LABEL_HEIGHT / 2)
        inside = left > 0 and box[2] < WIDTH
        if inside and not any(_overlap(box, other) for other in taken):
            canvas.draw_text(left, middle, label, size=SMALL)
            taken.append(box)
            return


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _find_ends(values: Sequence[float]) -> tuple[float, float]:
    """Return where an axis begins and ends: at 0 unless the values lie far from it."""
    least, most = min(values), max(values)
    if least > 0 and most < 3 * least and most > least:
        return least, most
    return min(0.0, least), max(most, 0.0) or 1.0


def _share(value: float, least: float, most: float) -> float:
    return (value - least) / (most - least)


def _make_axis(column: str, least: float, most: float) -> Axis:
    amounts = [least + (most - least) * step / STEPS for step in range(STEPS + 1)]
    title = "damage: estimated ln(error after / before)" if column == DAMAGE else column
    return Axis(title.replace("_", " "), [_amount_text(column, amount) for amount in amounts])


def _amount_text(column: str, amount: float) -> str:
    if column == DAMAGE:
        return f"{amount:.2f}"
    if column == TIME:
        return as_duration(amount)
    return as_mebibytes(round(amount)) if column in BYTES else human_text(round(amount))
