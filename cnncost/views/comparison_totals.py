"""Whole networks side by side: their totals with differences, or one row per network."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import exp
from typing import NamedTuple

from cnncost.accuracy import Damage
from cnncost.quantity import TIME
from cnncost.study.comparison import METRICS, Comparison, percent_change
from cnncost.views import caption
from cnncost.views.amounts import Bytes, Duration, Value, at_least
from cnncost.views.comparison_data import (
    MEMORY,
    find_bytes,
    find_embedded_bytes,
    is_embedded_exact,
    side_letter,
)
from cnncost.views.damage_words import ratio_text
from cnncost.views.page import Table

Number = Callable[[Value], str]


class _TotalLine(NamedTuple):
    """A figure of every network; None where it has none."""

    metric: str
    values: list[int | None]
    known: list[bool]


def _total_lines(comparison: Comparison) -> list[_TotalLine]:
    """List what is compared of whole networks: counts, bytes and time if they were asked for."""
    sides = comparison.sides
    known = [side.report.complete for side in sides]
    lines = [
        _TotalLine(metric, [getattr(side.report.totals, metric) for side in sides], known)
        for metric in METRICS
    ]
    for metric in MEMORY:
        found = [find_bytes(side, metric) for side in sides]
        if any(amount is not None for amount in found):
            sure = [one.metrics is not None and one.metrics.is_exact(metric) for one in sides]
            amounts = [None if amount is None else Bytes(amount) for amount in found]
            lines.append(_TotalLine(metric, [*amounts], sure))
    for metric in find_embedded_bytes(sides[0]):
        small = [Bytes(find_embedded_bytes(side)[metric]) for side in sides]
        sure = [side.fit is not None and is_embedded_exact(side.fit, metric) for side in sides]
        lines.append(_TotalLine(metric, [*small], sure))
    times = [side.report.time for side in sides if side.report.time is not None]
    if times:
        durations = [Duration(time.picoseconds) for time in times]
        lines.append(_TotalLine(TIME, [*durations], [time.complete for time in times]))
    return lines


def make_totals_table(
    comparison: Comparison,
    number: Number,
    differences: int,
    every: bool,
) -> Table:
    """Make the table of totals, one row per figure.

    `differences` of columns stand behind each network: two, of which one is in percent; one or
    none. Unless `every` title has room, the networks' names stand below.
    """
    names = [f"{side_letter(i)}: {label}" for i, label in enumerate(side_labels(comparison))]
    first, *others = names if every else [name.partition(":")[0] for name in names]
    beside = ("difference", "%")[2 - differences :]
    titles = ["total", first]
    for name in others:
        titles += [name, *beside]
    rows = [_total_row(line, number, differences) for line in _total_lines(comparison)]
    damages = [comparison.estimate_damage(i) for i in range(1, len(comparison.sides))]
    if any(damage is not None and _says_anything(damage) for damage in damages):
        rows.append(_damage_row(damages, differences))
    said = _damage_lines(damages, ends_shown=differences == 2)
    return Table(titles, rows, caption=said if every else [f"{', '.join(names)}.", *said])


def side_labels(comparison: Comparison) -> list[str]:
    """Return how each network is called above its column: without folders where that is enough,
    and with as much of a commit's number as people read."""
    whole = [re.sub(r"^([0-9a-f]{9})[0-9a-f]{31}(?=:)", r"\1", s.label) for s in comparison.sides]
    short = [label.rpartition("/")[2] for label in whole]
    return short if len(set(short)) == len(set(whole)) else whole


def _says_anything(damage: Damage) -> bool:
    """Whether two networks differ in anything that the estimate sees."""
    return any(part.score for part in damage.parts)


def _damage_row(damages: Sequence[Damage | None], differences: int) -> list[str]:
    """Make the row of what each network is estimated to cost in accuracy, as a ratio of errors."""
    row = ["error (estimate)", ""]
    for damage in damages:
        row.append("?" if damage is None else f"x {exp(damage.score):.2f}")
        ends = "" if damage is None else f"{exp(damage.low):.2f} to {exp(damage.high):.2f}"
        row += [ends, ""][2 - differences :] if differences != 1 else [""]
    return row


def _total_row(line: _TotalLine, number: Number, differences: int) -> list[str]:
    """Make the row of a metric: each network's total, and its difference to the first's."""
    first, *others = line.values
    kind = type(first or 0)
    cells = [
        "-" if n is None else number(n if k else at_least(n))
        for n, k in zip(line.values, line.known, strict=True)
    ]
    row = [line.metric.replace("_", " "), cells[0]]
    for total, complete, cell in zip(others, line.known[1:], cells[1:], strict=True):
        # What is only bounded from below has no difference.
        if total is None or first is None or not (complete and line.known[0]):
            row += [cell, "?", "?"][: 1 + differences]
            continue
        difference = total - first
        sign = "-" if difference < 0 else "+" if difference else ""
        changes = [f"{sign}{number(kind(abs(difference)))}", percent_text(first, total)]
        row += [cell, *changes[2 - differences :]]
    return row


def percent_text(before: int, after: int) -> str:
    """Write the change in percent, to a tenth; empty if nothing changed."""
    change = percent_change(before, after)
    if before == after:
        return ""
    if change is None:
        return "new"
    tenths = round(abs(change) * 10)
    sign = "-" if change < 0 else "+"
    return f"{sign}{tenths // 10:,}.{tenths % 10}" if tenths else f"{sign}<0.1"


def _damage_lines(damages: Sequence[Damage | None], *, ends_shown: bool) -> list[str]:
    """Say what estimated errors are, with their intervals where the row has no room for them."""
    known = [
        (side_letter(i), damage)
        for i, damage in enumerate(damages, start=1)
        if damage is not None and _says_anything(damage)
    ]
    if not known:
        return []
    if ends_shown:
        return [
            "Errors are estimated against A's, all trained alike; beside them the 90 % interval."
        ]
    return [f"{letter}: {ratio_text(damage)} (of A's, trained alike)." for letter, damage in known]


def make_network_rows(comparison: Comparison, number: Number) -> Table:
    """Make a table with one row per network, as papers have it."""
    lines = _total_lines(comparison)
    titles = ["network", "input", *(line.metric.replace("_", " ") for line in lines)]
    rows = [
        [
            side.report.network.name,
            caption.inputs_text(side.report).removeprefix("input "),
            *(number(line.values[i]) for line in lines),
        ]
        for i, side in enumerate(comparison.sides)
    ]
    return Table(titles, rows, words=(0, 1))
