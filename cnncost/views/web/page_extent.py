"""How much a web page holds: all, or as much as a file of half a megabyte has room for."""

from __future__ import annotations

from typing import NamedTuple

LARGEST = 500_000
"""Bytes; the most that a page may have."""

MOST_LAYERS, MOST_WORKINGS, MOST_PARTS = 20_000, 10_000, 2_500
"""The largest networks of whose layers all, of whose workings any, of whose parts a figure is tried
to be put into a page."""


class PageExtent(NamedTuple):
    """What a page holds, and what it says of the rest."""

    figures: int = 2
    """How many widths of figures: one for screens and one for telephones, one for both, none."""
    workings: str = "all"
    """Of which layers workings are shown: `all`, those with weights (`counted`), or `none`."""
    layers: int | None = None
    """How many layers are listed, those with the most connections; None: all."""

    def list_gaps(self) -> list[str]:
        """List what is left out, and which command shows it."""
        said = []
        if not self.figures:
            said.append("the figure (cnncost draw)")
        if self.workings == "counted":
            said.append("the workings of layers without weights (cnncost explain --all)")
        if self.workings == "none":
            said.append("the workings (cnncost explain)")
        if self.layers is not None:
            said.append(
                f"the layers but for the {self.layers:,} with the most connections (cnncost table),"
                " and what is alive while each runs (cnncost memory)"
            )
        return said

    @property
    def gaps_text(self) -> str:
        """Say what is left out; empty if nothing is."""
        said = self.list_gaps()
        if not said:
            return ""
        return f"Left out, for the page to stay under {LARGEST // 1000} kB: {'; '.join(said)}."


EXTENTS = (
    PageExtent(),
    PageExtent(figures=1),
    PageExtent(figures=1, workings="counted"),
    PageExtent(figures=0, workings="counted"),
    PageExtent(figures=0, workings="none"),
    PageExtent(figures=0, workings="none", layers=1000),
    PageExtent(figures=0, workings="none", layers=200),
)
"""From the fullest on; the first that fits is taken."""


def list_extents(layers: int, parts: int) -> list[PageExtent]:
    """List what is tried for networks of so many layers and parts, the fullest first."""
    return [
        extent
        for extent in EXTENTS
        if (layers <= MOST_LAYERS or extent.layers is not None)
        and (layers <= MOST_WORKINGS or extent.workings == "none")
        and (parts <= MOST_PARTS or not extent.figures)
    ]
