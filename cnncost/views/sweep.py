"""A sweep's rows: the settings of each combination, and what the network costs there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from cnncost.costs import Report
from cnncost.study.sweep import Point
from cnncost.views import caption
from cnncost.views.amounts import at_least
from cnncost.views.columns import human, plain, readable
from cnncost.views.latex import escape

QUANTITIES = ("units", "weights", "parameters", "connections")
"""The columns behind the settings'."""


def write(file: TextIO, points: Sequence[Point], form: str, *, short: bool = False) -> None:
    """Write the sweep in one of the formats table, csv, tsv, json, markdown, latex."""
    found = [(point.settings, point.report) for point in points if point.report is not None]
    if form == "json":
        _write_json(file, found)
    elif form in ("csv", "tsv"):
        import csv

        writer = csv.writer(file, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
        writer.writerow(_header(points))
        writer.writerows(_cells(*point, number=plain) for point in found)
    elif found:
        number = human if short else readable
        rows = [_cells(*point, number=number) for point in found]
        _write_readable(file, _header(points), rows, found[0][1], form)


def _header(points: Sequence[Point]) -> list[str]:
    return [*points[0].settings, *QUANTITIES]


def _cells(
    settings: Mapping[str, str], report: Report, *, number: Callable[[int], str]
) -> list[str]:
    totals = [report.totals._asdict()[quantity] for quantity in QUANTITIES]
    known = totals if report.complete else [at_least(total) for total in totals]
    return [*settings.values(), *map(number, known)]


def _write_json(file: TextIO, found: Sequence[tuple[Mapping[str, str], Report]]) -> None:
    import json

    rows = [
        {"settings": dict(settings), "totals": report.totals._asdict(), "complete": report.complete}
        for settings, report in found
    ]
    json.dump(rows, file, indent=2)
    file.write("\n")


def _write_readable(
    file: TextIO, header: Sequence[str], rows: Sequence[Sequence[str]], report: Report, form: str
) -> None:
    said = [caption.convention(report)]
    if report.unknown:
        said.append(caption.bounds(report))
    if form == "markdown":
        ruler = ["---:"] * len(header)
        for line in (header, ruler, *rows):
            file.write(f"| {' | '.join(line)} |\n")
        file.write(f"\n{report.network.name}. {' '.join(said)}\n")
    elif form == "latex":
        file.write(_latex(header, rows, f"{report.network.name}. {' '.join(said)}"))
    else:
        from cnncost.views.grid import Grid

        grid = Grid(header, numeric=range(len(header)), title=(report.network.name, ""))
        for row in rows:
            grid.add(*row)
        grid.write(file, said)


def _latex(header: Sequence[str], rows: Sequence[Sequence[str]], said: str) -> str:
    lines = [rf"    {' & '.join(map(escape, row))} \\" for row in (header, *rows)]
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \begin{{tabular}}{{{'r' * len(header)}}}",
            r"    \toprule",
            lines[0],
            r"    \midrule",
            *lines[1:],
            r"    \bottomrule",
            r"  \end{tabular}",
            rf"  \caption{{{escape(said)}}}",
            r"\end{table}",
            "",
        ]
    )
