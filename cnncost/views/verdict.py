"""`check`'s lines: one a file, saying what holds and what does not."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.costs import Figure, Limit


def line(name: str, figures: Sequence[Figure], limits: Sequence[Limit]) -> str:
    """One file's line: `ok` or `FAILED`, and each figure or budget that decides it."""
    failed = [_figure(f) for f in figures if not f.holds] + [_limit(b) for b in limits if not b.holds]
    if failed:
        return f"{name}: FAILED: {'; '.join(failed)}"
    held = [f"{figure.quantity} {figure.computed:,} as expected" for figure in figures]
    held += [f"{b.metric} {b.computed:,} within {b.budget:,}" for b in limits]
    return f"{name}: ok{': ' if held else ' (it expects nothing and has no budget)'}{'; '.join(held)}"


def _figure(figure: Figure) -> str:
    difference = figure.computed - figure.published
    return (
        f"{figure.quantity} {figure.computed:,}, expected {figure.published:,} ({difference:+,})"
    )


def _limit(limit: Limit) -> str:
    over = limit.computed - limit.budget
    return f"{limit.metric} {limit.computed:,}, budget {limit.budget:,} ({over:,} over)"
