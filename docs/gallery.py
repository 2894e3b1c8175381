"""Draws every bundled network in its own style, for a column of 85 mm, and writes the page that
shows them all, docs/zoo_figures.md.

python docs/gallery.py [FOLDER]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import cnncost
from cnncost import bundled
from cnncost.views.draw.figure import (
    FigureOptions,
    choose_parts,
    choose_style,
    draw_figure,
    list_weights,
)

HERE = Path(__file__).parent

STYLES = ("nodes", "volumes", "blocks")


def draw_all(folder: Path) -> None:
    """Draw the networks as SVG."""
    for name in bundled.list_names():
        spec = cnncost.load(name)
        options = FigureOptions(weights=list_weights(spec))
        with (folder / f"{name}.svg").open("wb") as file:
            draw_figure(file, cnncost.count(spec), "svg", 85, options)


def write_page() -> str:
    """Write the page of all figures, by style."""
    return "\n".join(_page_lines()) + "\n"


def _page_lines() -> Iterator[str]:
    yield "# Every bundled network, drawn"
    yield "Made by `python docs/gallery.py`: `cnncost draw NAME -o NAME.svg`, each in the style"
    yield "that it asks for. How to draw, and what is asked of other tools: [figures](gallery.md)."
    networks = {name: cnncost.load(name).network for name in bundled.list_names()}
    styles = {
        name: choose_style(choose_parts(network, FigureOptions()))
        for name, network in networks.items()
    }
    for style in STYLES:
        yield f"\n## {style.capitalize()}"
        for name, network in networks.items():
            if styles[name] == style:
                yield f"\n**{network.name}** (`{name}`)\n"
                yield f"![{network.name}](figures/{name}.svg)"


if __name__ == "__main__":
    draw_all(Path(sys.argv[1]) if sys.argv[1:] else HERE / "figures")
    if not sys.argv[1:]:
        (HERE / "zoo_figures.md").write_text(write_page(), encoding="utf-8")
