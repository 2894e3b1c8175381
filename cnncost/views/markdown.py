"""Tables as Markdown: numbers right-aligned, thousands separated, the caption below."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnncost.costs import Report
from cnncost.costs.rows import Row
from cnncost.views import caption
from cnncost.views.columns import Column, Value, labelled


def markdown(
    report: Report,
    rows: Sequence[Row],
    columns: Sequence[Column],
    number: Callable[[Value], str],
) -> str:
    """The table with its total row, then the convention and the notes."""
    lines = [
        _line([column.title for column in columns]),
        _line(["---:" if column.aligned == "r" else "---" for column in columns]),
    ]
    lines += [_line([_cell(row, column, number) for column in columns]) for row in rows]
    totals = [column.total_text(report, number) for column in columns]
    lines.append(_line([f"**{text}**" if text else "" for text in totals]))
    remarks = [caption.convention(report), *caption.remarks(report)]
    if report.footprints is not None:
        remarks.append(caption.memory(report, report.footprints))
    if report.network.notes:
        remarks.append(report.network.notes)
    lines += ["", f"{report.network.name}, {caption.inputs(report)}. {' '.join(remarks)}"]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _cell(row: Row, column: Column, number: Callable[[Value], str]) -> str:
    return labelled(row) if column.key == "layer" else number(column.value(row))
