"""A figure as TikZ: a page that compiles alone, and a picture that a paper can include."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from cnncost.views.draw.figure_canvas import COLOURS, SIZE
from cnncost.views.markup import escape_latex

if TYPE_CHECKING:
    from cnncost.views.draw.figure_parts import FigurePart

Point = tuple[float, float]

LETTER = 0.56
"""The width of a letter, as a share of the font's size: a little more than Helvetica's mean."""

MACROS = r"""
% One macro per shape; lengths are millimetres. Change a shape here, and all of its kind follow.
\newcommand\netvolume[7]{% colour, x, y, thickness, height, depth's x, depth's y
  \draw[net line, fill=#1!45] (#2,#3+#5) -- ++(#4,0) -- ++(#6,#7) -- ++(-#4,0) -- cycle;
  \draw[net line, fill=#1!80!black] (#2+#4,#3) -- ++(#6,#7) -- ++(0,#5) -- ++(-#6,-#7) -- cycle;
  \draw[net line, fill=#1] (#2,#3) rectangle ++(#4,#5);}
\newcommand\netbox[5]{\draw[net line, fill=#1] (#2,#3) rectangle ++(#4,#5);}
\newcommand\netunit[4]{\draw[net line, fill=#1] (#2,#3) circle (#4);}
\newcommand\netarrow[1]{\draw[net line, -{Stealth[length=1.4mm, width=1.2mm]}] #1;}
\newcommand\netlink[2]{\draw[net line, #1] #2;}
\newcommand\nettext[4]{\node[net text, #1] at (#2,#3) {#4};}
""".strip()


HEAD = r"""
\expandafter\ifx\csname @nodocument\endcsname\relax
  \let\netend\relax % inside a paper: the picture alone
\else
  \IfFileExists{standalone.cls}{\documentclass{standalone}}{%
    \documentclass{article}
    \usepackage[paperwidth=WIDEmm, paperheight=TALLmm, margin=0pt]{geometry}
    \parindent=0pt \topskip=0pt}
  \usepackage{tikz}
  \usetikzlibrary{arrows.meta}
  \pagestyle{empty}
  \def\netend{\end{document}}
  \begin{document}
\fi
""".strip()
"""A document around the picture, unless it is read inside one."""


class TikzCanvas:
    """One figure; all coordinates are in millimetres."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.frame = (0.0, 0.0)
        self.lines: list[str] = []
        self.colours: list[str] = []

    def set_frame(self, bottom: float, top: float) -> None:
        """Set the part that the sheet shows: its whole width, from `bottom` to `top`."""
        self.frame = (bottom, top)

    def mark_part(self, part: FigurePart | None) -> None:
        """Nothing: on paper, shapes belong to no part."""

    def text_length(self, text: str, size: float = SIZE) -> float:
        """Estimate the length of a label in millimetres; the paper's font is not known here."""
        return len(text) * LETTER * size * 25.4 / 72

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
        anchor = "anchor=center" if align == "center" else "anchor=west"
        if upright:
            anchor = "anchor=east, rotate=90"
        said = (
            escape_latex(text)
            .replace("\u00d7", "$\\times$")
            .replace("\u2212", "$-$")
            .replace("\u2013", "--")
        )
        said = said.replace("\u2026", "\\ldots{}")
        self.lines.append(f"\\nettext{{{anchor}}}{{{_number(x)}}}{{{_number(y)}}}{{{said}}}")

    def draw_volume(self, at: Point, size: Point, depth: Point, colour: str) -> None:
        """Draw a cuboid: its lower left corner, its extents, the offset of its depth."""
        self._add_shape("netvolume", colour, *at, *size, *depth)

    def draw_box(self, x: float, y: float, wide: float, tall: float, colour: str) -> None:
        """Draw a rectangle."""
        self._add_shape("netbox", colour, x, y, wide, tall)

    def draw_unit(self, x: float, y: float, radius: float, colour: str) -> None:
        """Draw a unit of a dense layer."""
        self._add_shape("netunit", colour, x, y, radius)

    def draw_join(self, x: float, y: float, radius: float, sign: str) -> None:
        """Draw a circle with a sign in it."""
        self._add_shape("netunit", "other", x, y, radius)
        self.draw_text(x, y, sign, align="center")

    def draw_arrow(self, path: Sequence[Point]) -> None:
        """Draw a line of straight pieces with an arrow head at its end."""
        self.lines.append(f"\\netarrow{{{_write_path(path)}}}")

    def draw_link(self, start: Point, end: Point, *, dashed: bool = False) -> None:
        """Draw a thin line."""
        how = "densely dashed" if dashed else ""
        self.lines.append(f"\\netlink{{{how}}}{{{_write_path([start, end])}}}")

    def _add_shape(self, macro: str, colour: str, *numbers: float) -> None:
        if colour not in self.colours:
            self.colours.append(colour)
        groups = "".join(f"{{{_number(n)}}}" for n in numbers)
        self.lines.append(f"\\{macro}{{net {colour}}}{groups}")

    def save_sheet(self, file: BinaryIO, form: str, title: str) -> None:
        """Write the page."""
        bottom, top = self.frame
        colours = [
            f"\\definecolor{{net {key}}}{{HTML}}{{{COLOURS[key].faces[0][1:].upper()}}}"
            for key in self.colours
        ]
        name = " ".join(title.split())
        lines = [
            f"% {name}, drawn by cnncost. This file compiles alone. In a paper, write",
            "% \\usepackage{tikz} \\usetikzlibrary{arrows.meta} and \\input this in a figure.",
            HEAD.replace("WIDE", _number(self.width)).replace("TALL", _number(top - bottom + 1)),
            *colours,
            MACROS,
            "\\begin{tikzpicture}[x=1mm, y=1mm, line join=round,",
            "  net line/.style={line width=0.35pt},",
            "  net text/.style={inner sep=0pt, font=\\sffamily\\fontsize{7}{8}\\selectfont}]",
            f"\\useasboundingbox (0,{_number(bottom)}) rectangle ({_number(self.width)},"
            f"{_number(top)});",
            *self.lines,
            "\\end{tikzpicture}",
            "\\netend",
        ]
        file.write(("\n".join(lines) + "\n").encode())


def _number(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _write_path(path: Sequence[Point]) -> str:
    return " -- ".join(f"({_number(x)},{_number(y)})" for x, y in path)
