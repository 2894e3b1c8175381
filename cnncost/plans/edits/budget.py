"""Budgets: the most that a network may take of a metric, as a count or a share of today's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cnncost.costs.duration import PER_SECOND
from cnncost.errors import CnncostError
from cnncost.plans.edits.meter import Measures
from cnncost.quantity import (
    BYTES,
    TIME,
    budget_metric,
    counted_as,
    format_seconds,
    parse_amount,
    parse_seconds,
    refuse_same_metric,
    split_metric,
)

MOST = 2**62
"""Larger amounts limit nothing, and the solver's numbers end there."""


class Budget(NamedTuple):
    """One metric's limit."""

    metric: str
    most: int
    asked: str
    """As the user wrote it; a share as the amount that it comes to."""
    word: str = ""
    """What the user calls the metric, if by another word: flops."""
    amount: int | None = None
    """The limit in that word's own amounts."""

    @property
    def user_word(self) -> str:
        """The metric as the user calls it."""
        return self.word or self.metric

    @property
    def limit(self) -> int:
        """The most of what the user calls the metric."""
        return self.most if self.amount is None else self.amount


def parse_budgets(texts: Iterable[str], before: Measures) -> tuple[Budget, ...]:
    """The budgets of `weights=20M`, `connections=50%`.

    Raises:
        CnncostError: one is no budget, or two limit one metric.
    """
    budgets: list[Budget] = []
    for text in texts:
        metric, amount = split_metric(text)
        word = budget_metric(metric, TIME)
        refuse_same_metric(word, [budget.user_word for budget in budgets])
        budgets.append(_parse_budget(word, amount.strip(), before))
    return tuple(budgets)


def budgets_of_spec(limits: Mapping[str, int]) -> tuple[Budget, ...]:
    """The budgets that a spec itself sets."""
    return tuple(
        budget_of_amount(word, min(most, MOST), _format_amount(word, most))
        for word, most in limits.items()
    )


def budget_of_amount(word: str, amount: int, asked: str) -> Budget:
    """The budget of an amount of what a word names: 9 flops are 4 connections.

    >>> budget_of_amount("flops", 9, "9").most
    4
    """
    metric, times = counted_as(word)
    if metric == word:
        return Budget(metric, amount, asked)
    return Budget(metric, amount // times, asked, word, amount)


def limits_time(texts: Iterable[str]) -> bool:
    """Whether one of these budgets limits time."""
    return any(text.partition("=")[0].strip() == TIME for text in texts)


def byte_metrics_in(texts: Iterable[str]) -> tuple[str, ...]:
    """The metrics in bytes that these budgets name, in the order of the output."""
    words = [text.partition("=")[0].strip().replace("-", "_") for text in texts]
    return tuple(metric for metric in BYTES if metric in words)


def budgets_hold(after: Measures, budgets: Sequence[Budget]) -> bool:
    """Whether every budget holds."""
    return all(after[budget.metric] <= budget.most for budget in budgets)


def _format_amount(metric: str, most: int) -> str:
    """An amount as a budget takes it: bytes in the largest unit that is exact."""
    if metric == TIME:
        return format_seconds(most)
    if metric not in BYTES:
        return str(most)
    units = [(1024**power, unit) for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB"))]
    size, unit = next((pair for pair in units if most and most % pair[0] == 0), (1, "B"))
    return f"{most // size}{unit}"


def _parse_budget(word: str, amount: str, before: Measures) -> Budget:
    if word == TIME:
        return _parse_time(amount, before)
    metric, times = counted_as(word)
    try:
        read = parse_amount(word, amount, percent=True)
    except CnncostError as trouble:
        raise CnncostError(f"{word}={amount}: {trouble.what}", trouble.hint) from None
    if read.percent:
        most = int(read.share_of(times * before[metric]))
        budget = budget_of_amount(word, most, _format_amount(word, most))
    else:
        budget = budget_of_amount(word, int(read.number), amount)
    if budget.most > MOST:
        raise CnncostError(f"{word}={amount}: more than any network has", f"at most {MOST:,}")
    if budget.most == 0:
        if not before[metric]:
            raise CnncostError(
                f"{word}={amount}: this network has no {word}", "limit another metric"
            )
        raise CnncostError(
            f"{word}={amount}: no network has {budget.limit} {'bytes of ' * (word in BYTES)}{word}",
            f"an amount such as {'64MiB' if word in BYTES else '20M'}, or 50%",
        )
    return budget


def _parse_time(amount: str, before: Measures) -> Budget:
    """Read a budget of time, in picoseconds: `2ms`, or a share of today's."""
    try:
        if amount.endswith("%"):
            most = int(parse_amount(TIME, amount, percent=True).share_of(before[TIME]))
            budget = Budget(TIME, most, format_seconds(most))
        else:
            budget = Budget(TIME, int(PER_SECOND * parse_seconds(amount)), amount)
    except CnncostError as trouble:
        raise CnncostError(f"{TIME}={amount}: {trouble.what}", trouble.hint) from None
    if budget.most > MOST:
        raise CnncostError(f"{TIME}={amount}: longer than any network takes", "as in 2ms, or 50%")
    if budget.most == 0:
        raise CnncostError(f"{TIME}={amount}: no network takes no time", "as in 2ms, or 50%")
    return budget
