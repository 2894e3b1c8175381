"""A sweep's rows: the settings of each combination, and what the network costs there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from cnncost.accuracy import Damage, are_comparable, estimate_damage
from cnncost.costs import Report
from cnncost.errors import CnncostError, did_you_mean
from cnncost.quantity import TIME
from cnncost.study.settings_sweep import SweepPoint
from cnncost.views import caption
from cnncost.views.amounts import Duration, at_least, bare_text, human_text, readable_text
from cnncost.views.damage_words import damage_data, round_score
from cnncost.views.page import Page, Results, Table
from cnncost.views.table_data import time_data

QUANTITIES = ("units", "weights", "parameters", "connections")
"""The columns behind the settings', unless others are asked for."""

DAMAGE = "damage"
"""The column of what a combination is estimated to cost in accuracy."""


class _Found(NamedTuple):
    """One combination that is a network."""

    point: SweepPoint
    report: Report
    damage: Damage | None
    """Against the spec as it stands; None where that was not asked for, or is not known."""


class SweepLayout(NamedTuple):
    """What a sweep shows."""

    columns: tuple[str, ...] = QUANTITIES
    short: bool = False
    """Whether numbers are for people."""


def parse_columns(text: str) -> tuple[str, ...]:
    """Read a list of columns, as `connections,damage`; the usual ones where there is none.

    Raises:
        CnncostError: there is no such column.
    """
    known = [*QUANTITIES, DAMAGE, TIME]
    columns = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    for word in columns:
        if word not in known:
            hint = did_you_mean(word, known, f"the columns are {', '.join(known)}")
            raise CnncostError(f"--columns {word}: no such column", hint)
    return columns or QUANTITIES


def sweep_results(
    points: Sequence[SweepPoint], layout: SweepLayout, base: Report | None = None
) -> Results:
    """Return the points that could be counted; `base` is the spec as it stands, which damage is
    measured from."""
    found = [
        _Found(point, point.report, _damage_of(base, point.report))
        for point in points
        if point.report is not None
    ]
    header = [*points[0].settings, *layout.columns]
    number = human_text if layout.short else readable_text
    return Results(
        page=lambda: _build_page(header, found, layout, number),
        records=lambda: [header, *(_point_cells(one, layout, bare_text) for one in found)],
        data=lambda: [_point_entry(one, layout) for one in found],
    )


def _damage_of(base: Report | None, report: Report) -> Damage | None:
    if base is None or not are_comparable(base.network, report.network):
        return None
    return estimate_damage(base.network, report.network)


def _build_page(
    header: Sequence[str],
    found: Sequence[_Found],
    layout: SweepLayout,
    number: Callable[[int], str],
) -> Page:
    if not found:
        return Page(())
    report = found[0].report
    said = [caption.convention_text(report)]
    if report.unknown_layers:
        said.append(caption.bounds_text(report))
    if DAMAGE in layout.columns:
        said.append(
            "Damage: estimated ln(error after / error before), against the spec as it stands."
        )
    if report.time is not None:
        said += [f"Time {caption.time_basis(report.time)}.", *report.time.remarks]
    rows = [_point_cells(one, layout, number) for one in found]
    name = report.network.name
    return Page([Table(header, rows, (), caption=said, about=f"{name}.")], name)


def _point_cells(one: _Found, layout: SweepLayout, number: Callable[[int], str]) -> list[str]:
    totals, cells = one.report.totals._asdict(), []
    for column in layout.columns:
        if column == DAMAGE:
            cells.append("?" if one.damage is None else f"{round_score(one.damage.score):.3f}")
        elif column == TIME:
            found = one.report.time
            assert found is not None  # it is estimated for this column
            time = Duration(found.picoseconds)
            cells.append(number(time if found.complete else at_least(time)))
        else:
            total = totals[column]
            cells.append(number(total if one.report.complete else at_least(total)))
    return [*one.point.settings.values(), *cells]


def _point_entry(one: _Found, layout: SweepLayout) -> dict[str, object]:
    entry: dict[str, object] = {
        "settings": dict(one.point.settings),
        "totals": one.report.totals._asdict(),
        "complete": one.report.complete,
    }
    if one.report.time is not None:
        entry[TIME] = time_data(one.report.time)
    if DAMAGE in layout.columns:
        damage = one.damage
        known = damage and {"score": round_score(damage.score), **damage_data(damage)}
        entry[DAMAGE] = known
    return entry
