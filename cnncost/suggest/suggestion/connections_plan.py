"""What a plan for the same share of the connections would save of the time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from time import monotonic
from typing import NamedTuple

from cnncost.quantity import TIME
from cnncost.suggest.edits.budget import Budget
from cnncost.suggest.edits.clock import TimeOverError
from cnncost.suggest.edits.meter import Measures
from cnncost.suggest.search.plan import Plan
from cnncost.suggest.search.plan_search import COMPARED_SECONDS, PlanSearch


class ConnectionsPlan(NamedTuple):
    """The best plan for a share of the connections."""

    share: Fraction
    """Of today's connections; a budget asks for the same share of today's time."""
    plan: Plan


def find_by_connections(
    search: PlanSearch, budgets: Sequence[Budget], before: Measures, edits: int | None = None
) -> ConnectionsPlan | None:
    """Find the best plan for the share of the connections that a budget of time, the only one,
    asks for of the time; of at most so many edits, if that is limited.

    None where there are other budgets, and where no plan is proved the best in a few seconds.
    """
    if [budget.metric for budget in budgets] != [TIME] or search.variants.clock.left <= 0:
        return None
    share = Fraction(budgets[0].most, before[TIME])
    # The most connections of any share that comes to this budget: half of a time is rounded down.
    most = -(-(budgets[0].most + 1) * before["connections"] // before[TIME]) - 1
    if share >= 1 or most <= 0:
        return None
    try:
        with search.variants.clock.until(monotonic() + COMPARED_SECONDS):
            found = search.find_best([Budget("connections", most, str(most))], edits=edits)
    except TimeOverError:
        return None
    return ConnectionsPlan(share, found.plan) if found.plan is not None and found.proved else None
