"""The plan of a suggestion for people: its steps, what it saves and may cost, what else holds."""

from __future__ import annotations

from cnncost.plans.edits.edit import UNIT
from cnncost.plans.search.plan import ConnectionsPlan, PatchedStep, Plan
from cnncost.plans.suggestion.answer import Suggestion
from cnncost.quantity import TIME, format_count
from cnncost.views.amounts import as_duration, as_kibibytes
from cnncost.views.damage_words import ratio_text
from cnncost.views.suggest.amount_words import SCORE_WORDS, AmountWords, percent_text, score_text
from cnncost.views.suggest.page_parts import ALL, PageParts

MOST_NAMED = 3
"""Edits of an alternative that are named one by one."""

MOST_LISTED, FIRST = 60, 20
"""Edits of a plan that are listed one by one; of more, how many."""


class PlanSection:
    """What is said of a plan."""

    def __init__(self, found: Suggestion, plan: Plan, words: AmountWords, command: str) -> None:
        self.found, self.plan, self.words = found, plan, words
        self.command = command
        """What writes the plan; empty where it is written already."""

    def add_plan(self, page: PageParts) -> None:
        """The plan step by step, what it saves, what it may cost, how to write it, its proof."""
        count, patched = len(self.plan.edits), self.found.in_patches
        beside = "" if patched is None else ", and patches" if count else " but patches"
        page.add_title(f"The plan: {count or 'no'} edit{'s' * (count > 1)}{beside}")
        if count or patched:
            self._add_steps(page)
        if not count:
            page.add_text(self._patches_text(patched) if patched else self._proof_text())
            return
        page.add_text(self._saved_text())
        if patched:
            page.add_text(self._patches_text(patched))
        gain = ", a gain" * (self.plan.score < 0)
        score = f"Score {self.plan.score / UNIT:.3f}{gain}: {ratio_text(self.plan.damage)}"
        page.add_text(f"{score}. Scores are {SCORE_WORDS}")
        if missed := self._missed_text():
            page.add_text(missed)
        if self.found.by_connections is not None:
            page.add_text(self._connections_text(self.found.by_connections))
        if self.command:
            page.add_text(f"To write it: {self.command}")
        page.add_text(self._proof_text())
        if self.found.left_out:
            page.add_text(f"No time to search: {'; '.join(self.found.left_out)}.")

    def _add_steps(self, page: PageParts) -> None:
        plan, rows, patched = self.plan, [], self.found.in_patches
        steps = [*plan.steps, *([patched.step] if patched else [])]
        for number, step in enumerate(steps, 1):
            unknown = ["-"] * len(self.words.metrics)
            after = self.words.cells(step.after) if step.after else unknown
            rows.append([f"{number}. {step.edit.phrase}", score_text(step), *after])
        if len(rows) > MOST_LISTED:
            more = f"and {len(rows) - FIRST:,} more (-f csv lists them)"
            rows[FIRST:] = [[more, *[""] * len(rows[0][1:])]]
        if len(rows) > 1:
            rows.append(
                [ALL, score_text(plan), *(after if patched else self.words.cells(plan.after))]
            )
        page.add_table(["edit", "score", *self.words.metrics], rows)
        if any(step.after is None for step in plan.steps):
            page.add_text("-: not counted (invalid without the edits below, no time, or too many).")

    def _patches_text(self, patched: PatchedStep) -> str:
        """What patches save of SRAM, and what they compute again."""
        again, longer = format_count(patched.again, "connection"), ""
        if patched.longer is not None:
            longer = f", {as_duration(patched.longer)}"
        return (
            f"Patches save {as_kibibytes(patched.sram_saved)} of SRAM and compute {again} again"
            f"{longer}; what is computed is the same, so they have no score."
        )

    def _saved_text(self) -> str:
        """What the plan saves of each metric shown, and what it takes more of."""
        before = self.words.before
        after = self.words.wording.word_measures(self.plan.after)
        shown = dict.fromkeys((*(b.user_word for b in self.found.budgets), *self.words.metrics))
        grow = self.found.grow
        saved = [word for word in shown if after[word] < before[word] + (not grow)]
        parts = [f"{self.words.saved_text(word, self.plan.after)} of the {word}" for word in saved]
        more = [
            f"{word} grow by {percent_text(after[word], before[word], before[word])}"
            for word in before
            if after[word] > before[word]
        ]
        if grow:
            said = [f"{', '.join(more)}"] * bool(more) + [f"saves {', '.join(parts)}"] * bool(parts)
            text = "; ".join(said) or "takes as much as it does today"
            return f"{text[0].upper()}{text[1:]}."
        return f"Saves {', '.join(parts)}{'; but ' * bool(more)}{', '.join(more)}."

    def _missed_text(self) -> str:
        """What plans of few edits would miss, where the plan has many."""
        few = self.found.few
        if few is None:
            return ""
        if few.plan is not None:
            more = (few.plan.score - self.plan.score) / UNIT
            amount = f"{abs(more):.3f} {'less' if more < 0 else 'more'}"
            return f"The best of {few.most} edits scores {amount} (below)."
        if self.found.grow and self.found.is_met:
            return f"No plan of {few.most} edits that gains was found."
        none = f"No {few.most} edits hold the budgets"
        none = none if few.proved else f"No plan of {few.most} edits was found in time"
        nearest = few.nearest or {b.metric: 0 for b in self.found.budgets}
        over = [
            f"{percent_text(nearest[b.metric], b.most, b.most)} of the {b.user_word}"
            for b in self.found.budgets
            if nearest[b.metric] > b.most
        ]
        if not over:
            return f"{none}."
        return f"{none}: the {few.most} of these that save most miss them by {', '.join(over)}."

    def _connections_text(self, other: ConnectionsPlan) -> str:
        """What the same share of the connections would save of the time."""
        before, after = self.found.before[TIME], other.plan.after[TIME]
        saved = f"saves {self.words.saved_text(TIME, other.plan.after)} of the time"
        less = after > other.share * before
        missed = f", not {float(100 - 100 * other.share):.3g} %" if less else ""
        return (
            f"Connections alone: the best plan for {float(100 * other.share):.3g} % of them "
            f"{saved}{missed}, score {score_text(other.plan)}."
        )

    def _proof_text(self) -> str:
        found, plan = self.found, self.plan
        # A plan of few edits is preferred to one that is not much better.
        better = any(other.price < plan.price for other in found.others)
        gap = (plan.price - plan.bound) / UNIT
        if better and plan is found.uniform:
            least = f"no plan's edits add up to less than {plan.bound / UNIT:.3f}"
            return f"Over {found.space}: {least}."
        if plan.proved:
            few = "no plan of so few edits adds up to less (one of more edits is below)"
            than = "" if plan.bound == plan.price else f" than {plan.bound / UNIT:.3f}"
            less = few if better else f"no plan's edits add up to less{than}"
            proof = f"Optimal over {found.space}: {less}, in {found.seconds:.1f} s."
        elif better:
            proof = f"Of few edits, over {found.space}: no plan scores more than {gap:.3f} less."
        else:
            proof = (
                f"Stopped after {found.seconds:.0f} s: no plan scores more than {gap:.3f} less, "
                f"over {found.space}."
            )
        if found.is_short and not found.unknown:
            return (
                "The plan is smaller than any network that the device was measured with: its time "
                f"is a lower bound, and whether it holds the budget is not known. {proof}"
            )
        if found.unknown:
            return f"What is known of it is within the budgets; the rest is not known. {proof}"
        return proof

    def add_alternatives(self, page: PageParts) -> None:
        """Other plans that hold the budgets: of other numbers of edits, uniform, without
        replacements."""
        found = self.found
        if found.alternatives:
            page.add_title("Instead of it")
            rows = [
                [
                    f"{number}. {self._text_of(other)}",
                    str(len(other.edits)),
                    score_text(other),
                    *self.words.cells(other.after),
                ]
                for number, other in enumerate(found.alternatives, 1)
            ]
            page.add_table(["plan", "edits", "score", *self.words.metrics], rows)
            if self.command:
                page.add_text("--pick 1 beside --write writes the first of these.")
        if not found.scaled:
            page.add_text("No time to scale all widths alike.")
        elif found.uniform is None:
            up = " up" * found.grow
            page.add_text(f"No uniform scaling{up} of the widths holds the budgets.")
        elif found.uniform is self.plan:
            plan = "uniform scaling" if self.plan.edits else "the network as it is"
            page.add_text(f"The plan is {plan}: {self._why_uniform()}.")

    def _why_uniform(self) -> str:
        """Why all widths scaled alike are the plan."""
        best = min(self.found.others, key=lambda one: one.score, default=self.plan)
        if best.score >= self.plan.score:
            return "it scores no higher than the best edits"
        beside = best.damage_beside(self.plan)
        return f"what scores less may still make more errors (beside it, {ratio_text(beside)})"

    def _text_of(self, other: Plan) -> str:
        """What an alternative is: its edits, where they are few, else what makes it one."""
        if other is self.found.plain:
            return "no layer replaced by others"
        if other is self.found.uniform:
            return "all widths scaled alike"
        phrases = [edit.phrase for edit in other.edits]
        if len(phrases) <= MOST_NAMED:
            return "; ".join(phrases)
        return f"the best of {len(phrases)} edits"
