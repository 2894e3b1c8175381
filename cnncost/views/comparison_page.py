"""Write a comparison in any format: totals with differences, and the layers side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from cnncost.costs.memory.embedded import find_types
from cnncost.costs.rows import Row
from cnncost.errors import CnncostError, did_you_mean
from cnncost.study.comparison import (
    METRICS,
    Comparison,
    Excess,
    Match,
    cut_matches,
)
from cnncost.views import caption
from cnncost.views.amounts import (
    UnknownAmount,
    at_least,
    human_text,
    readable_text,
)
from cnncost.views.comparison_data import (
    build_comparison_data,
    build_comparison_records,
    build_total_records,
    side_letter,
)
from cnncost.views.comparison_totals import (
    Number,
    make_network_rows,
    make_totals_table,
    percent_text,
)
from cnncost.views.page import Page, Remark, Results, Table, Title, refuse_short_numbers

SHOWN = ("weights", "connections")
"""The counts that people see of each layer."""


class ComparisonLayout(NamedTuple):
    """What a comparison shows, and how it is written."""

    form: str = "table"
    every: bool = False
    """Show layers without weights too."""
    changed: bool = False
    """Show only layers that differ."""
    human: bool = False
    total: bool = False
    """Add a row of totals in csv and tsv."""
    sort: str = ""
    """The count whose largest differences come first."""
    top: int | None = None
    """So many rows, and one for the rest."""
    totals: bool = False
    """No layers; one row per network in csv, tsv and latex."""

    def check_options(self) -> None:
        """Refuse options that do not go together, before any work.

        Raises:
            CnncostError: the message names the option and what would work.
        """
        if self.human:
            refuse_short_numbers(self.form)
        if self.sort and self.sort not in METRICS:
            known = f"it sorts by {', '.join(METRICS)}"
            hint = did_you_mean(self.sort, METRICS, known)
            raise CnncostError(f"--sort {self.sort}: no count that is compared", hint)
        of_layers = {
            "--all": self.every, "--changed": self.changed, "--sort": self.sort, "--top": self.top,
        }  # fmt: skip
        for option, given in of_layers.items():
            if self.totals and given:
                raise CnncostError(f"{option} is of layers, which --totals leaves out", "keep one")


def comparison_results(
    comparison: Comparison, layout: ComparisonLayout, verdict: Sequence[str] = ()
) -> Results:
    """Make the results of a comparison: totals with their differences, and layers.

    `verdict` is what was found of the growth that is allowed, a line each.
    """
    if layout.totals:
        return Results(
            page=lambda: _build_page(comparison, [], layout, verdict),
            records=lambda: build_total_records(comparison),
            data=lambda: build_comparison_data(comparison, [], verdict),
        )
    matches = choose_matches(comparison, layout)
    return Results(
        page=lambda: _build_page(comparison, matches, layout, verdict),
        records=lambda: build_comparison_records(comparison, matches, total=layout.total),
        data=lambda: build_comparison_data(comparison, matches, verdict),
    )


def choose_matches(comparison: Comparison, layout: ComparisonLayout) -> list[Match]:
    """Choose, sort and cut the rows of a comparison."""
    matches = [match for match in comparison.matches if _is_shown(match, layout)]
    if layout.sort:
        matches.sort(key=lambda match: match.largest_change(layout.sort), reverse=True)
    return matches if layout.top is None else cut_matches(matches, layout.top)


def _build_page(
    comparison: Comparison,
    matches: Sequence[Match],
    layout: ComparisonLayout,
    verdict: Sequence[str],
) -> Page:
    number = human_text if layout.human else readable_text
    if layout.totals and layout.form == "latex":
        tables = [make_network_rows(comparison, number)]
    else:
        tables = [_fit_tables(lambda *how: make_totals_table(comparison, *how), number)]
    if matches:
        tables.append(_fit_tables(lambda *how: _layers_table(comparison, matches, *how), number))
    said = _caption_lines(comparison, layout, any_shown=bool(matches))
    tables[-1] = _add_caption(tables[-1], said)
    blocks: list[Title | Table | Remark] = [tables[0], *map(Remark, verdict), *tables[1:]]
    return Page(blocks, " / ".join(side.report.network.name for side in comparison.sides))


class Room(NamedTuple):
    """How much a table of a comparison shows, where lines have room for so much."""

    number: Number
    differences: int
    """Columns of differences behind each network: two, of which one is in percent; one or none."""
    every: bool
    """Whether names of networks, and weights beside connections, have room."""
    left_out: str = ""


def _fit_tables(make: Callable[[Number, int, bool], Table], number: Number) -> Table:
    """Make a table, and narrower ones for where it does not fit, which say what they left out."""
    rooms = (
        Room(number, 2, every=True),
        Room(number, 1, every=True, left_out="Differences in percent alone"),
        Room(human_text, 1, every=True, left_out="Short numbers, and differences in percent alone"),
        Room(human_text, 0, every=True, left_out="Short numbers, and no differences"),
        Room(human_text, 0, every=False, left_out="Short numbers, and no differences"),
    )
    narrower: Table | None = None
    for room in reversed(rooms):
        table = make(room.number, room.differences, room.every)
        remark = f"{room.left_out}: the line has no room for more (--format csv has all)."
        said = [*([remark] if room.left_out else []), *table.caption]
        narrower = table._replace(caption=said, narrower=narrower)
    assert narrower is not None
    return narrower


def _add_caption(table: Table, said: Sequence[str]) -> Table:
    """Put sentences below a table, and below those that may stand in its place."""
    narrower = _add_caption(table.narrower, said) if table.narrower else None
    return table._replace(caption=[*table.caption, *said], narrower=narrower)


def excess_line(excess: Excess) -> str:
    """Write what `--fail-on` found as one line."""
    growth, label = excess.growth, excess.label
    rule = f"{growth.metric}={growth.amount}"
    if not excess.complete:
        return f"{label}: {growth.metric} may pass {rule}: some layers' costs are unknown"
    change = percent_text(excess.before, excess.after)
    share = f", {change}%" if change not in ("", "new") else ""
    difference = f"{excess.after - excess.before:+,}"
    return (
        f"{label}: {growth.metric} {excess.after:,}, was {excess.before:,} ({difference}{share}): "
        f"fails {rule}"
    )


def _is_shown(match: Match, layout: ComparisonLayout) -> bool:
    return (layout.every or match.is_counted) and (match.differs or not layout.changed)


def _layers_table(
    comparison: Comparison,
    matches: Sequence[Match],
    number: Number,
    differences: int,
    every: bool,
) -> Table:
    letters = [side_letter(i) for i in range(len(comparison.sides))]
    pair = len(letters) == 2 and differences > 0
    titles = ["layer"]
    metrics = SHOWN if every else SHOWN[-1:]
    for metric in metrics:
        titles += [metric, *letters[1:], *(["%"] if pair else [])]
    rows = []
    for match in matches:
        row = [" -> ".join(match.names)]
        for metric in metrics:
            row += [_row_cell(layer, metric, number) for layer in match.rows]
            row += [_change_cell(match, metric)] if pair else []
        rows.append(row)
    said = [] if every else ["Weights are left out too."]
    return Table(titles, rows, caption=said, wraps=True)


def _row_cell(row: Row | None, metric: str, number: Number) -> str:
    if row is None:
        return ""
    count: int = getattr(row, metric)
    if row.unknown:
        return number(at_least(count) if not row.word else UnknownAmount(0))
    return number(count)


def _change_cell(match: Match, metric: str) -> str:
    before, after = match.rows
    if before is None or after is None:
        return "new" if after else "gone"
    if before.unknown or after.unknown:
        return "?"
    return percent_text(getattr(before, metric), getattr(after, metric))


def _caption_lines(
    comparison: Comparison, layout: ComparisonLayout, *, any_shown: bool
) -> list[str]:
    said = [caption.convention_text(comparison.sides[0].report.convention)]
    if not any_shown and not layout.totals:
        every = "layers" if layout.every else "layers with weights"
        said.append(f"No differences: the {every} are alike.")
    if not layout.every and not layout.totals:
        said += _uncounted_lines(comparison)
    if comparison.sides[0].fit is not None:
        words = dict.fromkeys(find_types(side.report.network).title for side in comparison.sides)
        said.append(
            f"On a microcontroller, {' and '.join(words)}: sram is what a perfect planner needs, "
            "arena TensorFlow Lite Micro's, within 3.1 %."
        )
    return said + _time_lines(comparison)


def _time_lines(comparison: Comparison) -> list[str]:
    """What the times are of, and what else a reader of each must know."""
    times = [side.report.time for side in comparison.sides if side.report.time is not None]
    if not times:
        return []
    remarks = dict.fromkeys(remark for time in times for remark in time.remarks)
    return [f"Time {caption.time_basis(times[0])}.", *remarks]


def _uncounted_lines(comparison: Comparison) -> list[str]:
    """List the layers without weights that some network lacks, which only `--all` shows."""
    lines = []
    for i in range(len(comparison.sides)):
        names = [
            row.name
            for match in comparison.matches
            if not match.is_counted and (row := match.rows[i]) is not None and None in match.rows
        ]  # fmt: skip
        if names:
            lines.append(f"Without weights, in {side_letter(i)} alone: {caption.some_of(names)}.")
    if len(comparison.sides) > 2:
        return [line.replace(" alone:", ", not in all:") for line in lines]
    return lines
