"""Plans: edits that hold together, written into the text, read and counted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from cnncost.suggest.change import Change
from cnncost.suggest.draft import Draft, Measures
from cnncost.suggest.variable import Choice


class Step(NamedTuple):
    """One edit of a plan, and the network once it and those above it are made."""

    choice: Choice
    after: Measures | None
    """None where the edits so far are only valid with those below, or time was over."""


@dataclass(frozen=True)
class Plan:
    """A set of edits and the recount of the text that they make."""

    draft: Draft = field(repr=False)
    """What is edited: with the spatial change made, if there is one."""
    edits: tuple[Choice, ...]
    """In the order of the file."""
    score: int
    text: str
    after: Measures
    leading: tuple[Step, ...] = ()
    """The spatial change."""
    proved: bool = False
    """Whether no plan of the space that holds the budgets scores lower."""
    bound: int = 0
    """No plan of the space scores lower than this."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All its edits, the spatial change first."""
        return (*(step.choice for step in self.leading), *self.edits)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The edits one after another, each with the recount of all so far."""
        made = list(self.leading)
        changes: list[Change] = []
        for choice in self.edits[:-1]:
            changes += choice.changes
            made.append(Step(choice, self._recounted(changes)))
        made += [Step(choice, self.after) for choice in self.edits[-1:]]
        return tuple(made)

    def _recounted(self, changes: Sequence[Change]) -> Measures | None:
        spec = self.draft.edited(changes) if self.draft.clock.left > 0 else None
        return None if spec is None else self.draft.measured(spec.network)

    def uses(self, kind: str) -> bool:
        return any(choice.kind == kind for choice in self.choices)


class Single(NamedTuple):
    """One edit alone, and the recount of the text that it makes."""

    choice: Choice
    after: Measures


def single(draft: Draft, choice: Choice) -> Single | None:
    """One edit made, read and counted; None where it makes no network."""
    spec = draft.edited(choice.changes)
    return None if spec is None else Single(choice, draft.measured(spec.network))
