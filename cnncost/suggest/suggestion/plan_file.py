"""The file of a plan: what the edits make false becomes comments, the budgets asked for go in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from cnncost.place import Place
from cnncost.quantity import budget_metric
from cnncost.suggest.text.text_changes import TextChange, apply_changes, replace_span
from cnncost.suggest.text.text_places import SpecText

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
        """From a top-level key to the last character of its value: a block's end is behind it."""
        entry, value = self.spec_text.entries[key]
        span = Place(entry.start, self.spec_text.value_end(value))
        return Place(entry.start, entry.start + len(self._written(span).rstrip()))

    def _comment(self, span: Place, *, headed: bool) -> str:
        """Lines as comments, below one that says of what they were."""
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
