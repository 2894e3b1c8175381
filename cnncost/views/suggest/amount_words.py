"""Amounts of a suggestion as people read them: counts in full, bytes as MiB, shares in per cent."""

from __future__ import annotations

from cnncost.quantity import BYTES
from cnncost.suggest.edits.budget import Budget
from cnncost.suggest.edits.meter import Measures
from cnncost.suggest.suggestion.answer import Suggestion
from cnncost.views.amounts import as_mebibytes
from cnncost.views.suggest.wording import Wording


class AmountWords:
    """What one suggestion's amounts are called and written as."""

    def __init__(self, found: Suggestion) -> None:
        self.least = ">= " if found.unknown else ""
        """Before an amount that leaves layers of unknown costs out."""
        self.wording = Wording([budget.user_word for budget in found.budgets])
        self.before = self.wording.word_measures(found.before)
        budgeted = [budget.metric for budget in found.budgets]
        wanted = ("weights", "connections", *budgeted)
        self.metrics = [self.wording.word_of(metric) for metric in found.before if metric in wanted]
        """The metrics that tables show, as the user calls them."""

    def cells(self, after: Measures) -> list[str]:
        """The metrics that tables show, of one network."""
        values = self.wording.word_measures(after)
        return [self.bound_text(word, values[word]) for word in self.metrics]

    def bound_text(self, metric: str, value: int) -> str:
        """An amount in full; a lower bound where layers of unknown costs are left out."""
        return self.least + amount_text(metric, value)

    def excess_cells(self, budget: Budget | None, before: int) -> list[str]:
        """A budget's cells: its amount, and by how much it is missed."""
        if budget is None:
            return []
        over, most = before - budget.limit, amount_text(budget.metric, budget.limit)
        met = "?" if self.least else "met"
        return [most, self.bound_text(budget.metric, over) if over > 0 else met]


def amount_text(metric: str, value: int) -> str:
    """A count in full; bytes as MiB."""
    return as_mebibytes(value) if metric in BYTES else f"{value:,}"


def percent_text(before: int, after: int, of: int | None = None) -> str:
    """What part of a metric is saved; negative where there is more of it."""
    whole = before if of is None else of
    share = 100 * (before - after) / whole if whole else 0.0
    return f"{share:.0f} %" if abs(share) >= 1 or not share else f"{share:.1f} %"
