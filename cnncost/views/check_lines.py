"""`check`'s lines: one a file, saying what holds and what does not."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.costs.promises import ExpectedFigure, Limit


def line(name: str, figures: Sequence[ExpectedFigure], limits: Sequence[Limit]) -> str:
    """One file's line: `ok` or `FAILED`, and each figure or budget that decides it."""
    failed = [_figure(figure) for figure in figures if not figure.holds]
    failed += [_limit(limit) for limit in limits if not limit.holds]
    if failed:
        return f"{name}: FAILED: {'; '.join(failed)}"
    held = [f"{figure.quantity} {figure.computed:,} as expected" for figure in figures]
    held += [f"{_named(limit)} within {limit.budget:,}{_unit(limit)}" for limit in limits]
    return f"{name}: ok{': ' if held else ' (valid; no expect, no budget)'}{'; '.join(held)}"


def _figure(figure: ExpectedFigure) -> str:
    difference = figure.computed - figure.published
    if not figure.complete and difference <= 0:
        expected = f"{figure.quantity} at least {figure.computed:,}, expected {figure.published:,}"
        return f"{expected} (some layers' costs are unknown)"
    return f"{figure.quantity} {figure.computed:,}, expected {figure.published:,} ({difference:+,})"


def _limit(limit: Limit) -> str:
    over = limit.computed - limit.budget
    if over <= 0:
        least = f"{_named(limit, 'at least ')}, budget {limit.budget:,}{_unit(limit)}"
        return f"{least} (some layers' costs are unknown)"
    return f"{_named(limit)}, budget {limit.budget:,}{_unit(limit)} ({over:,} over)"


def _named(limit: Limit, least: str = "") -> str:
    scale = f" ({limit.scale})" if limit.scale else ""
    return f"{limit.metric}{scale} {least}{limit.computed:,}"


def _unit(limit: Limit) -> str:
    return " bytes" if limit.scale else ""
