"""How wide a table is in LaTeX: does it fit a column?"""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.views.page import Table

COLUMN, LINE = 252.0, 516.0
"""The widths of a column and of a page's two, in points, of IEEE's and most conferences' papers."""

COLUMN_GAP = 12.0
"""Points between two columns of a tabular: \\tabcolsep, twice; half of it at either end."""

TIMES, ARROW = 12.2, 10.0
"""The times sign with the space around it, and the arrow."""

_WIDTHS = {
    **dict.fromkeys("ilI.,:;'|!", 2.8),
    **dict.fromkeys(" -jrst()[]f", 3.9),
    **dict.fromkeys("0123456789acegoyzvxkq/?*", 5.1),
    **dict.fromkeys("bdhnpuSJZ_#$", 5.6),
    **dict.fromkeys("ABCDEFGHKLNOPQRTUVXYw&+=<>~", 7.4),
    **dict.fromkeys("mMW%@", 8.8),
}
"""Points of characters of Computer Modern at 10 pt (Knuth's cmr10), rounded up by kind."""


def estimate_width(tables: Sequence[Table]) -> float:
    """Estimate how wide the widest of some tables is at 10 pt, in points, gaps at its ends
    included."""
    return max(map(_table_width, tables), default=0.0)


def describe_width(tables: Sequence[Table]) -> str:
    """Say whether tables fit a column, or what would help."""
    width = estimate_width(tables)
    said = f"About {width:,.0f} pt wide at 10 pt: "
    if width <= COLUMN:
        return f"{said}fits a column of {COLUMN:.0f} pt."
    if width <= LINE:
        return rf"{said}does not fit a column of {COLUMN:.0f} pt; table* takes the page's width."
    return rf"{said}does not fit a page of {LINE:.0f} pt; choose fewer columns, or \resizebox."


def _table_width(table: Table) -> float:
    rows = [table.titles, *table.rows, *([table.total] if table.total else [])]
    columns = zip(*rows, strict=True)
    return sum(
        COLUMN_GAP + max(_text_width(cell, extents=at in table.extents) for cell in column)
        for at, column in enumerate(columns)
    )


def _text_width(text: str, *, extents: bool) -> float:
    if extents:
        return TIMES * text.count("x") + _text_width(text.replace("x", ""), extents=False)
    arrows = text.count("->")
    return ARROW * arrows + sum(_WIDTHS.get(c, 7.4) for c in text.replace("->", ""))
