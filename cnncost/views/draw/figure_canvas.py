"""A sheet of paper in millimetres, on which matplotlib draws faces, arrows and labels."""

from __future__ import annotations

import atexit
import io
import logging
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from cnncost.errors import CnncostError
from cnncost.views.draw.drawing import find_arrow_head
from cnncost.views.draw.font_subset import write_font_face

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cnncost.views.draw.figure_parts import FigurePart


POINTS = 25.4 / 72
"""How many millimetres a point has."""
SIZE, SMALL = 7.0, 5.0
"""The font sizes of labels, in points: of figures, and of bars and plots."""
LINE_HEIGHT = 3.0
"""The height of a line of text of the first size, in millimetres."""
LINE = "#333333"
DOT = 0.55
"""The radius of a dot, in millimetres."""

Point = tuple[float, float]


class Colour(NamedTuple):
    """What a colour means, and its three faces: front, upper and right."""

    text: str
    faces: tuple[str, str, str]


COLOURS = {
    "input": Colour("input", ("#f2f2f2", "#fafafa", "#d0d0d0")),
    "conv": Colour("convolution", ("#6fa8dc", "#b4d2ee", "#4a83b8")),
    "pool": Colour("pooling", ("#f5ee9a", "#fbf8d0", "#d8ce62")),
    "dense": Colour("dense", ("#f2b56b", "#f9dab5", "#d28f3c")),
    "attention": Colour("attention", ("#b5649a", "#dbb2cd", "#8f4577")),
    "block": Colour("block of layers", ("#b9e2cf", "#dcf1e7", "#8cc4ab")),
    "other": Colour("other", ("#ffffff", "#ffffff", "#eeeeee")),
    "opaque": Colour("unknown", ("#8a8a8a", "#b5b5b5", "#6a6a6a")),
}
"""Blue, yellow, orange and purple after Okabe & Ito (2008), which the colour-blind can tell apart;
in grey, each differs from the others in lightness."""

FONTS = {"sans": "DejaVu Sans", "serif": "STIXGeneral"}


