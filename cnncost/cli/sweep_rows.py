"""The rows of a sweep: chosen, and written as they come."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import PurePath
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, TextIO

from cnncost.cli.output import open_destination, write_bytes
from cnncost.cli.streams import show_progress
from cnncost.errors import CnncostError, make_printable
from cnncost.quantity import parse_number

if TYPE_CHECKING:
    from cnncost.study.condition import Condition
    from cnncost.study.settings_sweep import Figure, SweepRow
    from cnncost.views.sweep_page import SweepLayout

STREAMED = ("csv", "tsv", "jsonl")
"""The formats whose lines are written as soon as they are known."""


class SweepWish(NamedTuple):
    """Which rows are written, and where."""

    form: str
    output: str
    force: bool
    picture: bool
    order: tuple[str, ...]
    rivals: tuple[str, ...]


class SweepRows:
    """The rows that meet the conditions, as they come; troubles are said at once."""

    def __init__(
        self,
        found: "Iterator[SweepRow]",
        count: int,
        conditions: "Sequence[Condition]",
        *,
        several: bool,
    ) -> None:
        """Rows are `found` one after another, `count` of them, of `several` networks or of one."""
        self.found, self.count, self.conditions = found, count, conditions
        self.several = several
        self.troubled = self.interrupted = False

    def __iter__(self) -> "Iterator[SweepRow]":
        """Yield the rows; Ctrl-C ends them, and what was found so far stays."""
        shown = monotonic()
        try:
            for done, row in enumerate(self.found, 1):
                if monotonic() > shown + 0.2:
                    shown = monotonic()
                    show_progress(f"{done:,} of {self.count:,}")
                if row.trouble:
                    self._say_trouble(row)
                elif all(_meets(row, one) for one in self.conditions):
                    yield row
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            show_progress("")

    def _say_trouble(self, row: "SweepRow") -> None:
        self.troubled = True
        named = [f"{name}={value}" for name, value in row.case.settings.items()]
        arch = [row.case.arch] if self.several else []
        sys.stderr.write(f"{make_printable(', '.join([*arch, *named]))}: {row.trouble}\n")


def _meets(row: "SweepRow", condition: "Condition") -> bool:
    """Return whether a row surely meets a condition on a figure or a setting."""
    if condition.word in row.case.settings:
        value = parse_number(row.case.settings[condition.word])
        return value is not None and condition.holds(value)
    figure = row.figures.get(condition.word)
    # What is only bounded from below may be more, and is surely more than a lower amount.
    sure = figure is not None and (figure.exact or condition.sign in (">", ">="))
    return figure is not None and sure and condition.holds(Fraction(figure.amount))


def write_rows(
    rows: SweepRows, wish: SweepWish, settings: list[str], layout: "SweepLayout"
) -> None:
    """Write rows as they come where the format lets them, else all of them together."""
    from cnncost.views.page_writers import write_records, write_results
    from cnncost.views.sweep_page import row_record, sweep_header, sweep_results, write_row_line

    streamed = wish.form in STREAMED and not (wish.order or wish.rivals)
    found = rows if streamed else _choose_rows(list(rows), wish)
    if wish.picture:
        _draw_rows(list(found), wish, layout)
        return
    with open_destination(wish.output, force=wish.force) as file:
        if wish.form == "jsonl":
            _write_lines(rows, found, file, lambda row: write_row_line(file, row, layout))
        elif wish.form in STREAMED:
            separator = "," if wish.form == "csv" else "\t"
            write_records(file, [sweep_header(settings, layout)], separator)
            _write_lines(
                rows,
                found,
                file,
                lambda row: write_records(file, [row_record(row, layout)], separator),
            )
        else:
            write_results(file, sweep_results(list(found), settings, layout), wish.form)


def _write_lines(
    rows: SweepRows, found: "Iterable[SweepRow]", file: TextIO, write: "Callable[[SweepRow], None]"
) -> None:
    """Write a line for each row, and hand it to whoever reads along. A Ctrl-C that comes between
    two rows ends them as one within a row does: a line is written whole or not at all."""
    try:
        for row in found:
            write(row)
            with suppress(ValueError):  # a file that is no stream is flushed when it is closed
                file.flush()
    except KeyboardInterrupt:
        rows.interrupted = True


def _choose_rows(rows: "list[SweepRow]", wish: SweepWish) -> "list[SweepRow]":
    from cnncost.study.settings_sweep import find_efficient

    if wish.rivals:
        rows = find_efficient(rows, wish.rivals)
    for column in wish.order:
        rows = sorted(rows, key=lambda row: _amount(row.figures[column]), reverse=True)
    return rows


def _amount(figure: "Figure | None") -> float:
    return float("-inf") if figure is None else float(figure.amount)


def _draw_rows(rows: "list[SweepRow]", wish: SweepWish, layout: "SweepLayout") -> None:
    import io

    from cnncost.views.draw.sweep_plot import draw_sweep

    if len(layout.columns) < 2:
        raise CnncostError("a plot needs two columns", "as in --columns weights,damage")
    drawn = io.BytesIO()
    draw_sweep(drawn, rows, layout, PurePath(wish.output).suffix[1:].lower())
    write_bytes(wish.output, drawn.getvalue(), force=wish.force)
