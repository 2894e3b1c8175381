"""The lines of `check --table`: one per number that is wrong, and how many are right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnncost.quantity import format_count

if TYPE_CHECKING:
    from cnncost.costs.count import Report
    from cnncost.study.table_slips import JudgedAnswer


def answer_lines(report: Report, judged: Sequence[JudgedAnswer]) -> Iterator[str]:
    """Write what is wrong, what cannot be judged, and which layers have no row."""
    for one in judged:
        if not one.holds:
            slip = f": {one.slip}" if one.slip else ""
            what = f"{one.layer}: {one.quantity} {one.number:,}"
            yield f"{what} is wrong, {one.right:,} is right{slip}"
    known = [one for one in judged if one.right is not None]
    right = sum(one.holds for one in known)
    unknown = len(judged) - len(known)
    if unknown:
        yield f"{format_count(unknown, 'number')} not judged: costs of opaque layers are unknown"
    rows = {one.layer for one in judged}
    missing = [row.name for row in report.layers if row.counted and row.name not in rows]
    if missing:
        more = f" and {len(missing) - 8:,} more" if len(missing) > 8 else ""
        yield f"no row for {', '.join(missing[:8])}{more}"
    yield f"{right:,} of {format_count(len(known), 'number')} right"
