"""Draw a convolution's matrix: one square per entry, one colour per weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cnncost.errors import CnncostError
from cnncost.views.draw.figure_canvas import SMALL, Canvas
from cnncost.views.matrix_page import name_entries

if TYPE_CHECKING:
    from cnncost.study.convolution_matrix import ConvolutionMatrix

MOST_DRAWN = 16384
"""The most entries of a drawn matrix, zeros too."""

WIDEST_DRAWN = 160
"""The most columns."""

MARGIN, LARGEST_CELL = 4.0, 6.0
"""Millimetres around the matrix, and of an entry's side at most."""

WIDTH = 180.0


def draw_matrix(file: BinaryIO, matrix: ConvolutionMatrix, form: str, title: str) -> None:
    """Draw a matrix with its entries' names, where they fit, as svg, png or pdf.

    Raises:
        CnncostError: it is too large to draw.
    """
    names = name_entries(matrix)
    rows, columns = matrix.shape
    if names is None:
        raise CnncostError(
            f"the matrix of {matrix.node.name} is {rows:,} x {columns:,}, too large to draw",
            f"at most {MOST_DRAWN:,} entries in {WIDEST_DRAWN} columns are: a spec with a small "
            "input and this layer shows its pattern",
        )
    side = min(LARGEST_CELL, (WIDTH - 2 * MARGIN) / columns)
    canvas = Canvas(side * columns + 2 * MARGIN)
    canvas.set_frame(0, side * rows + 2 * MARGIN)
    colours = _choose_colours(sorted({name for row in names for name in row if name != "."}))
    longest = max(canvas.text_length(name, SMALL) for name in colours) if colours else 0.0
    for at, row in enumerate(names):
        y = MARGIN + side * (rows - at)
        for column, name in enumerate(row):
            if name == ".":
                continue
            x = MARGIN + side * column
            corners = [(x, y), (x + side, y), (x + side, y - side), (x, y - side)]
            canvas.draw_face(corners, colours[name])
            if longest < side:
                canvas.draw_text(x + side / 2, y - side / 2, name, size=SMALL, align="center")
    _draw_blocks(canvas, matrix, side)
    canvas.save_sheet(file, form, title)


def _choose_colours(names: list[str]) -> dict[str, str]:
    """Choose a pale colour for each weight, evenly around the circle of hues."""
    from colorsys import hls_to_rgb

    colours = {}
    for at, name in enumerate(names):
        parts = hls_to_rgb(at / max(1, len(names)), 0.78, 0.65)
        colours[name] = "#" + "".join(f"{round(255 * part):02x}" for part in parts)
    return colours


def _draw_blocks(canvas: Canvas, matrix: ConvolutionMatrix, side: float) -> None:
    """Draw the frame, and thin lines between the rows of the maps."""
    rows, columns = matrix.shape
    across, down = (node.extents[-1] for node in (matrix.node.inputs[0], matrix.node.output))
    left, right, low, high = MARGIN, MARGIN + side * columns, MARGIN, MARGIN + side * rows
    for at in range(0, columns + 1, across):
        canvas.draw_link((left + side * at, low), (left + side * at, high))
    for at in range(0, rows + 1, down):
        canvas.draw_link((left, high - side * at), (right, high - side * at))
