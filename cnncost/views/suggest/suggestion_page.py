"""A suggestion for people: totals, single edits, the plan step by step, and its proof."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.plans.edits.edit import UNIT, Edit
from cnncost.plans.search.plan import SingleEdit
from cnncost.plans.search.unmet_budgets import SmallestAmount, UnmetBudgets
from cnncost.plans.suggestion.answer import NARROW, PrecisionPrice, Suggestion
from cnncost.quantity import TIME
from cnncost.views.caption import describe_time, some_of
from cnncost.views.damage_words import part_text
from cnncost.views.page import Page
from cnncost.views.suggest.amount_words import (
    SCORE_WORDS,
    AmountWords,
    amount_text,
    score_text,
)
from cnncost.views.suggest.page_parts import PageParts
from cnncost.views.suggest.plan_section import PlanSection

PER_SCORE = "per 0.01"
"""The column that single edits are sorted by: how much of what is too much an edit saves for a
score of 0.01."""

PER_SHARE = "per 1 %"
"""The same where plans may grow: the score for each per cent of what budgets limit."""

SHOWN, SHOWN_ALONE = 12, 18
"""Single edits in the terminal unless `--top` says otherwise: below a plan, and without one."""

_LEFT_ALONE = ("lstm", "gru", "rnn", "embedding")
"""The layer types of which no measured edit is known."""

NARROW_TEXT = (
    "int4 weights are of flash alone: 'types: {activations: int8, weights: int4, biases: int32}' "
    "in the spec says them, and 'fit --dtype int4' counts with them. Their score counts from "
    "float32, between ends that are published; how well small networks do is not known."
)
"""What is said of weights of four bits."""

NARROW_EVIDENCE = (
    "int4 weights: AdaRound (Nagel et al. 2020): ResNet-18 and ResNet-50 lose up to 1 point of "
    "accuracy without fine-tuning; FAQ (McKinstry et al. 2018): none with it; Krishnamoorthi 2018: "
    "2 to 10 points with training for it, more of smaller networks. As ln(error after / before): 0 "
    "to .08, where convolutions are depthwise .07 to .30. Judgement: the score between."
)
"""What the score of weights of four bits rests on."""

UNPRICED = ("locally_connected",)
"""Layer types that no edit changes, and whose weights no score covers."""


class SuggestionReport:
    """What people read, as tables and paragraphs; the same in every format."""

    def __init__(
        self, found: Suggestion, *, top: int | None, explain: bool, command: str = ""
    ) -> None:
        self.found = found
        self.command = command
        self.top = top or (SHOWN if found.budgets else SHOWN_ALONE)
        self.explain = explain
        self.words = AmountWords(found)

    def build_page(self) -> Page:
        """All parts."""
        page = PageParts()
        self._add_all(page)
        return Page(page.blocks)

    def _add_all(self, page: PageParts) -> None:
        found = self.found
        self._add_totals(page)
        if found.budgets and found.is_met and not found.grow:
            if found.plan and found.in_patches:
                PlanSection(found, found.plan, self.words, self.command).add_plan(page)
            else:
                page.add_text(self._slack_text())
            return
        plan = None if found.is_undecided else found.plan
        if found.is_undecided:
            page.add_text(self._undecided_text())
        elif plan is not None:
            section = PlanSection(found, plan, self.words, self.command)
            section.add_plan(page)
            section.add_alternatives(page)
        elif found.budgets:
            ReachSection(found, self.words).add_reach(page)
        self._add_singles(page)
        if found.precisions:
            self._add_precisions(page)
        if plan is None:
            page.add_text(f"Scores are {SCORE_WORDS}")
        if self.explain:
            self._add_evidence(page)

    def _add_totals(self, page: PageParts) -> None:
        found, words = self.found, self.words
        page.add_title(f"{found.spec.network.name}")
        most = {budget.user_word: budget for budget in found.budgets}
        titles = ["", "today", *(["budget", "left" if found.grow else "over by"] if most else [])]
        rows = [
            [word, words.bound_text(word, value), *words.excess_cells(most.get(word), value)]
            for word, value in words.before.items()
            if word in most or not most
        ]
        page.add_table(titles, rows)
        if found.scale:
            page.add_text(f"Bytes: {found.scale}; kernel workspace is left out.")
        if found.time is not None:
            page.add_text(" ".join([f"Time: {describe_time(found.time)}.", *found.time.remarks]))
        if found.unknown:
            page.add_text(
                f"The costs of {some_of(found.unknown)} are unknown: these figures, and those "
                "below, are lower bounds."
            )
        types = {node.layer.word for node in found.spec.network.layers}
        if left := [word for word in _LEFT_ALONE if word in types]:
            page.add_text(
                f"No edit is offered of {', '.join(left)} alone: what a narrower one costs is not "
                "known."
            )
        said = [self._where_most(b.metric) for b in found.budgets if b.metric in found.shares]
        if said and not found.is_met:
            page.add_text(" ".join(said))

        unpriced = [n.name for n in found.spec.network.layers if n.layer.word in UNPRICED]
        if unpriced:
            page.add_text(
                f"Locally connected layers ({some_of(unpriced)}) keep their filters and kernels; "
                "no score was fitted to what smaller maps take from them."
            )

    def _where_most(self, metric: str) -> str:
        """Which layers hold most of a metric: what a plan has to change."""
        shares = self.found.shares[metric]
        place = max(shares, key=lambda name: shares[name])
        known = "known " if self.found.unknown else ""
        word = self.words.wording.word_of(metric)
        return f"{place.capitalize()} hold {100 * shares[place]:.0f} % of the {known}{word}."

    def _undecided_text(self) -> str:
        parts = [
            f"{b.user_word} is at least "
            f"{amount_text(b.metric, self.words.before[b.user_word])}, the budget "
            f"{amount_text(b.metric, b.limit)}"
            for b in self.found.budgets
        ]
        return (
            f"Whether the budgets hold is not known: {'; '.join(parts)}. What "
            f"{some_of(self.found.unknown)} costs decides."
        )

    def _slack_text(self) -> str:
        parts = [
            f"{b.user_word} {amount_text(b.metric, self.words.before[b.user_word])} is within "
            f"{amount_text(b.metric, b.limit)}, "
            f"{amount_text(b.metric, b.limit - self.words.before[b.user_word])} to spare"
            for b in self.found.budgets
        ]
        return f"Already met: {'; '.join(parts)}."

    def _add_singles(self, page: PageParts) -> None:
        listed = self.found.singles.take_first(self.top)
        rest = len(self.found.singles) - len(listed)
        page.add_title("Single edits")
        if not listed:
            late = self.found.left_out or self.found.singles.untried
            what = "edits tried in time" if late else "catalogue"
            does = (
                "gains anything within the budgets"
                if self.found.singles.grow
                else "saves anything here"
            )
            page.add_text(f"None of the {what} {does}.")
            return
        saved = [b.user_word for b in self.found.budgets] or ["weights", "connections"]
        verb, rate = ("takes", PER_SHARE) if self.found.singles.grow else ("saves", PER_SCORE)
        titles = ["edit", "score", *(f"{verb} {word}" for word in saved), rate]
        page.add_table(titles, [self._single_row(one, saved) for one in listed])
        if untried := self.found.singles.untried:
            tried = self.found.singles.tried
            page.add_text(f"{tried:,} of {tried + untried:,} edits tried in time.")
        if rest > 0:
            page.add_text(f"and {rest:,} more (--top {len(self.found.singles)}).")

    def _single_row(self, one: SingleEdit, words: Sequence[str]) -> list[str]:
        """Return an edit with what it saves of each metric, and how much for its score; or with
        what it takes, and its score for that."""
        rate = self.found.singles.worth_of(one)
        if self.found.singles.grow:
            taken = [self.words.taken_text(word, one.after) for word in words]
            return [one.edit.phrase, score_text(one), *taken, f"{-rate:.4f}"]
        saved = [self.words.saved_text(word, one.after) for word in words]
        return [one.edit.phrase, score_text(one), *saved, f"{rate:.0f} %"]

    def _add_precisions(self, page: PageParts) -> None:
        """Smaller element types, apart from the plan: they are no change of the file."""
        page.add_title("In a smaller precision, apart from the plan")
        rows = []
        for one in self.found.precisions:
            after = one.before if one.met else one.plan.after if one.plan else None
            score = "-" if one.score is None else f"{one.score / UNIT:.3f}"
            edits = len(one.plan.edits) if one.plan else 0
            numbers = self.words.cells(after) if after else ["-"] * len(self.words.metrics)
            rows.append([one.dtype, _price_text(one.price), str(edits), score, *numbers])
        page.add_table(["", "its score", "edits", "score", *self.words.metrics], rows)
        dtypes = [one.dtype for one in self.found.precisions]
        if dtypes != [NARROW]:
            page.add_text("fp16 and int8 are no change of the file. Judgement: their scores.")
        if NARROW in dtypes:
            page.add_text(NARROW_TEXT)

    def _add_evidence(self, page: PageParts) -> None:
        from cnncost.plans.edits.catalogue import evidence_of

        page.add_title("What the scores rest on")
        shown: list[Edit] = [one.edit for one in self.found.singles.take_first(self.top)]
        shown += [*self.found.plan.edits] if self.found.plan else []
        for kind in dict.fromkeys(edit.kind for edit in shown):
            evidence = evidence_of(kind)
            judged = f" Judgement: {evidence.judgement}." if evidence.judgement else ""
            page.add_text(f"{kind}: {evidence.sources}.{judged}")
        if any(one.dtype == NARROW for one in self.found.precisions):
            page.add_text(NARROW_EVIDENCE)
        if self.found.plan:
            page.add_title("What the plan's score consists of")
            for part in self.found.plan.damage.parts:
                page.add_text(f"{part_text(part)}.")


def _price_text(price: PrecisionPrice) -> str:
    """Write what a precision scores, with its ends where they are known."""
    text = f"{price.score / UNIT:.3f}"
    known = price.low < price.high
    return f"{text} ({price.low / UNIT:.2f} to {price.high / UNIT:.2f})" if known else text


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
        cells = self.words.cells(reach.nearest.after)
        named = [f"{m} {cell}" for m, cell in zip(self.words.metrics, cells, strict=True)]
        found_one = "The nearest plan" + ("" if reach.proved else " found")
        page.add_text(f"{found_one}, score {score_text(reach.nearest)}: {', '.join(named)}.")
        for step in reach.nearest.steps:
            page.add_text(f"  {step.edit.phrase}")

    def _smallest_cell(self, metric: str, least: SmallestAmount) -> str:
        value = self.words.wording.amount_of(metric, least.value)
        short = metric == TIME and least.connections < self.words.fewest
        said = f"{'>= ' if short else ''}{self.words.bound_text(metric, value)}"
        return said + ("" if least.proved else " or less")
