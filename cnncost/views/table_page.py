"""Write the table of a report in any format: choose its rows, its columns and its writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TextIO

from cnncost.costs import Report
from cnncost.costs.rows import Row, cut_rows, layer_rows, remainder_row, sort_rows
from cnncost.errors import CnncostError, did_you_mean
from cnncost.views import caption
from cnncost.views.amounts import Value, human_text, readable_text
from cnncost.views.page import MACHINE, Page, Results, Table, refuse_short_numbers
from cnncost.views.table_column import Column
from cnncost.views.table_columns import (
    COLUMNS,
    CSV,
    FOOTPRINT,
    MEMORY,
    REACH,
    ROOFLINE,
    TABLE,
    TIME,
    TRAINING,
    choose_columns,
    row_label,
)

LEFT_OUT = ("parameters", "parameter_bytes", "saved_bytes", "time")
"""The columns to whose totals layers that are not shown contribute."""


class TableLayout(NamedTuple):
    """What a table shows, and how it is written."""

    form: str = "table"
    every: bool = False
    """Show layers without weights too."""
    columns: str = ""
    """The keys of columns, separated by commas; empty for those of the format."""
    sort: str = ""
    top: int | None = None
    depth: int | None = None
    human: bool = False
    total: bool = False
    """Add a row of totals in csv and tsv; other formats always have one."""
    memory: bool = False
    """Add the columns of memory, and a summary."""
    training: bool = False
    """Add the columns of a training step, and a summary."""
    time: bool = False
    """Add the column of time on a device."""
    roofline: bool = False
    """Add the columns of a device's roofline."""

    @property
    def shows_footprints(self) -> bool:
        """Whether the table shows memory or training costs."""
        return self.memory or self.training or self._names_any(FOOTPRINT)

    @property
    def shows_time(self) -> bool:
        """Whether the table shows times on a device."""
        return self.time or self._names_any(TIME)

    @property
    def shows_roofline(self) -> bool:
        """Whether the table shows where layers stand under a device's roof."""
        return self.roofline or self._names_any(ROOFLINE)

    @property
    def shows_device(self) -> bool:
        """Whether the table shows anything of a device."""
        return self.shows_time or self.shows_roofline

    def _names_any(self, keys: Sequence[str]) -> bool:
        """Whether one of some columns is shown or sorted by."""
        named = f"{self.columns},{self.sort}".replace("-", "_").replace(" ", "").split(",")
        return any(key in keys for key in named)

    def check_options(self) -> None:
        """Refuse options that do not go together, before any work.

        Raises:
            CnncostError: the message names the option and what would work.
        """
        if self.human:
            refuse_short_numbers(self.form)
        if self.columns:
            choose_columns(self.columns)
        if self.sort:
            _sort_column(self.sort)


def table_results(report: Report, layout: TableLayout) -> Results:
    """Make the results of a report's table."""
    from cnncost.views import table_data

    columns, rows = _chosen_columns(report, layout), _chosen_rows(report, layout)
    return Results(
        page=lambda: _build_page(report, layout, columns, rows),
        records=lambda: table_data.build_table_records(report, rows, columns, total=layout.total),
        data=lambda: table_data.build_table_data(report, rows, columns),
        own={"table": lambda file: _write_bars(file, report, layout, columns, rows)},
    )


def _write_bars(
    file: TextIO,
    report: Report,
    layout: TableLayout,
    columns: Sequence[Column],
    rows: Sequence[Row],
) -> None:
    from cnncost.views.terminal import write_table

    number = human_text if layout.human else readable_text
    choices = [columns] if layout.columns else _column_choices(columns)
    rows = _with_rest(report, columns, rows)
    write_table(file, report, rows, choices, number, bars=not layout.columns)


