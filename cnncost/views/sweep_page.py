"""A sweep's rows: the settings of each combination, and what the network costs there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TextIO

from cnncost.costs import Convention
from cnncost.errors import CnncostError, did_you_mean
from cnncost.quantity import BUDGETS, BYTES, OF_CONNECTIONS, TIME
from cnncost.study.settings_sweep import SweepRow
from cnncost.views import caption
from cnncost.views.amounts import (
    Bytes,
    Duration,
    Value,
    at_least,
    bare_text,
    human_text,
    readable_text,
)
from cnncost.views.damage_words import damage_data, round_score
from cnncost.views.page import Page, Results, Table
from cnncost.views.table_data import time_data

QUANTITIES = ("units", "weights", "parameters", "connections")
"""The columns behind the settings', unless others are asked for."""

DAMAGE = "damage"
"""The column of what a combination is estimated to cost in accuracy."""

COLUMNS = (*dict.fromkeys((*QUANTITIES, *BUDGETS, *OF_CONNECTIONS, *BYTES)), DAMAGE, TIME)
"""The columns that a sweep has."""


class SweepLayout(NamedTuple):
    """What a sweep shows."""

    columns: tuple[str, ...] = QUANTITIES
    short: bool = False
    """Whether numbers are for people."""
    several: bool = False
    """Whether the first column names the network."""
    convention: Convention = Convention()


def parse_columns(text: str, option: str = "--columns") -> tuple[str, ...]:
    """Read a list of columns, as `connections,damage`; the usual ones where there is none.

    Raises:
        CnncostError: there is no such column.
    """
    words = [word.strip().replace("-", "_") for word in text.split(",") if word.strip()]
    columns = tuple(dict.fromkeys(words))
    for word in columns:
        if word not in COLUMNS:
            hint = did_you_mean(word, COLUMNS, f"the columns are {', '.join(COLUMNS)}")
            raise CnncostError(f"{option} {word}: no such column", hint)
    return columns or QUANTITIES


def sweep_header(settings: Iterable[str], layout: SweepLayout) -> list[str]:
    """Return the titles of a sweep's columns."""
    return [*["network"] * layout.several, *settings, *layout.columns]


def row_record(row: SweepRow, layout: SweepLayout) -> list[str]:
    """Return a row's cells for csv and tsv."""
    return _row_cells(row, layout, bare_text)


def row_entry(row: SweepRow, layout: SweepLayout) -> dict[str, object]:
    """Make the data of a row for JSON."""
    entry: dict[str, object] = {
        **({"network": row.case.arch} if layout.several else {}),
        "settings": dict(row.case.settings),
        "totals": row.totals._asdict() if row.totals else None,
        "complete": not row.unknown,
    }
    for column in layout.columns:
        figure = row.figures[column]
        if column in BYTES:
            entry[column] = figure and {"bytes": figure.amount, "exact": figure.exact}
    if row.time is not None:
        entry[TIME] = time_data(row.time)
    if DAMAGE in layout.columns:
        found = row.damage
        known = found and {"score": round_score(found.score), **damage_data(found)}
        entry[DAMAGE] = known
    return entry


def write_row_line(file: TextIO, row: SweepRow, layout: SweepLayout) -> None:
    """Write a row as a line of JSON."""
    file.write(json.dumps(row_entry(row, layout)) + "\n")


def sweep_results(
    rows: Sequence[SweepRow], settings: Iterable[str], layout: SweepLayout
) -> Results:
    """Return the rows as a page, records, or data."""
    header = sweep_header(settings, layout)
    number = human_text if layout.short else readable_text
    return Results(
        page=lambda: _build_page(header, rows, layout, number),
        records=lambda: [header, *(row_record(row, layout) for row in rows)],
        data=lambda: [row_entry(row, layout) for row in rows],
    )


def _build_page(
    header: Sequence[str],
    rows: Sequence[SweepRow],
    layout: SweepLayout,
    number: Callable[[Value], str],
) -> Page:
    if not rows:
        return Page(())
    said = [caption.convention_text(layout.convention)]
    unknown = list(dict.fromkeys(name for row in rows for name in row.unknown))
    if unknown:
        said.append(caption.bounds_text(unknown))
    if DAMAGE in layout.columns:
        said.append(
            "Damage: estimated ln(error after / error before), against the spec as it stands."
        )
    times = [row.time for row in rows if row.time is not None]
    if times:
        remarks = dict.fromkeys(remark for time in times for remark in time.remarks)
        said += [f"Time {caption.time_basis(times[0])}.", *remarks]
    cells = [_row_cells(row, layout, number) for row in rows]
    name = "" if layout.several else rows[0].name
    words = (0,) if layout.several else ()
    short = [_row_cells(row, layout, human_text) for row in rows]
    left_out = "Short numbers: the line has no room for more (--format csv has all)."
    titles = [title.replace("_", " ") for title in header]
    stacked = [title.replace("_", "\n") for title in header]
    narrower = Table(stacked, short, words, caption=[left_out, *said], about=f"{name}.")
    return Page(
        [Table(titles, cells, words, caption=said, about=f"{name}.", narrower=narrower)], name
    )


def _row_cells(row: SweepRow, layout: SweepLayout, number: Callable[[Value], str]) -> list[str]:
    cells = [_cell(row, column, number) for column in layout.columns]
    return [*[row.case.arch] * layout.several, *row.case.settings.values(), *cells]


def _cell(row: SweepRow, column: str, number: Callable[[Value], str]) -> str:
    figure = row.figures[column]
    if figure is None:
        return "?"
    if column == DAMAGE:
        return f"{figure.amount:.3f}"
    kind = Duration if column == TIME else Bytes if column in BYTES else int
    amount = kind(figure.amount)
    return number(amount if figure.exact else at_least(amount))
