"""A suggestion for people: totals, single edits, the plan step by step, and its proof."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.quantity import BYTES
from cnncost.suggest.search.plan import Plan, SingleEdit
from cnncost.suggest.search.unmet_budgets import SmallestAmount
from cnncost.suggest.suggestion.answer import Suggestion
from cnncost.suggest.text.budget import Budget
from cnncost.suggest.text.edit import Edit
from cnncost.suggest.text.meter import Measures
from cnncost.suggest.text.scores import UNIT, equivalent_width
from cnncost.views.amounts import as_mebibytes
from cnncost.views.caption import some_of
from cnncost.views.damage_words import part_text, ratio_text
from cnncost.views.page import Page, Remark, Table, Title
from cnncost.views.suggest.score_words import score_text
from cnncost.views.suggest.wording import Wording

ALL = "all of it"
"""The row of a whole plan."""

PER_SCORE = "per 0.01"
"""The column that single edits are sorted by: how much of what is too much an edit saves for a
score of 0.01."""

MOST_NAMED = 3
"""Edits of an alternative that are named one by one."""

SHOWN = 12
"""Single edits in the terminal unless `--top` says otherwise."""


class SuggestionReport:
    """What people read, as tables and paragraphs; the same in every format."""

    def __init__(
        self, found: Suggestion, *, top: int | None, explain: bool, command: str = ""
    ) -> None:
        self.found = found
        self.command = command
        self.top = top or SHOWN
        self.explain = explain
        budgeted = [budget.metric for budget in found.budgets]
        self.wording = Wording([budget.user_word for budget in found.budgets])
        self.before = self.wording.word_measures(found.before)
        wanted = ("weights", "connections", *budgeted)
        self.metrics = [self.wording.word_of(metric) for metric in found.before if metric in wanted]

    def build_page(self) -> Page:
        """All parts."""
        page = _Parts()
        self._add_all(page)
        return Page(page.blocks)

    def _add_all(self, page: _Parts) -> None:
        self._add_totals(page)
        if self.found.budgets and self.found.is_met:
            page.add_text(self._slack_text())
            return
        if self.found.is_undecided:
            page.add_text(self._undecided_text())
        elif self.found.plan is not None:
            self._add_plan(page, self.found.plan)
            self._add_alternatives(page, self.found.plan)
        elif self.found.budgets:
            self._add_reach(page)
        self._add_singles(page)
        if self.found.precisions:
            self._add_precisions(page)
        page.add_text(_WORDS)
        if self.explain:
            self._add_evidence(page)

    def _add_totals(self, page: _Parts) -> None:
        found = self.found
        page.add_title(f"{found.spec.network.name}")
        most = {budget.user_word: budget for budget in found.budgets}
        titles = ["", "today", *(["budget", "over by"] if most else [])]
        rows = [
            [word, self._bound_of(word, value), *self._over_cells(most.get(word), value)]
            for word, value in self.before.items()
            if word in most or not most
        ]
        page.add_table(titles, rows)
        if found.scale:
            page.add_text(f"Bytes: {found.scale}; kernel workspace is left out.")
        if found.unknown:
            page.add_text(
                f"The costs of {some_of(found.unknown)} are unknown: these figures, and those "
                "below, are lower bounds."
            )
        said = [self._where_most(b.metric) for b in found.budgets if b.metric in found.shares]
        if said and not found.is_met:
            page.add_text(" ".join(said))

    def _where_most(self, metric: str) -> str:
        """Which layers hold most of a metric: what a plan has to change."""
        shares = self.found.shares[metric]
        place = max(shares, key=lambda name: shares[name])
        known = "known " if self.found.unknown else ""
        word = self.wording.word_of(metric)
        return f"{place.capitalize()} hold {100 * shares[place]:.0f} % of the {known}{word}."

    def _undecided_text(self) -> str:
        parts = [
            f"{b.user_word} is at least {_amount_text(b.metric, self.before[b.user_word])}, the "
            f"budget {_amount_text(b.metric, b.limit)}"
            for b in self.found.budgets
        ]
        return (
            f"Whether the budgets hold is not known: {'; '.join(parts)}. What "
            f"{some_of(self.found.unknown)} costs decides."
        )

    def _slack_text(self) -> str:
        parts = [
            f"{b.user_word} {_amount_text(b.metric, self.before[b.user_word])} is within "
            f"{_amount_text(b.metric, b.limit)}, "
            f"{_amount_text(b.metric, b.limit - self.before[b.user_word])} to spare"
            for b in self.found.budgets
        ]
        return f"Already met: {'; '.join(parts)}."

    def _add_singles(self, page: _Parts) -> None:
        listed = self.found.singles.take_first(self.top)
        rest = len(self.found.singles) - len(listed)
        page.add_title("Single edits")
        if not listed:
            late = self.found.left_out or self.found.singles.untried
            what = "edits tried in time" if late else "catalogue"
            page.add_text(f"None of the {what} saves anything here.")
            return
        saved = [b.user_word for b in self.found.budgets] or ["weights", "connections"]
        titles = ["edit", "score", *(f"saves {word}" for word in saved), PER_SCORE]
        page.add_table(titles, [self._single_row(one, saved) for one in listed])
        if untried := self.found.singles.untried:
            tried = self.found.singles.tried
            page.add_text(f"{tried:,} of {tried + untried:,} edits tried in time.")
        if rest > 0:
            page.add_text(f"and {rest:,} more (--top {len(self.found.singles)}).")

    def _single_row(self, one: SingleEdit, words: Sequence[str]) -> list[str]:
        """An edit with what it saves of each metric, and how much for its score."""
        after = self.wording.word_measures(one.after)
        saved = [_percent_text(self.before[word], after[word]) for word in words]
        rate = self.found.singles.saving_per_score(one)
        return [one.edit.phrase, score_text(one), *saved, f"{rate:.0f} %"]

    def _add_plan(self, page: _Parts, plan: Plan) -> None:
        count = len(plan.edits)
        page.add_title(f"The plan: {count} edit{'s' * (count != 1)}")
        rows = []
        for number, step in enumerate(plan.steps, 1):
            after = self._amount_cells(step.after) if step.after else ["-"] * len(self.metrics)
            rows.append([f"{number}. {step.edit.phrase}", score_text(step), *after])
        rows.append([ALL, score_text(plan), *self._amount_cells(plan.after)])
        page.add_table(["edit", "score", *self.metrics], rows)
        if any(step.after is None for step in plan.steps):
            page.add_text("-: not valid without the edits below it, or no time to count it.")
        for paragraph in self._plan_sentences(plan):
            page.add_text(paragraph)

    def _add_precisions(self, page: _Parts) -> None:
        """Smaller element types, apart from the plan: they are no change of the file."""
        page.add_title("In a smaller precision, apart from the plan")
        rows = []
        for one in self.found.precisions:
            after = one.before if one.met else one.plan.after if one.plan else None
            score = "-" if one.score is None else f"{one.score / UNIT:.3f}"
            edits = len(one.plan.edits) if one.plan else 0
            numbers = self._amount_cells(after) if after else ["-"] * len(self.metrics)
            rows.append([one.dtype, f"{one.price / UNIT:.3f}", str(edits), score, *numbers])
        page.add_table(["", "its score", "edits", "score", *self.metrics], rows)
        page.add_text(
            "The file does not change: a spec names no element type. Judgement: its score."
        )

    def _plan_sentences(self, plan: Plan) -> list[str]:
        found = self.found
        like = f"like all widths x {equivalent_width(plan.score):.2f}"
        if plan.proved:
            proof = (
                f"Optimal over {found.space}: no plan's edits add up to less, in "
                f"{found.seconds:.1f} s."
            )
        else:
            gap = (plan.price - plan.bound) / UNIT
            proof = (
                f"Stopped after {found.seconds:.0f} s: no plan scores more than {gap:.3f} less, "
                f"over {found.space}."
            )
        if found.unknown:
            proof = f"What is known of it is within the budgets; the rest is not known. {proof}"
        score = f"Score {plan.score / UNIT:.3f}: {ratio_text(plan.damage)}; {like}."
        said = [f"{self._saved_text(plan)} {score}"]
        said += [f"To write it: {self.command}"] * bool(self.command)
        said.append(proof)
        said += [f"No time to search: {'; '.join(found.left_out)}."] * bool(found.left_out)
        return said

    def _saved_text(self, plan: Plan) -> str:
        """What the plan saves of each metric shown, and what it takes more of."""
        after = self.wording.word_measures(plan.after)
        shown = dict.fromkeys((*(b.user_word for b in self.found.budgets), *self.metrics))
        parts = [f"{_percent_text(self.before[word], after[word])} of the {word}" for word in shown]
        more = [
            f"{word} grow by {_percent_text(after[word], self.before[word], self.before[word])}"
            for word in self.before
            if after[word] > self.before[word]
        ]
        return f"Saves {', '.join(parts)}{'; ' * bool(more)}{', '.join(more)}."

    def _add_alternatives(self, page: _Parts, plan: Plan) -> None:
        """Other plans that hold the budgets: of other numbers of edits, uniform, without
        replacements."""
        found = self.found
        listed = [(_edits_text(other), other) for other in found.others]
        if found.plain is not None:
            listed.append(("no layer replaced by others", found.plain))
        if found.uniform is not None and found.uniform is not plan:
            listed.append(("all widths scaled alike", found.uniform))
        if listed:
            page.add_title("Instead of it")
            rows = [
                [said, str(len(other.edits)), score_text(other), *self._amount_cells(other.after)]
                for said, other in listed
            ]
            page.add_table(["plan", "edits", "score", *self.metrics], rows)
        if not found.scaled:
            page.add_text("No time to scale all widths alike.")
        elif found.uniform is None:
            page.add_text("No uniform scaling of the widths holds the budgets.")
        elif found.uniform is plan:
            page.add_text("The plan is uniform scaling: it scores no higher than the best edits.")

    def _add_reach(self, page: _Parts) -> None:
        found = self.found
        if not found.proved:
            page.add_text(f"No plan found in {found.seconds:.0f} s; not proved impossible.")
            if found.left_out:
                page.add_text(f"No time to search: {'; '.join(found.left_out)}.")
            return
        reach = found.unmet
        if found.most_edits is not None:
            plural = "s" * (found.most_edits != 1)
            page.add_title(f"No plan of at most {found.most_edits} edit{plural} holds the budgets")
            page.add_text("That is proved. A larger --most-edits, or none, may find one.")
            return
        page.add_title("No plan holds the budgets")
        if reach is None:
            page.add_text("That is proved; there was no time to see how near plans come.")
            return
        rows = [
            [
                b.user_word,
                _amount_text(b.metric, b.limit),
                self._smallest_cell(b.metric, reach.least[b.metric]),
            ]
            for b in found.budgets
        ]
        page.add_table(["", "budget", "smallest reachable"], rows)
        together = " (each alone is within reach, not together)"
        apart = all(reach.least[b.metric].value <= b.most for b in found.budgets)
        binding = ", ".join(map(self.wording.word_of, reach.binding))
        page.add_text(f"Out of reach: {binding}{together if apart else ''}.")
        if reach.nearest is not None and reach.nearest.steps:
            after = self.wording.word_measures(reach.nearest.after)
            counts = ", ".join(f"{m} {self._bound_of(m, after[m])}" for m in self.metrics)
            found_one = "The nearest plan" + ("" if reach.proved else " found")
            page.add_text(f"{found_one}, score {score_text(reach.nearest)}: {counts}.")
            for step in reach.nearest.steps:
                page.add_text(f"  {step.edit.phrase}")
        if found.widening and found.singles:
            page.add_text(f"What would widen the space: {'; '.join(found.widening)}.")

    def _add_evidence(self, page: _Parts) -> None:
        from cnncost.suggest.decisions.catalogue import evidence_of

        page.add_title("What the scores rest on")
        shown: list[Edit] = [one.edit for one in self.found.singles.take_first(self.top)]
        shown += [*self.found.plan.edits] if self.found.plan else []
        for kind in dict.fromkeys(edit.kind for edit in shown):
            evidence = evidence_of(kind)
            judged = f" Judgement: {evidence.judgement}." if evidence.judgement else ""
            page.add_text(f"{kind}: {evidence.sources}.{judged}")
        if self.found.plan:
            page.add_title("What the plan's score consists of")
            for part in self.found.plan.damage.parts:
                page.add_text(f"{part_text(part)}.")

    def _amount_cells(self, after: Measures) -> list[str]:
        values = self.wording.word_measures(after)
        return [self._bound_of(word, values[word]) for word in self.metrics]

    def _smallest_cell(self, metric: str, least: SmallestAmount) -> str:
        value = self._bound_of(metric, self.wording.amount_of(metric, least.value))
        return value + ("" if least.proved else " or less")

    def _bound_of(self, metric: str, value: int) -> str:
        """An amount in full; a lower bound where layers of unknown costs are left out."""
        return ">= " * bool(self.found.unknown) + _amount_text(metric, value)

    def _over_cells(self, budget: Budget | None, before: int) -> list[str]:
        """A budget's cells: its amount, and by how much it is missed."""
        if budget is None:
            return []
        over, most = before - budget.limit, _amount_text(budget.metric, budget.limit)
        met = "?" if self.found.unknown else "met"
        return [most, self._bound_of(budget.metric, over) if over > 0 else met]


