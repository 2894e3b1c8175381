"""Metrics, amounts and scores of a suggestion as people read them.

Metrics have the user's words (flops or macs for connections). Counts stand in full, bytes as MiB,
times with three digits, shares in per cent, scores with three decimals.
"""

from __future__ import annotations

from collections.abc import Iterable

from cnncost.costs.duration import PER_SECOND
from cnncost.plans.edits.budget import Budget
from cnncost.plans.edits.edit import UNIT
from cnncost.plans.edits.meter import Measures
from cnncost.plans.search.plan import Plan, PlanStep, SingleEdit
from cnncost.plans.suggestion.answer import Suggestion
from cnncost.quantity import BYTES, TIME, counted_as
from cnncost.views.amounts import Duration, as_duration, as_mebibytes, bare_text


class Wording:
    """The words of an answer; a metric that nobody called otherwise keeps its own."""

    def __init__(self, asked: Iterable[str]) -> None:
        self._words = {counted_as(word)[0]: word for word in asked}

    def word_of(self, metric: str) -> str:
        """Return the word for a metric.

        >>> Wording(["flops"]).word_of("connections")
        'flops'
        """
        return self._words.get(metric, metric)

    def amount_of(self, metric: str, value: int) -> int:
        """Return a metric's value in its word's own amounts."""
        return counted_as(self.word_of(metric))[1] * value

    def word_measures(self, values: Measures) -> dict[str, int]:
        """Each metric's value by its word.

        >>> Wording(["flops"]).word_measures({"weights": 3, "connections": 5})
        {'weights': 3, 'flops': 10}
        """
        return {self.word_of(metric): self.amount_of(metric, v) for metric, v in values.items()}


class AmountWords:
    """What one suggestion's amounts are called and written as."""

    def __init__(self, found: Suggestion) -> None:
        self.least = ">= " if found.unknown else ""
        """Before an amount that leaves layers of unknown costs out."""
        self.fewest = found.fewest_connections
        self.grow = found.grow
        self.wording = Wording([budget.user_word for budget in found.budgets])
        self.before = self.wording.word_measures(found.before)
        budgeted = [budget.metric for budget in found.budgets]
        wanted = ("weights", "connections", *budgeted)
        self.metrics = [self.wording.word_of(metric) for metric in found.before if metric in wanted]
        """The metrics that tables show, as the user calls them."""

    def cells(self, after: Measures) -> list[str]:
        """Return the metrics that tables show, of one network."""
        values = self.wording.word_measures(after)
        cells = [self.bound_text(word, values[word]) for word in self.metrics]
        if TIME in self.metrics and self.is_short(after):
            cells[self.metrics.index(TIME)] = f">= {amount_text(TIME, values[TIME])}"
        return cells

    def is_short(self, after: Measures) -> bool:
        """Whether what is estimated of a network's time is only a lower bound."""
        return after["connections"] < self.fewest

    def saved_text(self, word: str, after: Measures) -> str:
        """Return what part of a metric is saved, of one network."""
        value = self.wording.word_measures(after)[word]
        most = "at most " if word == TIME and self.is_short(after) else ""
        return most + percent_text(self.before[word], value)

    def taken_text(self, word: str, after: Measures) -> str:
        """Return what part of a metric is taken beyond today's, of one network."""
        before, value = self.before[word], self.wording.word_measures(after)[word]
        return percent_text(value, before, before)

    def bound_text(self, metric: str, value: int) -> str:
        """Return an amount in full; a lower bound where layers of unknown costs are left out."""
        return self.least + amount_text(metric, value)

    def excess_cells(self, budget: Budget | None, before: int) -> list[str]:
        """Return a budget's cells: its amount, and by how much it is missed; or, where plans may
        grow, what it leaves."""
        if budget is None:
            return []
        over, most = before - budget.limit, amount_text(budget.metric, budget.limit)
        met = "?" if self.least else "met"
        if self.grow and over <= 0 and not self.least:
            met = amount_text(budget.metric, -over)
        elif self.grow and over > 0:
            return [most, f"- {amount_text(budget.metric, over)}"]
        return [most, self.bound_text(budget.metric, over) if over > 0 else met]


def amount_text(metric: str, value: int) -> str:
    """Return a count in full; bytes as MiB, a time with its unit."""
    if metric == TIME:
        return as_duration(value)
    return as_mebibytes(value) if metric in BYTES else f"{value:,}"


def program_amount(metric: str, value: int) -> int | float:
    """Return an amount for programs: a time in seconds, the others as they are."""
    return value / PER_SECOND if metric == TIME else value


def program_text(metric: str, value: int) -> str:
    """Return an amount as a cell for programs: a time in seconds, exactly."""
    return bare_text(Duration(value) if metric == TIME else value)


def percent_text(before: int, after: int, of: int | None = None) -> str:
    """What part of a metric is saved; negative where there is more of it."""
    whole = before if of is None else of
    share = 100 * (before - after) / whole if whole else 0.0
    return f"{share:.0f} %" if abs(share) >= 1 or not share else f"{share:.1f} %"


SCORE_WORDS = (
    "estimates of ln(error after / before) of networks trained alike, fitted to thousands that "
    "others trained; they rank edits and predict no accuracy. --explain has the evidence."
)


def score_text(one: SingleEdit | Plan | PlanStep) -> str:
    """Return a score with three decimals; a dash where it is not known."""
    return "-" if one.score is None else f"{one.score / UNIT:z.3f}"
