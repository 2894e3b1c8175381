"""Write a sweep: one row per combination, with its settings and the network's counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnncost.costs import Report
from cnncost.study.settings_sweep import SweepPoint
from cnncost.views import caption
from cnncost.views.amounts import at_least, bare_text, human_text, readable_text
from cnncost.views.page import Page, Results, Table

Found = tuple[Mapping[str, str], Report]
"""Settings, and the network's counts under them."""

QUANTITIES = ("units", "weights", "parameters", "connections")
"""The columns behind those of the settings."""


def sweep_results(points: Sequence[SweepPoint], *, short: bool = False) -> Results:
    """Make the results of the combinations that could be counted; `short` numbers for people."""
    found = [(point.settings, point.report) for point in points if point.report is not None]
    header = [*points[0].settings, *QUANTITIES]
    number = human_text if short else readable_text
    return Results(
        page=lambda: _build_page(header, found, number),
        records=lambda: [header, *(_point_cells(*point, number=bare_text) for point in found)],
        data=lambda: [_point_entry(*point) for point in found],
    )


def _build_page(
    header: Sequence[str], found: Sequence[Found], number: Callable[[int], str]
) -> Page:
    if not found:
        return Page(())
    report = found[0][1]
    said = [caption.convention_text(report)]
    if report.unknown_layers:
        said.append(caption.bounds_text(report))
    rows = [_point_cells(*point, number=number) for point in found]
    name = report.network.name
    return Page([Table(header, rows, (), caption=said, about=f"{name}.")], name)


def _point_cells(
    settings: Mapping[str, str], report: Report, *, number: Callable[[int], str]
) -> list[str]:
    totals = [report.totals._asdict()[quantity] for quantity in QUANTITIES]
    known = totals if report.complete else [at_least(total) for total in totals]
    return [*settings.values(), *map(number, known)]


def _point_entry(settings: Mapping[str, str], report: Report) -> dict[str, object]:
    totals = report.totals._asdict()
    return {"settings": dict(settings), "totals": totals, "complete": report.complete}
