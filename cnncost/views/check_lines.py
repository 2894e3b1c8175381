"""The lines of `check`: one per file, which says what holds and what does not."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.costs.duration import PER_SECOND
from cnncost.costs.promises import ExpectedFigure, Limit, TimeLimit
from cnncost.views.amounts import as_duration
from cnncost.views.caption import describe_time


def check_line(
    name: str,
    figures: Sequence[ExpectedFigure],
    limits: Sequence[Limit],
    times: Sequence[TimeLimit] = (),
) -> str:
    """Write one file's line: `ok` or `FAILED`, and each figure or budget that decides it."""
    failed = [_figure_text(figure) for figure in figures if not figure.holds]
    failed += [_limit_text(limit) for limit in limits if not limit.holds]
    failed += [_time_text(limit) for limit in times if not limit.holds]
    if failed:
        return f"{name}: FAILED: {'; '.join(failed)}"
    held = [f"{figure.quantity} {figure.computed:,} as expected" for figure in figures]
    held += [
        f"{_limit_value(limit)} within {limit.budget:,}{_limit_unit(limit)}" for limit in limits
    ]
    held += [_time_text(limit) for limit in times]
    return f"{name}: ok{': ' if held else ' (valid; no expect, no budget)'}{'; '.join(held)}"


def _figure_text(figure: ExpectedFigure) -> str:
    difference = figure.computed - figure.published
    if not figure.complete and difference <= 0:
        expected = f"{figure.quantity} at least {figure.computed:,}, expected {figure.published:,}"
        return f"{expected} (some layers' costs are unknown)"
    return f"{figure.quantity} {figure.computed:,}, expected {figure.published:,} ({difference:+,})"


def _limit_text(limit: Limit) -> str:
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
