"""Draw a roofline: a device's roof over intensity, and the layers' estimated speeds under it.

Both axes are logarithmic, as in Williams, Waterman and Patterson 2009. A layer's speed is its
multiply-accumulates over its estimated time. Layers at one place share a dot, whose number the
key below the plot explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import BinaryIO, NamedTuple

from cnncost.costs import Report
from cnncost.costs.duration import PER_SECOND
from cnncost.costs.roof import Roof
from cnncost.costs.rows import Row, layer_rows
from cnncost.views.draw.figure_canvas import COLOURS, LINE, SMALL, Canvas, Point
from cnncost.views.draw.figure_layout import MARGIN

SHARE = 0.7
"""The height of the sheet, as a share of its width."""

LEFT, RIGHT, BELOW, ABOVE = 13.0, 2.0, 8.0, 9.0
"""What the labels of the axes and the heading take, in millimetres."""

MOST = 60
"""The most dots; the layers of a larger network are grouped by blocks."""

LINE_HEIGHT = 2.2
"""Of a label, in millimetres."""

MERGED = 0.8
"""Dots nearer than this, in millimetres, are one."""


class SpeedDot(NamedTuple):
    """Layers at one place of the plot."""

    names: tuple[str, ...]
    intensity: float
    speed: float
    """Multiply-accumulates a second, as estimated."""

    @property
    def label(self) -> str:
        first, *others = self.names
        return f"{first} and {len(others)} more" if others else first


class PlotFrame(NamedTuple):
    """The decades of both axes, and where they lie on the sheet."""

    left: int
    right: int
    bottom: int
    top: int
    width: float
    height: float

    def place(self, intensity: float, speed: float) -> Point:
        """Find the place of an intensity and a speed on the sheet."""
        across = (log10(intensity) - self.left) / (self.right - self.left)
        up = (log10(speed) - self.bottom) / (self.top - self.bottom)
        wide, high = (
            self.width - LEFT - RIGHT - 2 * MARGIN,
            self.height - BELOW - ABOVE - 2 * MARGIN,
        )
        return LEFT + MARGIN + wide * across, BELOW + MARGIN + high * up


def draw_roofline(file: BinaryIO, report: Report, form: str, width: float) -> None:
    """Draw the roofline of a report that has a roof and times, in a figure of `width` mm."""
    assert report.roof is not None  # they are worked out for this figure
    canvas = Canvas(width)
    dots = [_make_dot(row) for row in _plotted_rows(report)]
    frame = _choose_frame(dots, report.roof, width)
    merged = _merge_dots(dots, frame)
    labels = [f"{number}  {dot.label}" for number, dot in enumerate(merged, start=1)]
    columns = _key_columns(canvas, labels, width)
    canvas.set_frame(-MARGIN - LINE_HEIGHT * -(-len(labels) // columns), SHARE * width)
    _draw_key(canvas, labels, columns, width)
    _draw_axes(canvas, frame)
    _draw_roof(canvas, frame, report.roof)
    _draw_dots(canvas, frame, merged)
    name = report.network.name
    heading = f"{name} on {report.roof.device}, batch {report.roof.batch:,}"
    canvas.draw_text(MARGIN, SHARE * width - MARGIN - 1, heading, size=SMALL)
    canvas.save_sheet(file, form, title=f"Roofline of {heading}")


def _plotted_rows(report: Report) -> Sequence[Row]:
    for depth in (None, 3, 2, 1):
        rows = layer_rows(report, every=False, depth=depth)
        if len(rows) <= MOST:
            break
    return [row for row in rows if row.roof is not None and row.time]


def _make_dot(row: Row) -> SpeedDot:
    """Make a row's dot; its time is that of the whole batch."""
    assert row.roof is not None
    assert row.time
    return SpeedDot((row.name,), row.roof.intensity, row.roof.macs * PER_SECOND / row.time)


def _choose_frame(dots: Sequence[SpeedDot], roof: Roof, width: float) -> PlotFrame:
    """Choose whole decades that hold all dots, the ridge and the roof's flat part."""
    across = [log10(dot.intensity) for dot in dots]
    up = [log10(dot.speed) for dot in dots]
    ridge, peak = log10(roof.peak.ridge), log10(roof.peak.macs)
    return PlotFrame(
        floor(min([*across, ridge - 1])),
        ceil(max([*across, ridge + 0.5])),
        floor(min([*up, peak - 1])),
        ceil(max([*up, peak]) + 0.05),
        width,
        SHARE * width,
    )


def _merge_dots(dots: Sequence[SpeedDot], frame: PlotFrame) -> list[SpeedDot]:
    """Merge dots that would lie on each other, in the order of the network."""
    merged: list[SpeedDot] = []
    for dot in dots:
        for at, other in enumerate(merged):
            (x, y), (u, v) = (frame.place(one.intensity, one.speed) for one in (dot, other))
            if abs(x - u) < MERGED and abs(y - v) < MERGED:
                merged[at] = other._replace(names=(*other.names, *dot.names))
                break
        else:
            merged.append(dot)
    return merged


