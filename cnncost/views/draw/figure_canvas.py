"""A sheet of paper in millimetres, on which matplotlib draws faces, arrows and labels."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


POINTS = 25.4 / 72
"""How many millimetres a point has."""
SIZE, SMALL = 5.5, 5.0
"""The font sizes of labels, in points: they can still be read in print."""
LINE = "#333333"
DOT = 0.55
"""The radius of a dot, in millimetres."""

Point = tuple[float, float]


class Colour(NamedTuple):
    """What a colour means, and its three faces: front, upper and right."""

    text: str
    faces: tuple[str, str, str]


COLOURS = {
    "input": Colour("input", ("#d9d9d9", "#ececec", "#bdbdbd")),
    "conv": Colour("convolution", ("#8fb4dc", "#c6daef", "#5f8fc4")),
    "dense": Colour("dense", ("#f2a65a", "#f8cfa3", "#d9832b")),
    "attention": Colour("attention", ("#b79ad6", "#d9c9ea", "#9370bd")),
    "block": Colour("block of layers", ("#7fc1ab", "#bfe0d5", "#4f9f86")),
    "opaque": Colour("unknown", ("#e58c8c", "#f2c6c6", "#cf5f5f")),
}


class Canvas:
    """One figure; all coordinates are in millimetres."""

    def __init__(self, width: float) -> None:
        settle_cache()
        try:
            from matplotlib.figure import Figure
        except ModuleNotFoundError:
            raise CnncostError(
                "matplotlib is not installed", "pip install 'cnncost[plot]'"
            ) from None
        self.width = width
        self.figure: Figure = Figure()
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()

    def set_frame(self, bottom: float, top: float) -> None:
        """Set the part that the sheet shows: its whole width, from `bottom` to `top`."""
        self.figure.set_size_inches(self.width / 25.4, (top - bottom) / 25.4)
        self.axes.set_xlim(0, self.width)
        self.axes.set_ylim(bottom, top)

    def text_length(self, text: str, size: float = SIZE) -> float:
        """Measure the length of a label in millimetres."""
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import TextToPath

        width, _, _ = TextToPath().get_text_width_height_descent(
            text, FontProperties(size=size), ismath=False
        )
        return float(width) * POINTS

    def draw_face(self, corners: Sequence[Point], colour: str) -> None:
        from matplotlib.patches import Polygon

        shape = Polygon(corners, closed=True, fc=colour, ec=LINE, lw=0.35, joinstyle="round")
        self.axes.add_patch(shape)

    def draw_arrow(self, path: Sequence[Point]) -> None:
        """Draw a line of straight pieces with an arrow head at its end."""
        xs, ys = zip(*path, strict=True)
        self.axes.plot(xs, ys, color=LINE, lw=0.5, solid_joinstyle="round")
        x, y = path[-1]
        head = [(x, y), (x - 0.45, y + 1.0), (x + 0.45, y + 1.0)]
        self.draw_face(head, LINE)

    def draw_dot(self, x: float, y: float, colour: str = "conv") -> None:
        from matplotlib.patches import Circle

        face = COLOURS[colour].faces[0]
        self.axes.add_patch(Circle((x, y), DOT, fc=face, ec=LINE, lw=0.35))

    def draw_text(
        self, x: float, y: float, text: str, *, size: float = SIZE, upright: bool = False
    ) -> None:
        """Draw a label that begins at (x, y); an upright one hangs down from there."""
        self.axes.text(
            x, y, text, fontsize=size, color="black", parse_math=False,
            rotation=90 if upright else 0, rotation_mode="anchor",
            ha="right" if upright else "left", va="center",
        )  # fmt: skip

    def save_sheet(self, file: BinaryIO, form: str, title: str) -> None:
        """Write the sheet; the same network gives the same bytes."""
        import matplotlib

        settings = {"svg.hashsalt": "cnncost", "svg.fonttype": "none", "font.family": "DejaVu Sans"}
        said: dict[str, str | None] = {"Title": title, "Creator": "cnncost"}
        if form != "png":
            said |= {"Date": None} if form == "svg" else {"CreationDate": None}
        else:
            said = {"Title": title, "Software": "cnncost"}
        with matplotlib.rc_context(settings):
            self.figure.savefig(file, format=form, dpi=300, metadata=said)


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
