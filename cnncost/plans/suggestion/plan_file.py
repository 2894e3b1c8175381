"""The file of a plan: a spec of its own, and the difference from the file that was given.

What the edits make false (notes, published figures) becomes comments; the budgets asked for are
written in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.place import Place, Source
from cnncost.plans.edits.budget import Budget, budgets_hold, budgets_of_spec
from cnncost.plans.edits.edit import UNIT
from cnncost.plans.edits.editable_spec import EditableSpec, parse_spec
from cnncost.plans.edits.meter import Meter
from cnncost.plans.edits.text_changes import (
    SpecText,
    TextChange,
    apply_changes,
    replace_span,
    unified_diff,
)
from cnncost.plans.search.plan import Plan
from cnncost.quantity import BYTES, budget_metric, counted_as


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
        """The metrics of budgets that the file does not carry: a spec's own budget is held at batch
        1 in fp32, so one at another scale cannot be written; and it has no time."""
        return tuple([budget.metric for budget in self.held if not self._is_carried(budget)])

    @property
    def held(self) -> Sequence[Budget]:
        """The budgets that the plans hold."""
        return self.asked or budgets_of_spec(self.editable.spec.budget)

    def _is_carried(self, budget: Budget) -> bool:
        return self.editable.meter.is_default(budget.metric)

    def _provenance(self, plan: Plan) -> str:
        said = ", ".join(f"{budget.user_word}={budget.asked}" for budget in self.held)
        meter = self.editable.meter
        if self.metrics_left_out():
            said += f" ({'; '.join(filter(None, [meter.scale, meter.time_scale]))})"
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


STALE = ("notes", "published", "expect")
"""The entries that speak of the network as it was."""

SCHEMA = re.compile(r"^#[ \t]*yaml-language-server:[ \t]*\$schema=(\S+)[ \t]*\r?\n?", re.MULTILINE)


class PlanFile:
    """A plan's text as a spec of its own."""

    def __init__(self, text: str, origin: str) -> None:
        self.spec_text = SpecText(origin, text)
        self.origin = origin
        """The file that was edited, as the comments call it."""

    @cached_property
    def stale(self) -> list[str]:
        """The entries that become comments, in the order of the file."""
        return [key for key in self._order if key in STALE]

    @cached_property
    def _order(self) -> list[str]:
        entries = self.spec_text.entries
        return sorted(entries, key=lambda key: entries[key][0].start)

    def own_amounts(self) -> dict[str, str]:
        """The file's own budget, by metric, as it is written."""
        if "budget" not in self.spec_text.entries:
            return {}
        _, value = self.spec_text.entries["budget"]
        pairs = getattr(value, "pairs", ())
        places = {budget_metric(key.text): Place(one.start, one.end) for key, one in pairs}
        return {metric: self._written(place) for metric, place in places.items()}

    def write(self, provenance: str, budget: Mapping[str, str], broken: Mapping[str, str]) -> str:
        """Write the file with this comment line at its top and this budget.

        `broken` are the amounts of the file's own budget that the plan does not hold.
        """
        above = [f"# {provenance}\n"]
        if broken:
            above.append(f"# Of {self.origin}, not held: budget: {_amounts_text(broken)}\n")
        same = list(budget.items()) == list(self.own_amounts().items())
        amounts = None if same else budget
        if self.spec_text.is_flow:
            for key in self.stale:
                headed = key == self.stale[0]
                above.append(self._comment(self._span_of(key), headed=headed))
            changes = [*self._flow_changes(amounts)]
        else:
            changes = [*self._comment_changes(), *self._budget_changes(amounts)]
        changes.append(TextChange(Place(0, 0), ("".join(above),)))
        return apply_changes(self.spec_text.text, changes)

    # In lines

    def _comment_changes(self) -> Iterator[TextChange]:
        for key in self.stale:
            at = self._order.index(key)
            headed = at == 0 or self._order[at - 1] not in self.stale
            lines = self._lines_of(key)
            yield replace_span(lines, self._comment(lines, headed=headed))

    def _budget_changes(self, budget: Mapping[str, str] | None) -> Iterator[TextChange]:
        if budget is None:
            return
        if "budget" not in self.spec_text.entries:
            end = len(self.spec_text.text)
            gap = "" if self.spec_text.text.endswith("\n") else "\n"
            yield TextChange(Place(end, end), (f"{gap}budget: {_amounts_text(budget)}\n",))
        elif budget:
            yield replace_span(self._span_of("budget"), f"budget: {_amounts_text(budget)}")
        else:
            yield replace_span(self._lines_of("budget"), "")

    def _lines_of(self, key: str) -> Place:
        """Whole lines from a top-level key to the end of its value."""
        start, end = self._span_of(key)
        last = self.spec_text.text.find("\n", end)
        return Place(start, len(self.spec_text.text) if last < 0 else last + 1)

    # In braces

    def _flow_changes(self, budget: Mapping[str, str] | None) -> Iterator[TextChange]:
        """Take entries out, with the comma behind each; the budget goes behind the last kept."""
        gone = [*self.stale, *(["budget"] if budget is not None else [])]
        kept = [key for key in self._order if key not in gone]
        last = self._order.index(kept[-1])
        for at, key in enumerate(self._order[:last]):
            if key in gone:
                start, _ = self._span_of(key)
                yield replace_span(Place(start, self._span_of(self._order[at + 1]).start), "")
        end, rest = self._span_of(kept[-1]).end, self._span_of(self._order[-1]).end
        said = f", budget: {_amounts_text(budget)}" if budget else ""
        if said or rest > end:
            yield replace_span(Place(end, rest), said)

    # Both

    def _span_of(self, key: str) -> Place:
        """The span from a top-level key to the last character of its value, blanks behind it left
        out."""
        entry, value = self.spec_text.entries[key]
        span = Place(entry.start, self.spec_text.value_end(value))
        return Place(entry.start, entry.start + len(self._written(span).rstrip()))

    def _comment(self, span: Place, *, headed: bool) -> str:
        """Write lines as comments; with `headed` below one that says which file they are from."""
        head = f"# Of {self.origin}, before these edits:\n" if headed else ""
        lines = self._written(span).rstrip().splitlines()
        return head + "".join([f"# {line}".rstrip() + "\n" for line in lines])

    def _written(self, span: Place) -> str:
        return self.spec_text.text[span.start : span.end]


def _amounts_text(amounts: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{metric}: {amount}' for metric, amount in amounts.items())}}}"


def schema_path(text: str) -> str:
    """The relative path of the schema that a comment names for editors; empty if none.

    >>> schema_path("# yaml-language-server: $schema=../net.json")
    '../net.json'
    """
    match = SCHEMA.search(text)
    path = match[1] if match else ""
    return "" if "://" in path or path.startswith(("/", "file:")) else path


def move_schema(text: str, path: str) -> str:
    """The text with another path of its schema; without one, the line goes."""
    line = f"# yaml-language-server: $schema={path}\n" if path else ""
    return SCHEMA.sub(lambda _: line, text, count=1)
