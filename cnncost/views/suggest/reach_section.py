"""How near plans come to budgets that none holds, for people."""

from __future__ import annotations

from cnncost.suggest.search.unmet_budgets import SmallestAmount, UnmetBudgets
from cnncost.suggest.suggestion.answer import Suggestion
from cnncost.views.suggest.amount_words import AmountWords, amount_text
from cnncost.views.suggest.page_parts import PageParts
from cnncost.views.suggest.score_words import score_text


class ReachSection:
    """What is said where there is no plan."""

    def __init__(self, found: Suggestion, words: AmountWords) -> None:
        self.found, self.words = found, words

    def add_reach(self, page: PageParts) -> None:
        """That no plan was found, and how near plans come."""
        found = self.found
        if not found.proved:
            page.add_text(f"No plan found in {found.seconds:.0f} s; not proved impossible.")
            if found.left_out:
                page.add_text(f"No time to search: {'; '.join(found.left_out)}.")
        elif found.most_edits is not None:
            plural = "s" * (found.most_edits != 1)
            page.add_title(f"No plan of at most {found.most_edits} edit{plural} holds the budgets")
            page.add_text("That is proved. A larger --most-edits, or none, may find one.")
        else:
            page.add_title("No plan holds the budgets")
            if found.unmet is None:
                page.add_text("That is proved; there was no time to see how near plans come.")
            else:
                self._add_unmet(page, found.unmet)

    def _add_unmet(self, page: PageParts, reach: UnmetBudgets) -> None:
        """The smallest amounts, what binds, and the nearest plan."""
        budgets = self.found.budgets
        rows = [
            [
                b.user_word,
                amount_text(b.metric, b.limit),
                self._smallest_cell(b.metric, reach.least[b.metric]),
            ]
            for b in budgets
        ]
        page.add_table(["", "budget", "smallest reachable"], rows)
        together = " (each alone is within reach, not together)"
        apart = all(reach.least[b.metric].value <= b.most for b in budgets)
        binding = ", ".join(map(self.words.wording.word_of, reach.binding))
        page.add_text(f"Out of reach: {binding}{together if apart else ''}.")
        self._add_nearest(page, reach)
        if self.found.widening and self.found.singles:
            page.add_text(f"What would widen the space: {'; '.join(self.found.widening)}.")

    def _add_nearest(self, page: PageParts, reach: UnmetBudgets) -> None:
        if reach.nearest is None or not reach.nearest.steps:
            return
        after = self.words.wording.word_measures(reach.nearest.after)
        named = [f"{m} {self.words.bound_text(m, after[m])}" for m in self.words.metrics]
        found_one = "The nearest plan" + ("" if reach.proved else " found")
        page.add_text(f"{found_one}, score {score_text(reach.nearest)}: {', '.join(named)}.")
        for step in reach.nearest.steps:
            page.add_text(f"  {step.edit.phrase}")

    def _smallest_cell(self, metric: str, least: SmallestAmount) -> str:
        value = self.words.wording.amount_of(metric, least.value)
        return self.words.bound_text(metric, value) + ("" if least.proved else " or less")
