"""Plans: edits that hold together, written into the text, read and counted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnncost.suggest.change import Change
from cnncost.suggest.draft import Draft, Measures
from cnncost.suggest.variable import Choice


@dataclass(frozen=True)
class Step:
    """One edit of a plan, and the network once it and those above it are made."""

    choice: Choice
    after: Measures | None
    """None where the edits so far are only valid with those below."""


@dataclass(frozen=True)
class Plan:
    """A set of edits and the recount of the text that they make."""

    steps: tuple[Step, ...]
    score: int
    text: str
    after: Measures
    proved: bool = False
    """Whether no plan of the space that holds the budgets scores lower."""
    bound: int = 0
    """No plan of the space scores lower than this."""

    def uses(self, kind: str) -> bool:
        return any(step.choice.kind == kind for step in self.steps)


@dataclass(frozen=True)
class Single:
    """One edit alone, and the recount of the text that it makes."""

    choice: Choice
    after: Measures


def single(draft: Draft, choice: Choice) -> Single | None:
    """One edit made, read and counted; None where it makes no network."""
    spec = draft.edited(choice.changes)
    return None if spec is None else Single(choice, draft.measured(spec.network))


def steps(draft: Draft, choices: Sequence[Choice], leading: Sequence[Step] = ()) -> list[Step]:
    """The edits one after another, each with the recount of all so far."""
    made = list(leading)
    changes: list[Change] = []
    for choice in choices:
        changes += choice.changes
        spec = draft.edited(changes)
        made.append(Step(choice, None if spec is None else draft.measured(spec.network)))
    return made
