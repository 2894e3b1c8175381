"""Writes plans: as spec files, and as differences from the file that was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.place import Source
from cnncost.quantity import BYTES, counted_as
from cnncost.suggest.search.plan import Plan
from cnncost.suggest.suggestion.plan_file import PlanFile
from cnncost.suggest.text.budget import Budget, budgets_hold, budgets_of_spec
from cnncost.suggest.text.editable_spec import EditableSpec, parse_spec
from cnncost.suggest.text.meter import Meter
from cnncost.suggest.text.scores import UNIT
from cnncost.suggest.text.text_changes import unified_diff


@dataclass(frozen=True)
class PlanWriter:
    """Writes the plans of one suggestion."""

    editable: EditableSpec
    source: Source
    """The text as it was given."""
    asked: Sequence[Budget]
    """The budgets that were asked for; the spec's own stand in the file already."""

    def write(self, plan: Plan) -> str:
        """The plan's text as a spec of its own: what `--write` writes."""
        file = PlanFile(plan.text, self.source.base)
        carried = {b.user_word: b.asked for b in self.asked if self._is_carried(b)}
        kept, broken = self._own_amounts(file, plan, [counted_as(word)[0] for word in carried])
        return file.write(self._provenance(plan), {**carried, **kept}, broken)

    def diff(self, plan: Plan) -> str:
        """What makes the file the spec that `--write` writes, as `patch` applies it."""
        return unified_diff(self.source.text, self.write(plan), self.editable.spec_text.name)

    def metrics_left_out(self) -> tuple[str, ...]:
        """The metrics of budgets that the file does not carry: a spec's own budget is held at
        batch 1 in fp32, and another scale's is another."""
        return tuple([budget.metric for budget in self.held if not self._is_carried(budget)])

    @property
    def held(self) -> Sequence[Budget]:
        """The budgets that the plans hold."""
        return self.asked or budgets_of_spec(self.editable.spec.budget)

    def _is_carried(self, budget: Budget) -> bool:
        return self.editable.meter.is_default(budget.metric)

    def _provenance(self, plan: Plan) -> str:
        said = ", ".join(f"{budget.user_word}={budget.asked}" for budget in self.held)
        if self.metrics_left_out():
            said += f" ({self.editable.meter.scale})"
        return f"cnncost suggest: {self.source.base}, {said}, score {plan.score / UNIT:.3f}"

    def _own_amounts(
        self, file: PlanFile, plan: Plan, replaced: Sequence[str]
    ) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The amounts of the file's own budget that stay, and those that the plan does not hold."""
        written = file.own_amounts()
        network = parse_spec(self.source.base, plan.text, self.editable.max_layers).network
        kept: dict[str, str] = {}
        broken: dict[str, str] = {}
        for budget in budgets_of_spec(self.editable.spec.budget):
            word = budget.user_word
            if not _holds_budget(network, budget):
                broken[word] = written[word]
            elif budget.metric not in replaced:
                kept[word] = written[word]
        return kept, broken


def _holds_budget(network: Network, budget: Budget) -> bool:
    """Whether a network is within a budget at batch 1 in fp32, as far as is known."""
    try:
        after = Meter((budget.metric,) if budget.metric in BYTES else ()).measure(network)
    except CnncostError:  # it does not train
        return True
    return budgets_hold(after, [budget])
