"""A comparison in any format: totals with their differences, and the layers side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from cnncost.costs import LayerCount
from cnncost.study.comparison import METRICS, Comparison, Match, percent_change
from cnncost.study.growth import Excess
from cnncost.views import caption
from cnncost.views.amounts import AtLeast, UnknownAmount
from cnncost.views.page import Page, Results, Table, refuse_short_numbers
from cnncost.views.table_columns import Value, human_text, readable_text

SHOWN = ("weights", "connections")
"""What people see of each layer."""


class ComparisonLayout(NamedTuple):
    """What a comparison shows, and how it is written."""

    form: str = "table"
    every: bool = False
    """Layers without weights too."""
    changed: bool = False
    """Only layers that differ."""
    human: bool = False
    total: bool = False
    """A total row in csv and tsv."""

    def check_options(self) -> None:
        """Refuse what does not go together, before any work.

        Raises:
            CnncostError: naming the option and what would work.
        """
        if self.human:
            refuse_short_numbers(self.form)


def comparison_results(comparison: Comparison, layout: ComparisonLayout) -> Results:
    """The totals with their differences, and the layers."""
    from cnncost.views import comparison_data as machine

    matches = [match for match in comparison.matches if _is_shown(match, layout)]
    return Results(
        page=lambda: _build_page(comparison, matches, layout),
        records=lambda: machine.build_comparison_records(comparison, matches, total=layout.total),
        data=lambda: machine.build_comparison_data(comparison, matches),
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
    """What `--fail-on` found, in a line."""
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


def letter(side: int) -> str:
    """A network's letter: A, B, ... and N27 behind Z."""
    return chr(ord("A") + side) if side < 26 else f"N{side + 1}"


def _totals_table(comparison: Comparison, number: Callable[[Value], str]) -> Table:
    first, *others = comparison.sides
    titles = ["total", f"A: {first.label}"]
    for i, side in enumerate(others, start=1):
        titles += [f"{letter(i)}: {side.label}", "difference", "%"]
    rows = []
    for metric in METRICS:
        counts = [getattr(side.report.totals, metric) for side in comparison.sides]
        known = [side.report.complete for side in comparison.sides]
        cells = [number(n if k else AtLeast(n)) for n, k in zip(counts, known, strict=True)]
        row = [metric, cells[0]]
        for count, complete, cell in zip(counts[1:], known[1:], cells[1:], strict=True):
            # What is only bounded from below has no difference.
            sure = complete and known[0]
            row += [cell, _signed_number(count - counts[0], number) if sure else "?"]
            row.append(_percent_text(counts[0], count) if sure else "?")
        rows.append(row)
    return Table(titles, rows)


def _layers_table(
    comparison: Comparison, matches: Sequence[Match], number: Callable[[Value], str]
) -> Table:
    letters = [letter(i) for i in range(len(comparison.sides))]
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


def _signed_number(difference: int, number: Callable[[Value], str]) -> str:
    if not difference:
        return "0"
    return ("-" if difference < 0 else "+") + number(abs(difference))


def _percent_text(before: int, after: int) -> str:
    """The change in percent to a tenth; empty where nothing changed."""
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
    return said


def _uncounted_lines(comparison: Comparison) -> list[str]:
    """The layers without weights that some network lacks: what `--all` would show."""
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
            lines.append(f"Without weights, in {letter(i)} alone: {caption.some_of(names)}.")
    if len(comparison.sides) > 2:
        return [line.replace(" alone:", ", not in all:") for line in lines]
    return lines


def share(before: int, after: int) -> float | None:
    """The change in percent as a number for programs, to four decimals."""
    change = percent_change(before, after)
    return None if change is None else float(round(Fraction(change), 4))