def _build_page(
    report: Report, layout: TableLayout, columns: Sequence[Column], rows: Sequence[Row]
) -> Page:
    number = human_text if layout.human else readable_text
    about = caption.inputs_text(report)
    said = [caption.convention_text(report.convention), *caption.list_remarks(report)]
    if report.footprints is not None:
        said.append(caption.memory_text(report, report.footprints))
    said += caption.device_lines(report)
    if report.network.notes and layout.form != "latex":
        said.append(report.network.notes)
    table = Table(
        [column.title for column in columns],
        [_row_cells(row, columns, number) for row in _with_rest(report, columns, rows)],
        words=[at for at, column in enumerate(columns) if column.cell_alignment == "l"],
        total=[column.total_text(report, number) for column in columns],
        caption=said,
        about=f"{report.network.name}, {about}.",
        extents=[at for at, column in enumerate(columns) if _has_extents(column.key)],
    )
    return Page([table], report.network.name, about)


def _has_extents(key: str) -> bool:
    return key.endswith("_shape") or key in ("kernel", "stride", "padding", "dilation")


def _row_cells(row: Row, columns: Sequence[Column], number: Callable[[Value], str]) -> list[str]:
    return [
        row_label(row) if column.key == "layer" else number(column.value(row)) for column in columns
    ]


def _with_rest(report: Report, columns: Sequence[Column], rows: Sequence[Row]) -> Sequence[Row]:
    """Add a row for the layers that are not shown, if they contribute to a total."""
    rest = remainder_row(report, rows, loss=any(column.key == "saved_bytes" for column in columns))
    if rest is not None and any(c.key in LEFT_OUT and c.value(rest) for c in columns):
        return [*rows, rest]
    return rows


def _chosen_columns(report: Report, layout: TableLayout) -> tuple[Column, ...]:
    if layout.columns:
        return choose_columns(layout.columns)
    beside = (*MEMORY * layout.memory, *TRAINING * layout.training)
    further = (*beside, *ROOFLINE * layout.roofline, *TIME * layout.time)
    biases = report.convention.biases
    if layout.form in MACHINE:
        return tuple(COLUMNS[key] for key in (*CSV, *["parameters"] * biases, *further))
    kept = _columns_beside(layout) if beside else TABLE
    own = tuple("parameters" if biases and key == "weights" else key for key in kept)
    return tuple(COLUMNS[key] for key in (*own, *further))


def _column_choices(columns: Sequence[Column]) -> list[Sequence[Column]]:
    """List choices of columns, wide ones first, for terminals of different widths.

    Narrow ones leave out shapes, then units and weights beside times, or the weights beside
    bytes, and have both gradients of the backward pass in one column.
    """
    bare = [column for column in columns if column.key != "output_shape"]
    if not any(column.key in FOOTPRINT for column in columns):
        if columns[-1].key not in (*TIME, *ROOFLINE):
            return [columns]
        few = [column for column in bare if column.key not in ("units", "weights")]
        device = [column for column in few if column.key != "connections"]
        return [columns, bare, few, device]
    summed = [column for column in bare if column.key not in ("weights", "backward_input")]
    both = COLUMNS["backward_connections"]
    fewest = [both if column.key == "backward_weights" else column for column in summed]
    return [columns, bare, fewest]


def _columns_beside(layout: TableLayout) -> tuple[str, ...]:
    """Choose the counts that stand beside memory and training: few, to leave room for those."""
    return ("layer", "output_shape", "connections" if layout.training else "weights")


def _chosen_rows(report: Report, layout: TableLayout) -> tuple[Row, ...]:
    keys = [column.key for column in choose_columns(layout.columns)] if layout.columns else []
    reach = any(key in REACH for key in keys)
    rows = layer_rows(report, every=layout.every, depth=layout.depth, reach=reach)
    if layout.sort:
        column = _sort_column(layout.sort)
        rows = sort_rows(rows, column.numeric_value)
    return rows if layout.top is None else cut_rows(rows, layout.top)


def _sort_column(key: str) -> Column:
    """Find the column of numbers to sort by."""
    (column, *others) = choose_columns(key)
    numeric = [key for key, column in COLUMNS.items() if column.cell_alignment == "r"]
    if others or column.cell_alignment != "r":
        known = f"it sorts by {', '.join(numeric)}"
        raise CnncostError(f"--sort {key}: no column of numbers", did_you_mean(key, numeric, known))
    return column