_WORDS = (
    "A score is an estimate of ln(error after / before), fitted to networks that others trained; "
    "it ranks edits and predicts no accuracy. --explain has the evidence."
)


def _amount_text(metric: str, value: int) -> str:
    """A count in full; bytes as MiB."""
    return as_mebibytes(value) if metric in BYTES else f"{value:,}"


def _percent_text(before: int, after: int, of: int | None = None) -> str:
    """What part of a metric is saved; negative where there is more of it."""
    whole = before if of is None else of
    share = 100 * (before - after) / whole if whole else 0.0
    return f"{share:.0f} %" if abs(share) >= 1 or not share else f"{share:.1f} %"


def _edits_text(plan: Plan) -> str:
    """The edits of a short plan; of a long one how many they are."""
    phrases = [edit.phrase for edit in plan.edits]
    return "; ".join(phrases) if len(phrases) <= MOST_NAMED else f"the best of {len(phrases)} edits"


class _Parts:
    """The blocks of a page, in the order in which they are said."""

    def __init__(self) -> None:
        self.blocks: list[Title | Table | Remark] = []

    def add_title(self, text: str) -> None:
        self.blocks.append(Title(text))

    def add_table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        bold = [at for at, row in enumerate(rows) if row[0] == ALL]
        self.blocks.append(Table(titles, rows, bold=bold))

    def add_text(self, paragraph: str) -> None:
        self.blocks.append(Remark(paragraph))
