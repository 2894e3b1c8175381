"""Draw a network's costs as bars, with one panel per quantity and one line per layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO, NamedTuple

from cnncost.costs import Report
from cnncost.costs.footprint import compute_footprints
from cnncost.costs.rows import Row, layer_rows
from cnncost.views.amounts import Duration, human_text
from cnncost.views.draw.figure_canvas import COLOURS, SMALL, Canvas
from cnncost.views.draw.figure_layout import MARGIN

MOST = 60
"""The most lines of a figure; a network with more layers is grouped by blocks."""
LINE_HEIGHT, BAR_HEIGHT, GAP = 2.4, 1.7, 2.0


class Panel(NamedTuple):
    """The bars of one quantity."""

    title: str
    value: Callable[[Row], int]
    family: str


PANELS = (
    Panel("units", lambda row: row.units, "conv"),
    Panel("weights", lambda row: row.weights, "dense"),
    Panel("connections", lambda row: row.connections, "block"),
    Panel("bytes alive", lambda row: _live_bytes(row), "attention"),
)
"""All panels. Memory is what is alive while a layer runs, for one example in fp32; for a block, the
most of its layers."""


TIME_PANEL = Panel("time", lambda row: Duration(row.time or 0), "input")
"""The panel of a report that has times on a device."""


def _live_bytes(row: Row) -> int:
    return row.footprint.live_bytes if row.footprint is not None else 0


def draw_bars(file: BinaryIO, report: Report, form: str, width: float) -> None:
    """Draw the bars in a figure of `width` millimetres as svg, png or pdf."""
    rows = _bar_rows(report._replace(footprints=compute_footprints(report.network)))
    canvas = Canvas(width)
    names = max(canvas.text_length(row.name, SMALL) for row in rows)
    height = LINE_HEIGHT * len(rows)
    canvas.set_frame(-MARGIN, height + LINE_HEIGHT + MARGIN)
    left = MARGIN + names + GAP
    panels = PANELS if report.time is None else (*PANELS, TIME_PANEL)
    each = (width - MARGIN - left) / len(panels)
    for line, row in enumerate(rows):
        canvas.draw_text(MARGIN, height - (line + 0.5) * LINE_HEIGHT, row.name, size=SMALL)
    for i, panel in enumerate(panels):
        _draw_panel(canvas, panel, rows, (left + i * each, each - GAP))
    canvas.save_sheet(file, form, title=report.network.name)


def _bar_rows(report: Report) -> Sequence[Row]:
    rows: Sequence[Row] = layer_rows(report, every=False)
    for depth in (3, 2, 1):
        if len(rows) <= MOST:
            break
        rows = layer_rows(report, every=False, depth=depth)
    return rows


def _draw_panel(
    canvas: Canvas, panel: Panel, rows: Sequence[Row], span: tuple[float, float]
) -> None:
    """Draw one panel's title, bars and numbers; `span` has its x and width."""
    x, width = span
    height = LINE_HEIGHT * len(rows)
    values = [panel.value(row) for row in rows]
    texts = [human_text(value) for value in values]
    numbers = max(canvas.text_length(text, SMALL) for text in texts) + 0.8
    longest = max(1.0, width - numbers)
    front, *_ = COLOURS[panel.family].faces
    canvas.draw_text(x, height + LINE_HEIGHT / 2, panel.title, size=SMALL)
    for line, (value, text) in enumerate(zip(values, texts, strict=True)):
        middle = height - (line + 0.5) * LINE_HEIGHT
        end = x + longest * value / max(1, *values)
        low, high = middle - BAR_HEIGHT / 2, middle + BAR_HEIGHT / 2
        canvas.draw_face([(x, low), (end, low), (end, high), (x, high)], front)
        canvas.draw_text(end + 0.5, middle, text, size=SMALL)
