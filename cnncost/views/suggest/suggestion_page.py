"""A suggestion for people: totals, single edits, the plan step by step, and its proof."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.quantity import BYTES
from cnncost.suggest.search.plan import Plan
from cnncost.suggest.search.unmet_budgets import SmallestAmount
from cnncost.suggest.suggestion.answer import Suggestion
from cnncost.suggest.text.budget import Budget
from cnncost.suggest.text.damage import EQUIVALENT, UNIT, equivalent_width
from cnncost.suggest.text.edit import Edit
from cnncost.suggest.text.meter import Measures
from cnncost.views.amounts import mebibytes
from cnncost.views.caption import some
from cnncost.views.page import Page, Remark, Table, Title
from cnncost.views.suggest.score_words import HEAD, headed, score
from cnncost.views.suggest.wording import Wording
from cnncost.views.table_columns import human

ALL = "all of it"
"""The row of a whole plan."""

SHOWN = 12
"""Single edits in the terminal unless `--top` says otherwise."""


class SuggestionReport:
    """What people read, as tables and paragraphs; the same in every format."""

    def __init__(self, found: Suggestion, *, top: int | None, explain: bool) -> None:
        self.found = found
        self.top = top or SHOWN
        self.explain = explain
        budgeted = [budget.metric for budget in found.budgets]
        self.wording = Wording([budget.user_word for budget in found.budgets])
        self.before = self.wording.measures(found.before)
        wanted = ("weights", "connections", *budgeted)
        self.metrics = [self.wording.word(metric) for metric in found.before if metric in wanted]

    def page(self) -> Page:
        """All parts."""
        page = _Parts()
        self._add_all(page)
        return Page(page.blocks)

    def _add_all(self, page: _Parts) -> None:
        self._totals(page)
        if self.found.budgets and self.found.is_met:
            page.say(self._slack())
            return
        self._singles(page)
        if self.found.is_undecided:
            page.say(self._undecided())
        elif self.found.plan is not None:
            self._plan(page, self.found.plan)
        elif self.found.budgets:
            self._lost(page)
        if self.found.precisions:
            self._precisions(page)
        page.say(_WORDS + (f" {_NARROW}" if self.found.narrow else ""))
        if self.explain:
            self._evidence(page)

    def _totals(self, page: _Parts) -> None:
        found = self.found
        page.title(f"{found.spec.network.name}")
        most = {budget.user_word: budget for budget in found.budgets}
        rows = []
        for word, value in self.before.items():
            rows.append([word, self._amount(word, value), *self._over(most.get(word), value)])
        page.table(["", "today", "budget", "over by"], rows)
        if found.scale:
            page.say(f"Bytes: {found.scale}; kernel workspace is left out.")
        if found.unknown:
            page.say(
                f"The costs of {some(found.unknown)} are unknown: these figures, and those below, "
                "are lower bounds."
            )
        said = [self._where(b.metric) for b in found.budgets if b.metric in found.shares]
        if said and not found.is_met:
            page.say(" ".join(said))

    def _where(self, metric: str) -> str:
        """Which layers hold most of a metric: what a plan has to change."""
        shares = self.found.shares[metric]
        place = max(shares, key=lambda name: shares[name])
        known = "known " if self.found.unknown else ""
        word = self.wording.word(metric)
        return f"{place.capitalize()} hold {100 * shares[place]:.0f} % of the {known}{word}."

    def _undecided(self) -> str:
        parts = [
            f"{b.user_word} is at least {_amount(b.metric, self.before[b.user_word])}, the budget "
            f"{_amount(b.metric, b.limit)}"
            for b in self.found.budgets
        ]
        return (
            f"Whether the budgets hold is not known: {'; '.join(parts)}. What "
            f"{some(self.found.unknown)} costs decides."
        )

    def _slack(self) -> str:
        parts = [
            f"{b.user_word} {_amount(b.metric, self.before[b.user_word])} is within "
            f"{_amount(b.metric, b.limit)}, "
            f"{_amount(b.metric, b.limit - self.before[b.user_word])} to spare"
            for b in self.found.budgets
        ]
        return f"Already met: {'; '.join(parts)}."

    def _singles(self, page: _Parts) -> None:
        listed = self.found.singles.take_first(self.top)
        rest = len(self.found.singles) - len(listed)
        page.title("Single edits")
        if not listed:
            late = self.found.left_out or self.found.singles.untried
            what = "edits tried in time" if late else "catalogue"
            page.say(f"None of the {what} saves anything here.")
            return
        rows = [[o.edit.phrase, score(o.edit), *self._numbers(o.after)] for o in listed]
        page.table(["edit", "score", *self.metrics], rows)
        if untried := self.found.singles.untried:
            tried = self.found.singles.tried
            page.say(f"{tried:,} of {tried + untried:,} edits tried in time.")
        more = f"and {rest:,} more (--top {len(self.found.singles)})." if rest > 0 else ""
        said = [more, HEAD if headed([one.edit for one in listed]) else ""]
        if any(said):
            page.say(" ".join(text for text in said if text))

    def _plan(self, page: _Parts, plan: Plan) -> None:
        page.title("The plan")
        rows = []
        for number, step in enumerate(plan.steps, 1):
            after = self._numbers(step.after) if step.after else ["-"] * len(self.metrics)
            rows.append([f"{number}. {step.edit.phrase}", score(step.edit), *after])
        rows.append([ALL, score(plan), *self._numbers(plan.after)])
        page.table(["edit", "score", *self.metrics], rows)
        if any(step.after is None for step in plan.steps):
            page.say("-: not valid without the edits below it, or no time to count it.")
        for paragraph in self._said(plan):
            page.say(paragraph)

    def _precisions(self, page: _Parts) -> None:
        """Smaller element types, apart from the plan: they are no change of the file."""
        page.title("In a smaller precision, apart from the plan")
        rows = []
        for one in self.found.precisions:
            after = one.before if one.met else one.plan.after if one.plan else None
            score = "-" if one.score is None else f"{one.score / UNIT:.3f}"
            edits = len(one.plan.edits) if one.plan else 0
            numbers = self._numbers(after) if after else ["-"] * len(self.metrics)
            rows.append([one.dtype, f"{one.price / UNIT:.3f}", str(edits), score, *numbers])
        page.table(["", "its score", "edits", "score", *self.metrics], rows)
        page.say("The file does not change: a spec names no element type. Judgement: its score.")

    def _said(self, plan: Plan) -> list[str]:
        found = self.found
        like = f"about a {equivalent_width(plan.score):.2f} x MobileNet"
        if plan.proved:
            proof = f"Optimal over {found.space}, in {found.seconds:.1f} s."
        else:
            gap = (plan.score - plan.bound) / UNIT
            proof = (
                f"Stopped after {found.seconds:.0f} s: no plan scores below "
                f"{plan.bound / UNIT:.3f} (a gap of {gap:.3f}), over {found.space}."
            )
        if found.unknown:
            proof = f"What is known of it is within the budgets; the rest is not known. {proof}"
        said = [f"Score {plan.score / UNIT:.3f}, {like}. {proof}", self._compared(plan)]
        said += [f"No time to search: {'; '.join(found.left_out)}."] * bool(found.left_out)
        if found.plain is not None:
            said.append(f"Without separable convolutions: {found.plain.score / UNIT:.3f}.")
        if headed(plan.edits):
            said.append(HEAD)
        return said

    def _compared(self, plan: Plan) -> str:
        uniform = self.found.uniform
        if not self.found.scaled:
            return "No time to scale all widths alike."
        if uniform is None:
            return "No uniform scaling of the widths holds the budgets."
        after = self.wording.measures(uniform.after)
        counts = ", ".join(f"{_about(m, after[m])} {m}" for m in self.metrics)
        text = f"Uniform scaling at the same budgets: {uniform.score / UNIT:.3f} ({counts})"
        close = uniform.score - plan.score < EQUIVALENT * UNIT
        return f"{text}{': equivalent, as far as scores can tell' if close else ''}."

    def _lost(self, page: _Parts) -> None:
        found = self.found
        if not found.proved:
            page.say(f"No plan found in {found.seconds:.0f} s; not proved impossible.")
            if found.left_out:
                page.say(f"No time to search: {'; '.join(found.left_out)}.")
            return
        reach = found.unmet
        page.title("No plan holds the budgets")
        if reach is None:
            page.say("That is proved; there was no time to see how near plans come.")
            return
        rows = [
            [
                b.user_word,
                _amount(b.metric, b.limit),
                self._smallest(b.metric, reach.least[b.metric]),
            ]
            for b in found.budgets
        ]
        page.table(["", "budget", "smallest reachable"], rows)
        together = " (each alone is within reach, not together)"
        apart = all(reach.least[b.metric].value <= b.most for b in found.budgets)
        binding = ", ".join(map(self.wording.word, reach.binding))
        page.say(f"Out of reach: {binding}{together if apart else ''}.")
        if reach.nearest is not None and reach.nearest.steps:
            after = self.wording.measures(reach.nearest.after)
            counts = ", ".join(f"{m} {self._amount(m, after[m])}" for m in self.metrics)
            found_one = "The nearest plan" + ("" if reach.proved else " found")
            page.say(f"{found_one}, score {score(reach.nearest)}: {counts}.")
            for step in reach.nearest.steps:
                page.say(f"  {step.edit.phrase}")
            if headed([step.edit for step in reach.nearest.steps]):
                page.say(HEAD)
        if found.widening and found.singles:
            page.say(f"What would widen the space: {'; '.join(found.widening)}.")

    def _evidence(self, page: _Parts) -> None:
        from cnncost.suggest.decisions.catalogue import evidence_of

        page.title("What the scores rest on")
        shown: list[Edit] = [one.edit for one in self.found.singles.take_first(self.top)]
        shown += [*self.found.plan.edits] if self.found.plan else []
        for kind in dict.fromkeys(edit.kind for edit in shown):
            evidence = evidence_of(kind)
            judged = f" Judgement: {evidence.judgement}." if evidence.judgement else ""
            page.say(f"{kind}: {evidence.sources}.{judged}")
        steps = self.found.plan.steps if self.found.plan else ()
        if any(step.edit.because for step in steps):
            page.title("How the plan's scores came about")
            for step in steps:
                page.say(f"{step.edit.phrase}: {score(step.edit)} = {step.edit.because}.")

    def _numbers(self, after: Measures) -> list[str]:
        values = self.wording.measures(after)
        return [self._amount(word, values[word]) for word in self.metrics]

    def _smallest(self, metric: str, least: SmallestAmount) -> str:
        value = self._amount(metric, self.wording.amount(metric, least.value))
        return value + ("" if least.proved else " or less")

    def _amount(self, metric: str, value: int) -> str:
        """An amount in full; a lower bound where layers of unknown costs are left out."""
        return ">= " * bool(self.found.unknown) + _amount(metric, value)

    def _over(self, budget: Budget | None, before: int) -> list[str]:
        """A budget's cells: its amount, and by how much it is missed."""
        if budget is None:
            return ["", ""]
        over, most = before - budget.limit, _amount(budget.metric, budget.limit)
        met = "?" if self.found.unknown else "met"
        return [most, self._amount(budget.metric, over) if over > 0 else met]


_WORDS = (
    "A score is an estimate of ln(error after / before) from published tables; it ranks edits "
    "and predicts no accuracy. --explain has the evidence."
)
_NARROW = (
    "Most layers here have fewer than 64 channels: such networks lose about three times as much."
)


def _amount(metric: str, value: int) -> str:
    """A count in full; bytes as MiB."""
    return mebibytes(value) if metric in BYTES else f"{value:,}"


def _about(metric: str, value: int) -> str:
    return mebibytes(value) if metric in BYTES else human(value)


class _Parts:
    """The blocks of a page, in the order in which they are said."""

    def __init__(self) -> None:
        self.blocks: list[Title | Table | Remark] = []

    def title(self, text: str) -> None:
        self.blocks.append(Title(text))

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        bold = [at for at, row in enumerate(rows) if row[0] == ALL]
        self.blocks.append(Table(titles, rows, bold=bold))

    def say(self, paragraph: str) -> None:
        self.blocks.append(Remark(paragraph))
