"""A figure as SVG inside a web page, whose shapes say which part of the network they are of."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from cnncost.views.draw.drawing import find_arrow_head
from cnncost.views.draw.figure_canvas import POINTS, SIZE
from cnncost.views.draw.part_words import short_name
from cnncost.views.markup import escape_html

if TYPE_CHECKING:
    from cnncost.views.draw.figure_parts import FigurePart

Point = tuple[float, float]

PartNumbers = dict[tuple[int, ...], tuple[int, str]]
"""The number and the name of each part that is drawn, by the indices of its nodes."""

_WIDTHS = {
    222: "ijl", 260: "|", 278: " !,./:;I[\\]ft", 334: "'()-`r{}", 355: '"', 389: "*",
    500: "Jcksvxyz", 556: "#$0123456789?L_abdeghnopqu\u00d7", 584: "+<=>^~\u2212", 611: "FTZ",
    667: "&ABEKPSVXY", 722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1015: "@",
}  # fmt: skip
_LETTERS = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
"""The widths of Helvetica's letters, in thousandths of the font's size. A page is read with other
fonts, too: each label carries its length, to which a browser fits it."""


NARROWEST = 3.0
"""A volume that is narrower, in millimetres, has a target (`t`) around it for the pointer."""


class SvgCanvas:
    """One figure; all coordinates are in millimetres, upwards, as on the other sheets.

    Colours stand in the page's style: a shape has the classes of its face (`f` front, `u` upper,
    `s` side) and of its colour (`k-conv`).
    """

    def __init__(self, width: float, numbers: PartNumbers) -> None:
        self.width = width
        self.frame = (0.0, 0.0)
        self.numbers = numbers
        self._mark: tuple[int, ...] | None = None
        self._groups: dict[tuple[int, ...], list[str]] = {}
        """The shapes of each part."""
        self._further: list[str] = []
        """Shapes of no part, but for lines."""
        self._lines: dict[str, list[str]] = {"l": [], "d": [], "h": []}
        """Lines, dashed ones and heads of arrows, which lie below all parts."""

    def set_frame(self, bottom: float, top: float) -> None:
        """Set the part that the sheet shows: its whole width, from `bottom` to `top`."""
        self.frame = (bottom, top)

    def mark_part(self, part: FigurePart | None) -> None:
        """Say which part the shapes that follow are of; None: of none."""
        if part is None or part.outside:
            self._mark = None
            return
        self._mark = tuple(node.index for node in part.nodes)
        name = short_name(part, full=True)
        self.numbers.setdefault(self._mark, (len(self.numbers), name))

    def text_length(self, text: str, size: float = SIZE) -> float:
        """Measure the length of a label, in Helvetica."""
        return sum(map(_letter_width, text)) * size * POINTS / 1000

    def draw_text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = SIZE,
        upright: bool = False,
        align: str = "left",
    ) -> None:
        """Draw a label that begins at (x, y); an upright one hangs down from there."""
        base = -y + 0.35 * size * POINTS
        place = f'x="{_write(x)}" y="{_write(base)}"'
        if upright:
            across = x + 0.35 * size * POINTS
            place = f'class="e" transform="translate({_write(across)} {_write(-y)}) rotate(-90)"'
        elif align == "center":
            place = f'class="m" {place}'
        length = _write(self.text_length(text, size))
        self._add(f'<text {place} textLength="{length}">{escape_html(text)}</text>')

    def draw_volume(self, at: Point, size: Point, depth: Point, colour: str) -> None:
        """Draw a cuboid: its lower left corner, its extents, the offset of its depth."""
        (x, y), (wide, tall), (dx, dy) = at, size, depth
        if wide + dx < NARROWEST:
            self._add_box("t", x - 1, y, wide + dx + 2, tall + dy)
        if dx or dy:
            top, right = y + tall, x + wide
            corners = [(x, top), (right, top), (right + dx, top + dy), (x + dx, top + dy)]
            self._add_face("u", colour, corners)
            edge = [(right, y), (right + dx, y + dy), (right + dx, top + dy), (right, top)]
            self._add_face("s", colour, edge)
        self.draw_box(x, y, wide, tall, colour)

    def draw_box(self, x: float, y: float, wide: float, tall: float, colour: str) -> None:
        """Draw a rectangle."""
        self._add_box(f"f k-{colour}", x, y, wide, tall)

    def draw_unit(self, x: float, y: float, radius: float, colour: str) -> None:
        """Draw a unit of a dense layer."""
        place = f'cx="{_write(x)}" cy="{_write(-y)}" r="{_write(radius)}"'
        self._add(f'<circle class="f k-{colour}" {place}/>')

    def draw_join(self, x: float, y: float, radius: float, sign: str) -> None:
        """Draw a circle with a sign in it."""
        self.draw_unit(x, y, radius, "other")
        if sign:
            self.draw_text(x, y, sign, align="center")

    def draw_arrow(self, path: Sequence[Point]) -> None:
        """Draw a line of straight pieces with an arrow head at its end."""
        self._lines["l"].append(_write_path(path))
        self._lines["h"].append(f"{_write_path(find_arrow_head(path))}z")

    def draw_link(self, start: Point, end: Point, *, dashed: bool = False) -> None:
        """Draw a thin line."""
        self._lines["d" if dashed else "l"].append(_write_path([start, end]))

    def _add_box(self, kind: str, x: float, y: float, wide: float, tall: float) -> None:
        place = f"M{_write(x)} {_write(-y - tall)}h{_write(wide)}v{_write(tall)}h{_write(-wide)}z"
        self._add(f'<path class="{kind}" d="{place}"/>')

    def _add_face(self, face: str, colour: str, corners: Sequence[Point]) -> None:
        self._add(f'<path class="{face} k-{colour}" d="{_write_path(corners)}z"/>')

    def _add(self, shape: str) -> None:
        """Add a shape to those of its part, or of no part."""
        if self._mark is None:
            self._further.append(shape)
        else:
            self._groups.setdefault(self._mark, []).append(shape)

    def save_sheet(self, file: BinaryIO, form: str, title: str) -> None:
        """Write the picture, to stand in a page that has its style."""
        file.write(self.write_picture(title).encode())

    def write_picture(self, title: str) -> str:
        """Write the picture, in ASCII; the page says how wide it is shown."""
        bottom, top = self.frame
        lines = [
            f'<path class="{kind}" d="{"".join(paths)}"/>'
            for kind, paths in self._lines.items()
            if paths
        ]
        groups = [
            f'<g class="p" data-p="{self.numbers[mark][0]}">{"".join(shapes)}</g>'
            for mark, shapes in self._groups.items()
        ]
        body = "".join([*lines, *self._further, *groups])
        frame = f"0 {_write(-top)} {_write(self.width)} {_write(top - bottom)}"
        label = escape_html(title)
        return f'<svg viewBox="{frame}" role="group" aria-label="{label}">{body}</svg>'


def _letter_width(letter: str) -> int:
    wide = unicodedata.east_asian_width(letter) in "WF"
    return _LETTERS.get(letter, 1000 if wide else 600)


def _write(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _write_path(path: Sequence[Point]) -> str:
    """Write the corners of a path, each as its distance from the one before."""
    (x, y), *rest = [(round(100 * x), round(-100 * y)) for x, y in path]
    words = [f"M{_write(x / 100)} {_write(y / 100)}l"]
    for to_x, to_y in rest:
        words.append(f"{_write((to_x - x) / 100)} {_write((to_y - y) / 100)} ")
        x, y = to_x, to_y
    return "".join(words).rstrip()
