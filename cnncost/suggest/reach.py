"""How far the space of plans reaches, where none holds the budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cnncost.suggest.budget import Budget
from cnncost.suggest.plan import Plan
from cnncost.suggest.search import Near, Search


class Smallest(NamedTuple):
    """How small a metric becomes."""

    value: int
    proved: bool
    """Whether no plan reaches less."""


class Reach(NamedTuple):
    """The nearest that the space comes to budgets that it cannot hold."""

    least: Mapping[str, Smallest]
    """The smallest value of each metric that has a budget, each taken alone."""
    binding: tuple[str, ...]
    """The metrics whose budget is out of reach even alone; all if only together."""
    nearest: Plan | None
    """The plan whose worst excess, as a share of its budget, is least; of those with its spatial
    change that come as near the one of the least score."""
    proved: bool
    """Whether no plan comes nearer."""


def reach(search: Search, budgets: Sequence[Budget]) -> Reach:
    """How far the space reaches under these budgets."""
    near = search.nearest(budgets)
    least = {
        budget.metric: _smallest(budget, near if len(budgets) == 1 else search.nearest([budget]))
        for budget in budgets
    }
    binding = tuple(b.metric for b in budgets if least[b.metric].value > b.most)
    names = tuple(budget.metric for budget in budgets)
    return Reach(least, binding or names, near.plan, near.proved)


def _smallest(budget: Budget, near: Near) -> Smallest:
    return Smallest(near.plan.after[budget.metric] if near.plan else 0, near.proved)
