"""What a figure is drawn on: a sheet in millimetres, of matplotlib, of TikZ or of a web page."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from cnncost.views.draw.figure_parts import FigurePart

Point = tuple[float, float]


class Drawing(Protocol):
    """Draws the few shapes of a figure; all coordinates are in millimetres."""

    width: float

    def set_frame(self, bottom: float, top: float) -> None:
        """Set the part that the sheet shows."""
        ...

    def mark_part(self, part: FigurePart | None) -> None:
        """Say which part the shapes that follow are of; None: of none."""
        ...

    def text_length(self, text: str, size: float = ...) -> float:
        """Measure the length of a label."""
        ...

    def draw_text(
        self, x: float, y: float, text: str, *, size: float = ..., upright: bool = ...,
        align: str = ...,
    ) -> None:  # fmt: skip
        """Draw a label."""
        ...

    def draw_volume(self, at: Point, size: tuple[float, float], depth: Point, colour: str) -> None:
        """Draw a cuboid: its lower left corner, its extents, the offset of its depth."""
        ...

    def draw_box(self, x: float, y: float, wide: float, tall: float, colour: str) -> None:
        """Draw a rectangle."""
        ...

    def draw_unit(self, x: float, y: float, radius: float, colour: str) -> None:
        """Draw a unit of a dense layer."""
        ...

    def draw_join(self, x: float, y: float, radius: float, sign: str) -> None:
        """Draw a circle with a sign in it."""
        ...

    def draw_arrow(self, path: Sequence[Point]) -> None:
        """Draw a line of straight pieces with an arrow head at its end."""
        ...

    def draw_link(self, start: Point, end: Point, *, dashed: bool = ...) -> None:
        """Draw a thin line."""
        ...

    def save_sheet(self, file: BinaryIO, form: str, title: str) -> None:
        """Write the sheet."""
        ...


def find_arrow_head(path: Sequence[Point]) -> list[Point]:
    """Find the corners of the head of an arrow, in the direction of its last piece.

    >>> find_arrow_head([(0, 0), (10, 0)])
    [(10, 0), (9.0, 0.45), (9.0, -0.45)]
    """
    (from_x, from_y), (x, y) = path[-2:]
    length = hypot(x - from_x, y - from_y) or 1.0
    along, up = (x - from_x) / length, (y - from_y) / length
    back_x, back_y = x - along, y - up
    side_x, side_y = 0.45 * up, 0.45 * along
    return [(x, y), (back_x - side_x, back_y + side_y), (back_x + side_x, back_y - side_y)]
