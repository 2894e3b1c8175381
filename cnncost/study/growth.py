"""Limits on how much a network may grow compared with another: `connections=+5%`."""

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
    """The growth that is allowed in one metric: a percentage of the first network's, or a count."""

    metric: str
    amount: str
    """The amount as the user wrote it."""
    change: MetricAmount

    def allowed_value(self, before: int) -> int | Fraction:
        """Return the largest value that is allowed if the first network has `before`."""
        return before + self.change.share_of(before)


class Excess(NamedTuple):
    """A metric that grew more than allowed, or may have done so because some costs are unknown."""

    growth: Growth
    label: str
    before: int
    after: int
    complete: bool


def parse_growth(text: str) -> Growth:
    """Read the metric and growth of `connections=+5%`, `weights=+1M` or `weights=-10%`.

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
    """Find the metrics in which a network grew more than allowed, compared with the first."""
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
    """Compute the metrics that can be limited; totals are counted under the shown convention."""
    limited = compare_budget(side.spec, dict.fromkeys(metrics, 0))
    shown = {word: find_total(side.report.totals, word) for word in metrics if word not in BYTES}
    return {limit.metric: limit.computed for limit in limited} | shown
