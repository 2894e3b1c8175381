"""What a figure is drawn on: a sheet in millimetres, of matplotlib, of TikZ or of a web page."""

from __future__ import annotations

from collections.abc import Sequence
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