def _draw_axes(canvas: Canvas, frame: PlotFrame) -> None:
    """Draw both axes with a mark per decade, and what they say."""
    corner = frame.place(10**frame.left, 10**frame.bottom)
    right, top = (
        frame.place(10**frame.right, 10**frame.bottom),
        frame.place(10**frame.left, 10**frame.top),
    )
    canvas.axes.plot(*zip(top, corner, right, strict=True), color=LINE, lw=0.5)
    for power in range(frame.left, frame.right + 1):
        x, y = frame.place(10.0**power, 10**frame.bottom)
        text = _power_text(power)
        canvas.axes.plot([x, x], [y, y - 0.8], color=LINE, lw=0.5)
        canvas.draw_text(x - canvas.text_length(text, SMALL) / 2, y - 2.2, text, size=SMALL)
    for power in range(frame.bottom, frame.top + 1):
        x, y = frame.place(10**frame.left, 10.0**power)
        text = _power_text(power)
        canvas.axes.plot([x - 0.8, x], [y, y], color=LINE, lw=0.5)
        canvas.draw_text(x - canvas.text_length(text, SMALL) - 1.2, y, text, size=SMALL)
    across = "multiply-accumulates a byte"
    canvas.draw_text(right[0] - canvas.text_length(across, SMALL), MARGIN + 1, across, size=SMALL)
    canvas.draw_text(MARGIN, top[1] + 3.2, "multiply-accumulates a second", size=SMALL)


def _power_text(power: int) -> str:
    """Write a power of ten in short: 0.1, 10, 1k, 100G."""
    if power < 0:
        return f"{10.0**power:.{-power}f}"
    for suffix, least in (("P", 15), ("T", 12), ("G", 9), ("M", 6), ("k", 3)):
        if power >= least:
            return f"{10 ** (power - least)}{suffix}"
    return str(10**power)


def _draw_roof(canvas: Canvas, frame: PlotFrame, roof: Roof) -> None:
    """Draw what the device can do at most: the slope of its memory, then its flat peak."""
    peak, lowest = roof.peak, 10.0**frame.left
    start = max(lowest, 10.0**frame.bottom / peak.bytes)
    xs, ys = zip(
        frame.place(start, start * peak.bytes),
        frame.place(peak.ridge, peak.macs),
        frame.place(10.0**frame.right, peak.macs),
        strict=True,
    )
    canvas.axes.plot(xs, ys, color=COLOURS["dense"].faces[2], lw=1.0)


def _draw_dots(canvas: Canvas, frame: PlotFrame, dots: Sequence[SpeedDot]) -> None:
    """Draw the dots, each with its number where there is most room for it."""
    places = [frame.place(dot.intensity, dot.speed) for dot in dots]
    taken = [(x - 0.6, y - 0.6, x + 0.6, y + 0.6) for x, y in places]
    for x, y in places:
        canvas.draw_dot(x, y)
    for number, (x, y) in enumerate(places, start=1):
        length = canvas.text_length(str(number), SMALL)
        boxes = [
            (left, middle - 0.9, left + length, middle + 0.9)
            for left, middle in _number_places(x, y, length)
        ]
        free = [box for box in boxes if not any(_overlaps(box, other) for other in taken)]
        left, low, _, high = box = (free or boxes)[0]
        canvas.draw_text(left, (low + high) / 2, str(number), size=SMALL)
        taken.append(box)


def _number_places(x: float, y: float, length: float) -> list[Point]:
    """List the places for a dot's number, the best first: below it, above, right, left."""
    return [
        *((x - length / 2, y + up) for up in (-1.6, 1.6)),
        *((x + across, y) for across in (0.9, -0.9 - length)),
        *((x + across, y + up) for across in (0.6, -0.6 - length) for up in (-1.5, 1.5)),
    ]


Box = tuple[float, float, float, float]


def _overlaps(box: Box, other: Box) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]


def _key_columns(canvas: Canvas, labels: Sequence[str], width: float) -> int:
    """Choose how many columns the key of numbers has, so that no label leaves its own."""
    longest = max([canvas.text_length(label, SMALL) for label in labels], default=1.0)
    return max(1, int((width - 2 * MARGIN) / (longest + 3)))


def _draw_key(canvas: Canvas, labels: Sequence[str], columns: int, width: float) -> None:
    """Write which layers each number stands for, below the plot, column by column."""
    lines = -(-len(labels) // columns)
    for at, label in enumerate(labels):
        column, line = divmod(at, lines)
        x = MARGIN + column * (width - 2 * MARGIN) / columns
        canvas.draw_text(x, -(line + 0.5) * LINE_HEIGHT, label, size=SMALL)