class Canvas:
    """One figure; all coordinates are in millimetres."""

    def __init__(self, width: float, font: str = "sans") -> None:
        settle_cache()
        try:
            from matplotlib.figure import Figure
        except ModuleNotFoundError:
            raise CnncostError(
                "matplotlib is not installed", "pip install 'cnncost[plot]'"
            ) from None
        self.width = width
        self.font = FONTS[font]
        self.figure: Figure = Figure()
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()

    def set_frame(self, bottom: float, top: float) -> None:
        """Set the part that the sheet shows: its whole width, from `bottom` to `top`."""
        self.figure.set_size_inches(self.width / 25.4, (top - bottom) / 25.4)
        self.axes.set_xlim(0, self.width)
        self.axes.set_ylim(bottom, top)

    def mark_part(self, part: FigurePart | None) -> None:
        """Nothing: on paper, shapes belong to no part."""

    def text_length(self, text: str, size: float = SIZE) -> float:
        """Measure the length of a label in millimetres."""
        return _measure_text(text, size, self.font) * POINTS

    def draw_face(self, corners: Sequence[Point], colour: str) -> None:
        from matplotlib.patches import Polygon

        shape = Polygon(corners, closed=True, fc=colour, ec=LINE, lw=0.35, joinstyle="round")
        self.axes.add_artist(shape)

    def draw_arrow(self, path: Sequence[Point]) -> None:
        """Draw a line of straight pieces with an arrow head at its end."""
        xs, ys = zip(*path, strict=True)
        from matplotlib.lines import Line2D

        line = Line2D(xs, ys, color=LINE, lw=0.5, solid_joinstyle="round")
        line.set_zorder(1)  # as faces have it: what is drawn later covers it
        self.axes.add_artist(line)
        self.draw_face(find_arrow_head(path), LINE)

    def draw_dot(self, x: float, y: float, colour: str = "conv") -> None:
        from matplotlib.patches import Circle

        face = COLOURS[colour].faces[0]
        self.axes.add_artist(Circle((x, y), DOT, fc=face, ec=LINE, lw=0.35))

    def draw_volume(self, at: Point, size: Point, depth: Point, colour: str) -> None:
        """Draw a cuboid's front, upper and right face: its corner, extents, offset of depth."""
        (x, y), (dx, dy) = at, depth
        right, top = x + size[0], y + size[1]
        _, upper, side = COLOURS[colour].faces
        self.draw_face([(x, top), (right, top), (right + dx, top + dy), (x + dx, top + dy)], upper)
        edge = [(right, y), (right + dx, y + dy), (right + dx, top + dy), (right, top)]
        self.draw_face(edge, side)
        self.draw_box(x, y, *size, colour)

    def draw_box(self, x: float, y: float, wide: float, tall: float, colour: str) -> None:
        """Draw a rectangle of a colour's front face."""
        corners = [(x, y), (x + wide, y), (x + wide, y + tall), (x, y + tall)]
        self.draw_face(corners, COLOURS[colour].faces[0])

    def draw_join(self, x: float, y: float, radius: float, sign: str) -> None:
        """Draw a circle with a sign in it."""
        from matplotlib.patches import Circle

        self.axes.add_artist(Circle((x, y), radius, fc="white", ec=LINE, lw=0.5, zorder=2))
        if sign:
            self.draw_text(x, y, sign, align="center")

    def draw_unit(self, x: float, y: float, radius: float, colour: str) -> None:
        """Draw a unit of a dense layer."""
        from matplotlib.patches import Circle

        face = COLOURS[colour].faces[0]
        self.axes.add_artist(Circle((x, y), radius, fc=face, ec=LINE, lw=0.5, zorder=2))

    def draw_link(self, start: Point, end: Point, *, dashed: bool = False) -> None:
        """Draw a thin line."""
        xs, ys = zip(start, end, strict=True)
        from matplotlib.lines import Line2D

        style = "--" if dashed else "-"
        self.axes.add_artist(Line2D(xs, ys, color=LINE, lw=0.35, ls=style, zorder=1))

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
        self.axes.text(
            x, y, text, fontsize=size, color="black", parse_math=False, family=self.font,
            rotation=90 if upright else 0, rotation_mode="anchor",
            ha="right" if upright else align, va="center",
        )  # fmt: skip

    def save_sheet(self, file: BinaryIO, form: str, title: str) -> None:
        """Write the sheet; the same network gives the same bytes."""
        import matplotlib

        settings = {
            "svg.hashsalt": "cnncost", "svg.fonttype": "none", "font.family": self.font,
            "pdf.fonttype": 42,  # TrueType: publishers refuse Type 3
        }  # fmt: skip
        said: dict[str, str | None] = {"Title": title, "Creator": "cnncost"}
        if form != "png":
            said |= {"Date": None} if form == "svg" else {"CreationDate": None}
        else:
            said = {"Title": title, "Software": "cnncost"}
        drawn = io.BytesIO()
        with matplotlib.rc_context(settings):
            self.figure.savefig(drawn, format=form, dpi=300, metadata=said)
        data = drawn.getvalue()
        file.write(self._add_font(data) if form == "svg" else data)

    def _add_font(self, svg: bytes) -> bytes:
        """Add the letters that a figure has to its style, so that it looks the same everywhere."""
        text = "".join(label.get_text() for label in self.axes.texts)
        face = write_font_face(self.font, text)
        return svg.replace(b"</style>", f"{face}</style>".encode(), 1) if text else svg


@lru_cache(maxsize=4096)
def _measure_text(text: str, size: float, family: str) -> float:
    """Measure the length of a text in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    width, _, _ = TextToPath().get_text_width_height_descent(
        text, FontProperties(family=family, size=size), ismath=False
    )
    return float(width)


# Matplotlib's list of fonts


def settle_cache() -> None:
    """Tell matplotlib, before it is imported, where to keep its list of fonts.

    That is `MPLCONFIGDIR` if it is set; else `matplotlib` in the user's cache if
    `XDG_CACHE_HOME` is set or the directory exists; else a directory that is removed at the end
    of the process.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # that fonts are listed is no news
    if not os.environ.get("MPLCONFIGDIR"):
        os.environ["MPLCONFIGDIR"] = _user_cache() or _temporary_cache()


def _user_cache() -> str:
    """Find the user's own cache of matplotlib; empty if there is none that can be written."""
    asked = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = (Path(asked) if asked else Path.home() / ".cache") / "matplotlib"
        if asked:
            folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home
        return ""
    return str(folder) if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) else ""


def _temporary_cache() -> str:
    """Make a directory that is removed when the process ends."""
    from tempfile import TemporaryDirectory

    folder = TemporaryDirectory(prefix="cnncost-")
    atexit.register(folder.cleanup)
    return folder.name
