"""How much a network may grow against another: `connections=+5%`."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from cnncost.costs.metrics import find_total
from cnncost.costs.promises import compare_budget
from cnncost.errors import CnncostError
from cnncost.quantity import BYTES, MetricAmount, budget_metric, parse_change, split_metric
from cnncost.study.comparison import Side

HINT = "write METRIC=+AMOUNT, as in connections=+5% or weights=+1M; +0 allows no growth"


class Growth(NamedTuple):
    """The growth that is allowed in one metric: a share of what was there, or a count."""

    metric: str
    amount: str
    """As it was written."""
    change: MetricAmount

    def allowed_value(self, before: int) -> int | Fraction:
        """The largest value allowed where it was `before`."""
        return before + self.change.share_of(before)


class Excess(NamedTuple):
    """A metric that grew more than allowed, or may have: some costs are unknown."""

    growth: Growth
    label: str
    before: int
    after: int
    complete: bool


def parse_growth(text: str) -> Growth:
    """Metric and growth of `connections=+5%`, `weights=+1M` or `weights=-10%`.

    Raises:
        CnncostError: there is no `=`, no sign, or the metric or the amount is unknown.
    """
    refusal = CnncostError(f"--fail-on {text}: no growth", HINT)
    metric, amount = split_metric(text, refusal)
    change = parse_change(amount)
    if change is None:
        raise refusal
    return Growth(budget_metric(metric), amount.strip(), change)


def find_excesses(sides: tuple[Side, ...], growths: list[Growth]) -> list[Excess]:
    """Where networks behind the first grew more than they may."""
    metrics = [growth.metric for growth in growths]
    values = [_metric_values(side, metrics) for side in sides]
    found = []
    for side, after in zip(sides[1:], values[1:], strict=True):
        complete = side.report.complete and sides[0].report.complete
        for growth in growths:
            was, now = values[0][growth.metric], after[growth.metric]
            if now > growth.allowed_value(was) or not complete:
                found.append(Excess(growth, side.label, was, now, complete))
    return found


def _metric_values(side: Side, metrics: list[str]) -> dict[str, int]:
    """What budgets limit; the totals as they are shown, under their own convention."""
    limited = compare_budget(side.spec, dict.fromkeys(metrics, 0))
    shown = {word: find_total(side.report.totals, word) for word in metrics if word not in BYTES}
    return {limit.metric: limit.computed for limit in limited} | shown
