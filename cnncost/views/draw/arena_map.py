"""Draw an arena: buffers as rectangles of time, from left to right, and address, upwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from cnncost.costs import Report
from cnncost.costs.memory.arena import Arena, Buffer, plan_arena
from cnncost.views.amounts import as_kibibytes
from cnncost.views.draw.figure_canvas import COLOURS, SMALL, Canvas
from cnncost.views.draw.figure_layout import MARGIN

SHARE = 0.6
"""The height of the map, as a share of the sheet's width."""

LETTER = 1.9
"""The least width of a step whose operator is named below it, in millimetres."""


def draw_arena(file: BinaryIO, report: Report, form: str, width: float) -> None:
    """Draw the map in a figure of `width` millimetres as svg, png or pdf."""
    network = report.network
    arena = plan_arena(network)
    steps = max(1, len(arena.graph.operators))
    canvas = Canvas(width)
    labels = ["0", as_kibibytes(arena.head)]
    left = MARGIN + max(canvas.text_length(label, SMALL) for label in labels) + 1
    each, height = (width - MARGIN - left) / steps, SHARE * width
    names = [operator.name for operator in arena.graph.operators] if each >= LETTER else []
    below = max([0.0, *(canvas.text_length(name, SMALL) for name in names)]) + 2
    canvas.set_frame(-MARGIN - below, height + 3 * MARGIN)
    for buffer, family in _list_families(arena):
        low, high = (height * n / arena.head for n in (buffer.offset, buffer.top))
        start, end = left + each * buffer.first, left + each * (buffer.last + 1)
        corners = [(start, low), (end, low), (end, high), (start, high)]
        canvas.draw_face(corners, COLOURS[family].faces[0])
        _draw_name(canvas, buffer, (start, end, (low + high) / 2), high - low)
    for y, label in zip((1.0, height - 1.0), labels, strict=True):
        canvas.draw_text(MARGIN, y, label, size=SMALL)
    _draw_step_names(canvas, names, left, each)
    bound = "" if arena.complete else "at least "
    said = f"{bound}{as_kibibytes(arena.head)}; {arena.binding} binds"
    canvas.draw_text(MARGIN, height + 1.5 * MARGIN, said, size=SMALL)
    canvas.save_sheet(file, form, title=network.name)


def _list_families(arena: Arena) -> list[tuple[Buffer, str]]:
    """List the buffers with the colours of what they are: inputs, outputs, scratch."""
    inputs, kept = len(arena.graph.inputs), arena.graph.kept
    families = ["input"] * inputs + ["conv"] * (kept - inputs)
    families += ["opaque"] * (len(arena.buffers) - kept)
    return list(zip(arena.buffers, families, strict=True))


def _draw_name(
    canvas: Canvas, buffer: Buffer, span: tuple[float, float, float], height: float
) -> None:
    """Write a buffer's name into its rectangle, if it has room there."""
    start, end, middle = span
    if height >= 2 and canvas.text_length(buffer.name, SMALL) + 1 <= end - start:
        canvas.draw_text(start + 0.5, middle, buffer.name, size=SMALL)


def _draw_step_names(canvas: Canvas, names: Sequence[str], left: float, each: float) -> None:
    for step, name in enumerate(names):
        canvas.draw_text(left + each * (step + 0.5), -1.0, name, size=SMALL, upright=True)
