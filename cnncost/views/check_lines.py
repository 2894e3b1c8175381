"""The lines of `check`: one per file, which says what holds and what does not."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.costs.duration import PER_SECOND
from cnncost.costs.promises import ExpectedFigure, Limit, TimeLimit
from cnncost.errors import CnncostError
from cnncost.language import Spec
from cnncost.quantity import TIME
from cnncost.views.amounts import as_duration
from cnncost.views.caption import describe_time


class CheckedFile(NamedTuple):
    """What was found of one file: its figures beside what they should be, or what is wrong."""

    name: str
    """As it was given, fit to print."""
    path: str
    """Of the file; empty for a bundled network and standard input."""
    spec: Spec | None
    """None where it could not be read."""
    figures: tuple[ExpectedFigure, ...] = ()
    limits: tuple[Limit, ...] = ()
    times: tuple[TimeLimit, ...] = ()
    error: CnncostError | None = None

    @property
    def holds(self) -> bool:
        return self.error is None and all(one.holds for one in list_promises(self))


class Promise(NamedTuple):
    """One figure that a file should have, and whether it has it."""

    section: str
    """`expect` or `budget`."""
    metric: str
    text: str
    holds: bool
    amount: int | float
    most: int | float
    """What is expected, or the budget; in the metric's unit, seconds for time."""


def list_promises(file: CheckedFile) -> list[Promise]:
    """List the figures of a file in the order of its line."""
    figures = [
        Promise("expect", one.quantity, _figure_text(one), one.holds, one.computed, one.published)
        for one in file.figures
    ]
    limits = [
        Promise("budget", one.metric, _limit_text(one), one.holds, one.computed, one.budget)
        for one in file.limits
    ]
    times = [
        Promise("budget", TIME, _time_text(one), one.holds, one.found.seconds, float(one.budget))
        for one in file.times
    ]
    return [*figures, *limits, *times]


def check_line(file: CheckedFile) -> str:
    """Write one file's line: `ok` or `FAILED`, and each figure or budget that decides it."""
    if file.error is not None:
        return f"{file.name}: INVALID: {_first_line(file.name, file.error)}"
    promises = list_promises(file)
    if failed := [one.text for one in promises if not one.holds]:
        return f"{file.name}: FAILED: {'; '.join(failed)}"
    held = "; ".join(one.text for one in promises)
    return f"{file.name}: ok{': ' if held else ' (valid; no expect, no budget)'}{held}"


def _first_line(name: str, error: CnncostError) -> str:
    first, *more = str(error).splitlines()
    places = sum(not line.startswith("  hint:") for line in more)
    return first.removeprefix(f"{name}:").strip() + (f" (and {places} more)" if places else "")


def _figure_text(figure: ExpectedFigure) -> str:
    if figure.holds:
        return f"{figure.quantity} {figure.computed:,} as expected"
    difference = figure.computed - figure.published
    if not figure.complete and difference <= 0:
        expected = f"{figure.quantity} at least {figure.computed:,}, expected {figure.published:,}"
        return f"{expected} (some layers' costs are unknown)"
    return f"{figure.quantity} {figure.computed:,}, expected {figure.published:,} ({difference:+,})"


def _limit_text(limit: Limit) -> str:
    if limit.holds:
        return f"{_limit_value(limit)} within {limit.budget:,}{_limit_unit(limit)}"
    over = limit.computed - limit.budget
    if over <= 0:
        least = f"{_limit_value(limit, 'at least ')}, budget {limit.budget:,}{_limit_unit(limit)}"
        return f"{least} (some layers' costs are unknown)"
    return f"{_limit_value(limit)}, budget {limit.budget:,}{_limit_unit(limit)} ({over:,} over)"


def _limit_value(limit: Limit, least: str = "") -> str:
    scale = f" ({limit.scale})" if limit.scale else ""
    return f"{limit.metric}{scale} {least}{limit.computed:,}"


def _limit_unit(limit: Limit) -> str:
    return " bytes" if limit.scale else ""


def _time_text(limit: TimeLimit) -> str:
    """Write a time beside its budget, with what it is an estimate of, and why that may not do."""
    found, budget = limit.found, as_duration(float(PER_SECOND * limit.budget))
    said = f"time {describe_time(found)}"
    remarks = "".join(f" ({remark})" for remark in found.remarks)
    return f"{said}, {'within' if limit.holds else 'budget'} {budget}{remarks}"
