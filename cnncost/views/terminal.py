"""Write the table in the terminal: exact numbers, aligned and never cut, with shares as bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from cnncost.costs import Report
from cnncost.costs.rows import Row
from cnncost.number_types import NumberTypes
from cnncost.views import caption
from cnncost.views.amounts import Value
from cnncost.views.grid import GAP, Grid, ascii_only, line_room
from cnncost.views.table_column import Column
from cnncost.views.table_columns import row_label

if TYPE_CHECKING:
    from cnncost.costs.footprint import Footprints

BAR = 8
"""The width of a full bar, in characters."""

BARRED = ("weights", "parameters", "connections")
"""The columns whose shares are drawn as bars."""


def write_table(
    file: TextIO,
    report: Report,
    rows: Sequence[Row],
    choices: Sequence[Sequence[Column]],
    number: Callable[[Value], str],
    *,
    bars: bool,
) -> None:
    """Print the table with the first choice of columns that fits the terminal, else the last one.

    Bars are added if they are wanted and fit too.
    """
    columns, grid = _fit_columns(file, report, rows, choices, number)
    barred = [column.key for column in choices[0] if column.key in BARRED] if bars else []
    if (
        barred
        and grid.total_width() + len(barred) * (GAP + BAR) <= line_room(file)
        and not grid.stacked
    ):
        grid = _build_grid(file, report, rows, columns, number, barred)
    notes = [report.network.notes] if report.network.notes else []
    said = [caption.convention_text(report.convention), *caption.list_remarks(report), *notes]
    if columns is not choices[0]:
        said.append("A wider terminal, --columns, csv and json have more columns.")
    said += caption.device_lines(report)
    if report.footprints is not None:
        found = report.footprints
        said += [caption.step_text(report, found), f"{caption.scale_text(found)}:"]
    grid.write_grid(file, said)
    if report.footprints is not None:
        _write_summary(file, report.footprints, report.network.types)


def _fit_columns(
    file: TextIO,
    report: Report,
    rows: Sequence[Row],
    choices: Sequence[Sequence[Column]],
    number: Callable[[Value], str],
) -> tuple[Sequence[Column], Grid]:
    """Choose the columns and make the grid; titles are stacked before columns are left out."""
    first, *_ = choices
    grid = _build_grid(file, report, rows, first, number, ())
    if grid.total_width() <= line_room(file):
        return first, grid
    for columns in choices:
        grid = _build_grid(file, report, rows, columns, number, (), stacked=True)
        if grid.total_width() <= line_room(file):
            return columns, grid
    return columns, grid


def _write_summary(file: TextIO, found: Footprints, types: NumberTypes | None) -> None:
    """Write every amount of memory by name, below the table."""
    from cnncost.views.memory_page import figure_lines, summary_figures

    for line in figure_lines(summary_figures(found.memory, found.embedded, types)).splitlines():
        file.write(f" {line}\n")


def _build_grid(
    file: TextIO,
    report: Report,
    rows: Sequence[Row],
    columns: Sequence[Column],
    number: Callable[[Value], str],
    barred: Sequence[str],
    *,
    stacked: bool = False,
) -> Grid:
    titles: list[str] = []
    numeric: list[int] = []
    for column in columns:
        if column.cell_alignment == "r":
            numeric.append(len(titles))
        titles.append(column.title)
        if column.key in barred:
            titles.append("")
    title = (report.network.name, caption.inputs_text(report))
    grid = Grid(titles, numeric=numeric, title=title, stacked=stacked)
    plain_bars = ascii_only(file)
    for row in rows:
        cells = []
        for column in columns:
            cells.append(row_label(row) if column.key == "layer" else number(column.value(row)))
            if column.key in barred:
                cells.append(_row_bar(report, row, column, plain=plain_bars))
        grid.add_row(*cells, style="" if row.counted and row.listed else "dim")
    grid.add_section()
    totals = []
    for column in columns:
        totals.append(column.total_text(report, number))
        if column.key in barred:
            totals.append("")
    grid.add_row(*totals, style="bold")
    return grid


def _row_bar(report: Report, row: Row, column: Column, *, plain: bool) -> str:
    total = column.total(report) if column.total else 0
    return share_bar(column.numeric_value(row), total, plain=plain)


def share_bar(part: int, total: int, *, plain: bool = False) -> str:
    """Draw the share part / total as a bar, in eighths of a character; any share is visible.

    `plain` draws whole characters of ASCII.
    """
    if not total or not part:
        return ""
    eighths = max(1, (2 * part * BAR * 8 + total) // (2 * total))
    if plain:
        return "#" * max(1, (eighths + 4) // 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")
