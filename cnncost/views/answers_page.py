"""What `check --table` found: lines, one per number that is wrong, or data for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnncost.quantity import format_count
from cnncost.views.table_data import convention_data

if TYPE_CHECKING:
    from cnncost.costs.count import Report
    from cnncost.study.table_slips import JudgedAnswer


def answer_lines(report: Report, judged: Sequence[JudgedAnswer]) -> Iterator[str]:
    """Write what is wrong, what cannot be judged, and which layers have no row."""
    for one in judged:
        if not one.holds:
            slip = f": {one.slip}" if one.slip else ""
            what = f"{one.layer}: {one.answer.quantity} {one.answer.number:,}"
            yield f"{what} is wrong, {one.right:,} is right{slip}"
    known = [one for one in judged if one.right is not None]
    right = sum(one.holds for one in known)
    unknown = len(judged) - len(known)
    if unknown:
        yield f"{format_count(unknown, 'number')} not judged: costs of opaque layers are unknown"
    missing = list_missing(report, judged)
    if missing:
        more = f" and {len(missing) - 8:,} more" if len(missing) > 8 else ""
        yield f"no row for {', '.join(missing[:8])}{more}"
    yield f"{right:,} of {format_count(len(known), 'number')} right"


def list_missing(report: Report, judged: Sequence[JudgedAnswer]) -> list[str]:
    """List the layers with weights that have no row."""
    rows = {one.layer for one in judged}
    return [row.name for row in report.layers if row.counted and row.name not in rows]


def answers_data(report: Report, judged: Sequence[JudgedAnswer]) -> dict[str, object]:
    """Make the data of all numbers of a table; `holds` is null where it cannot be judged."""
    return {
        "name": report.network.name,
        "convention": convention_data(report),
        "answers": [_answer_entry(one) for one in judged],
        "missing": list_missing(report, judged),
    }


def _answer_entry(one: JudgedAnswer) -> dict[str, object]:
    return {
        "layer": one.layer,
        "quantity": one.answer.quantity,
        "line": one.answer.line,
        "number": one.answer.number,
        "rounded_to": one.answer.step,
        "right": one.right,
        "holds": None if one.right is None else one.holds,
        "slip": one.slip,
    }
