"""What `suggest` found, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from cnncost.suggest.suggestion.answer import ParetoPoint, Suggestion
from cnncost.suggest.text.meter import Measures


def write(
    file: TextIO, found: Suggestion, form: str, *, top: int | None = None, explain: bool = False
) -> None:
    """Write a suggestion in one of the formats table, json, csv, markdown."""
    if form == "json":
        from cnncost.views.suggest.machine import write_json

        write_json(file, found)
    elif form == "csv":
        from cnncost.views.suggest.machine import write_csv

        write_csv(file, found)
    else:
        from cnncost.views.suggest.report import Report

        Report(found, top=top, explain=explain).write(file, markdown=form == "markdown")


def frontier(
    file: TextIO, points: Sequence[ParetoPoint], before: Measures, form: str, *, known: bool
) -> None:
    """Write the frontier of a metric in one of the formats table, json, csv, markdown."""
    from cnncost.views.suggest import pareto as view

    view.write(file, points, before, form, known=known)


__all__ = ["frontier", "write"]
