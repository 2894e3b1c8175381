"""Write a comparison in any format: totals with differences, and the layers side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from cnncost.costs import LayerCount
from cnncost.quantity import TIME
from cnncost.study.comparison import METRICS, Comparison, Excess, Match, percent_change
from cnncost.views import caption
from cnncost.views.amounts import (
    Duration,
    UnknownAmount,
    Value,
    at_least,
    human_text,
    readable_text,
)
from cnncost.views.comparison_data import (
    build_comparison_data,
    build_comparison_records,
    side_letter,
)
from cnncost.views.damage_words import ratio_text
from cnncost.views.page import Page, Results, Table, refuse_short_numbers

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

    def check_options(self) -> None:
        """Refuse options that do not go together, before any work.

        Raises:
            CnncostError: the message names the option and what would work.
        """
        if self.human:
            refuse_short_numbers(self.form)


def comparison_results(comparison: Comparison, layout: ComparisonLayout) -> Results:
    """Make the results of a comparison: totals with their differences, and layers."""
    matches = [match for match in comparison.matches if _is_shown(match, layout)]
    return Results(
        page=lambda: _build_page(comparison, matches, layout),
        records=lambda: build_comparison_records(comparison, matches, total=layout.total),
        data=lambda: build_comparison_data(comparison, matches),
    )


def _build_page(comparison: Comparison, matches: Sequence[Match], layout: ComparisonLayout) -> Page:
    number = human_text if layout.human else readable_text
    tables = [_totals_table(comparison, number)]
    if matches:
        tables.append(_layers_table(comparison, matches, number))
    said = _caption_lines(comparison, layout, any_shown=bool(matches))
    tables[-1] = tables[-1]._replace(caption=said)
    return Page(tables, " / ".join(side.report.network.name for side in comparison.sides))


def excess_line(excess: Excess) -> str:
    """Write what `--fail-on` found as one line."""
    growth, label = excess.growth, excess.label
    rule = f"{growth.metric}={growth.amount}"
    if not excess.complete:
        return f"{label}: {growth.metric} may pass {rule}: some layers' costs are unknown"
    change = _percent_text(excess.before, excess.after)
    share = f", {change}%" if change not in ("", "new") else ""
    difference = f"{excess.after - excess.before:+,}"
    return (
        f"{label}: {growth.metric} {excess.after:,}, was {excess.before:,} ({difference}{share}): "
        f"fails {rule}"
    )


def _is_shown(match: Match, layout: ComparisonLayout) -> bool:
    return (layout.every or match.is_counted) and (match.differs or not layout.changed)


def _totals_table(comparison: Comparison, number: Callable[[Value], str]) -> Table:
    first, *others = comparison.sides
    titles = ["total", f"A: {first.label}"]
    for i, side in enumerate(others, start=1):
        titles += [f"{side_letter(i)}: {side.label}", "difference", "%"]
    rows = []
    for metric in METRICS:
        counts = [getattr(side.report.totals, metric) for side in comparison.sides]
        known = [side.report.complete for side in comparison.sides]
        rows.append(_total_row(metric, counts, known, number))
    times = [side.report.time for side in comparison.sides if side.report.time is not None]
    if times:
        durations = [Duration(time.picoseconds) for time in times]
        rows.append(_total_row(TIME, durations, [time.complete for time in times], number))
    return Table(titles, rows)


def _total_row(
    metric: str, totals: Sequence[int], known: Sequence[bool], number: Callable[[Value], str]
) -> list[str]:
    """Make the row of a metric: each network's total, and its difference to the first's."""
    kind = type(totals[0])
    cells = [number(n if k else at_least(n)) for n, k in zip(totals, known, strict=True)]
    row = [metric, cells[0]]
    for total, complete, cell in zip(totals[1:], known[1:], cells[1:], strict=True):
        # What is only bounded from below has no difference.
        sure = complete and known[0]
        difference = total - totals[0]
        sign = "-" if difference < 0 else "+" if difference else ""
        row += [cell, f"{sign}{number(kind(abs(difference)))}" if sure else "?"]
        row.append(_percent_text(totals[0], total) if sure else "?")
    return row


def _layers_table(
    comparison: Comparison, matches: Sequence[Match], number: Callable[[Value], str]
) -> Table:
    letters = [side_letter(i) for i in range(len(comparison.sides))]
    pair = len(letters) == 2
    titles = ["layer"]
    for metric in SHOWN:
        titles += [metric, *letters[1:], *(["%"] if pair else [])]
    rows = []
    for match in matches:
        row = [" -> ".join(match.names)]
        for metric in SHOWN:
            row += [_layer_cell(layer, metric, number) for layer in match.layers]
            row += [_change_cell(match, metric)] if pair else []
        rows.append(row)
    return Table(titles, rows)


def _layer_cell(layer: LayerCount | None, metric: str, number: Callable[[Value], str]) -> str:
    if layer is None:
        return ""
    count: int = getattr(layer, metric)
    return number(count if layer.known else UnknownAmount(0))


def _change_cell(match: Match, metric: str) -> str:
    before, after = match.layers
    if before is None or after is None:
        return "new" if after else "gone"
    if not (before.known and after.known):
        return "?"
    return _percent_text(getattr(before, metric), getattr(after, metric))


def _percent_text(before: int, after: int) -> str:
    """Write the change in percent, to a tenth; empty if nothing changed."""
    change = percent_change(before, after)
    if before == after:
        return ""
    if change is None:
        return "new"
    tenths = round(abs(change) * 10)
    sign = "-" if change < 0 else "+"
    return f"{sign}{tenths // 10:,}.{tenths % 10}" if tenths else f"{sign}<0.1"


def _caption_lines(
    comparison: Comparison, layout: ComparisonLayout, *, any_shown: bool
) -> list[str]:
    said = [caption.convention_text(comparison.sides[0].report)]
    if not any_shown:
        every = "layers" if layout.every else "layers with weights"
        said.append(f"No differences: the {every} are alike.")
    if not layout.every:
        said += _uncounted_lines(comparison)
    return said + _damage_lines(comparison) + _time_lines(comparison)


def _time_lines(comparison: Comparison) -> list[str]:
    """What the times are of, and what else a reader of each must know."""
    times = [side.report.time for side in comparison.sides if side.report.time is not None]
    if not times:
        return []
    remarks = dict.fromkeys(remark for time in times for remark in time.remarks)
    return [f"Time {caption.time_basis(times[0])}.", *remarks]


def _damage_lines(comparison: Comparison) -> list[str]:
    """Write what each network is estimated to cost in accuracy against the first, where that is
    known."""
    lines = []
    for i in range(1, len(comparison.sides)):
        damage = comparison.estimate_damage(i)
        if damage is not None and any(part.score for part in damage.parts):
            lines.append(f"{side_letter(i)}: {ratio_text(damage)} (of A's, trained alike).")
    return lines


def _uncounted_lines(comparison: Comparison) -> list[str]:
    """List the layers without weights that some network lacks, which only `--all` shows."""
    lines = []
    for i in range(len(comparison.sides)):
        names = [
            layer.name
            for match in comparison.matches
            if not match.is_counted
            and (layer := match.layers[i]) is not None
            and None in match.layers
        ]  # fmt: skip
        if names:
            lines.append(f"Without weights, in {side_letter(i)} alone: {caption.some_of(names)}.")
    if len(comparison.sides) > 2:
        return [line.replace(" alone:", ", not in all:") for line in lines]
    return lines
