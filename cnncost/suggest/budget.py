"""Budgets: the most that a network may take of a metric, as a count or a share of today's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from cnncost.errors import CnncostError, did_you_mean
from cnncost.quantity import BYTES, parse_bytes, parse_count, parse_number
from cnncost.suggest.draft import METRICS, Measures


@dataclass(frozen=True)
class Budget:
    """One metric's limit."""

    metric: str
    most: int
    asked: str
    """As the user wrote it; a share as the count that it comes to."""


def parse(texts: Iterable[str], before: Measures) -> tuple[Budget, ...]:
    """The budgets of `weights=20M`, `connections=50%`.

    Raises:
        CnncostError: one is no budget, or two limit one metric.
    """
    budgets: list[Budget] = []
    for text in texts:
        metric, equals, amount = text.partition("=")
        if not equals:
            raise CnncostError(f"{text!r} is no budget", "write METRIC=AMOUNT, as in weights=20M")
        metric = metric.strip().replace("-", "_")
        if metric in BYTES and not amount.endswith("%"):
            parse_bytes(amount)
        _refuse_bytes(metric)
        metric = metric_named(metric)
        if any(metric == budget.metric for budget in budgets):
            raise CnncostError(f"--budget {metric} is given twice", "keep one")
        budgets.append(_budget(metric, amount.strip(), before))
    return tuple(budgets)


def of_spec(limits: Mapping[str, int]) -> tuple[Budget, ...]:
    """The budgets that a spec itself sets.

    Raises:
        CnncostError: one is of bytes.
    """
    for metric in limits:
        _refuse_bytes(metric)
    return tuple(Budget(metric, most, str(most)) for metric, most in limits.items())


def _refuse_bytes(metric: str) -> None:
    """Plans are searched over counts; check knows the budgets of bytes."""
    if metric in BYTES:
        known = f"it plans for {', '.join(METRICS[:-1])} and {METRICS[-1]}: give those by --budget"
        raise CnncostError(f"suggest makes no plans for {metric}", known)


def metric_named(word: str) -> str:
    """The metric that a word names; hyphens are accepted for underscores.

    Raises:
        CnncostError: there is none of that name.
    """
    metric = word.strip().replace("-", "_")
    if metric not in METRICS:
        known = f"a budget limits {', '.join(METRICS[:-1])} or {METRICS[-1]}"
        raise CnncostError(f"unknown metric {metric!r}", did_you_mean(metric, METRICS, known))
    return metric


def _budget(metric: str, amount: str, before: Measures) -> Budget:
    if amount.endswith("%"):
        share = parse_number(amount[:-1].strip())
        if share is None or share < 0:
            raise CnncostError(f"{metric}={amount}: no share", "write it as 50% or 12.5%")
        most = int(Fraction(share) * before[metric] / 100)
        budget = Budget(metric, most, str(most))
    else:
        try:
            budget = Budget(metric, parse_count(amount), amount)
        except CnncostError as trouble:
            raise CnncostError(f"{metric}={amount}: {trouble.what}", trouble.hint) from None
    if budget.most == 0:
        raise CnncostError(
            f"{metric}={amount}: no network has 0 {metric}", "an amount such as 20M, or 50%"
        )
    return budget
