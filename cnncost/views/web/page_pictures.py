"""The figures of a web page: one for screens and paper, one for telephones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.views.draw.figure import FigureOptions, choose_parts, draw_network
from cnncost.views.draw.figure_canvas import COLOURS
from cnncost.views.draw.svg_canvas import PartNumbers, SvgCanvas
from cnncost.views.web.network_data import DrawnParts, ShownNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.network import Network

WIDE, NARROW = 180.0, 85.0
"""Millimetres: a page of a paper, and a column."""


def count_parts(network: Network) -> int:
    """Count what a figure shows of a network."""
    return len(choose_parts(network, FigureOptions()).parts)


def draw_pictures(shown: ShownNetwork, widths: Sequence[float]) -> DrawnParts:
    """Draw a network in several widths; its parts have the same numbers in all."""
    numbers: PartNumbers = {}
    pictures = []
    options = FigureOptions(weights=shown.weights)
    for width in widths:
        canvas = SvgCanvas(width, numbers)
        draw_network(canvas, shown.report.network, options)
        pictures.append(canvas.write_picture(f"Figure of {shown.report.network.name}"))
    parts = tuple((name, members) for members, (_, name) in numbers.items())
    return DrawnParts(tuple(pictures), parts)


def write_colours() -> str:
    """Write the colours of a figure's faces as rules of style."""
    rules = []
    for key, colour in COLOURS.items():
        front, upper, side = colour.faces
        rules.append(f".k-{key} {{ --f: {front}; --u: {upper}; --s: {side}; }}")
    return "\n".join(rules)
