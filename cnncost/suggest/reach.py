"""How far the space of plans reaches, where none holds the budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cnncost.suggest.budget import Budget
from cnncost.suggest.plan import Plan
from cnncost.suggest.search import Search


class Reach(NamedTuple):
    """The nearest that the space comes to budgets that it cannot hold."""

    least: Mapping[str, int]
    """The smallest value of each metric that has a budget, each taken alone."""
    binding: tuple[str, ...]
    """The metrics whose budget is out of reach even alone; all if only together."""
    nearest: Plan | None
    """The plan whose worst excess, as a share of its budget, is least."""


def reach(search: Search, budgets: Sequence[Budget]) -> Reach:
    """How far the space reaches under these budgets."""
    least = {}
    for budget in budgets:
        least[budget.metric] = search.least(budget)
    binding = tuple(b.metric for b in budgets if least[b.metric] > b.most)
    names = tuple(budget.metric for budget in budgets)
    return Reach(least, binding or names, search.nearest(budgets))
