"""Plans: edits that hold together, written into the text, read and counted again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from cnncost.suggest.decisions.cost_tables import Space
from cnncost.suggest.edits.width import PARTS
from cnncost.suggest.text.budget import Budget, holds
from cnncost.suggest.text.clock import Clock
from cnncost.suggest.text.edit import Choice, Variable
from cnncost.suggest.text.editable_spec import Draft
from cnncost.suggest.text.meter import Measures
from cnncost.suggest.text.text_changes import Change


@dataclass(frozen=True)
class Limits:
    """What a plan must hold."""

    budgets: Mapping[int, int]
    """For each metric, by its place among the costs, the most it may be."""
    convolutions: int
    """How many convolutions structural replacements may touch."""
    cutoff: int | None = None
    """Only plans of at most this score are looked for."""
    forbidden: tuple[tuple[int, ...], ...] = ()
    """Plans that their recount refuted."""
    seconds: float = 60.0


@dataclass(frozen=True)
class Outcome:
    """What the solver found."""

    chosen: tuple[int, ...] | None
    """The choice of each variable; None where no plan was found."""
    score: int = 0
    bound: int = 0
    """No plan has a lower score."""
    proved: bool = True
    """Whether the plan is the best, or that there is none is certain."""
    exact: float = 0.0
    """The solver's own bound, which need not be whole."""
    prices: tuple[float, ...] = ()
    """What a share of each budget is worth in score, where the solver prices budgets."""


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


def uniform(draft: Draft, variables: Sequence[Variable], budgets: Sequence[Budget]) -> Plan | None:
    """The least uniform scaling of all widths that holds the budgets; None if none does."""
    for part in draft.clock.watched(PARTS):
        picked = [variable.choices[_nearest(variable, part)] for variable in variables]
        choices = [choice for choice in picked if choice.kind]
        spec = draft.edited([change for choice in choices for change in choice.changes])
        if spec is None:
            continue
        after = draft.measured(spec.network)
        if holds(after, budgets):
            score = sum(choice.score for choice in choices)
            return Plan(draft, tuple(choices), score, spec.text.text, after)
    return None


def _nearest(variable: Variable, part: Fraction) -> int:
    """The choice of a width closest to this part of it; 0 for what is no width."""
    if not variable.group:
        return 0
    distances = [abs(choice.part - part) for choice in variable.choices]
    return distances.index(min(distances))


@dataclass(frozen=True)
class Scene:
    """A draft with at most one spatial change made, and the plans there are for it."""

    space: Space
    leading: tuple[Step, ...] = ()
    """The spatial change."""

    @property
    def score(self) -> int:
        return sum(step.choice.score for step in self.leading)

    def written(self, outcome: Outcome) -> Plan | None:
        """The plan of a solver's choices, its text read and counted; None where it is no spec."""
        assert outcome.chosen is not None
        draft = self.space.draft
        choices = self.space.choices(outcome.chosen)
        spec = draft.edited([change for choice in choices for change in choice.changes])
        if spec is None:
            return None
        return Plan(
            draft,
            tuple(choices),
            self.score + outcome.score,
            spec.text.text,
            draft.measured(spec.network),
            self.leading,
            outcome.proved,
            self.score + outcome.bound,
        )


class Offer(NamedTuple):
    """A scene that can be had."""

    choice: Choice | None
    """The spatial change; None for the spec as it is."""
    make: Callable[[int | None], Scene]
    """The scene with the choices that score at most so much."""

    @property
    def score(self) -> int:
        return 0 if self.choice is None else self.choice.score


class Offers:
    """What a search may look into: scenes are made when they are reached, and kept."""

    def __init__(self, offers: Sequence[Offer], clock: Clock) -> None:
        self.all = tuple(offers)
        self.clock = clock
        self._made: dict[int, tuple[int | None, Scene]] = {}

    def scene(self, offer: Offer, ceiling: int | None = None) -> Scene:
        """A scene with the choices that score at most so much (None: with all), and maybe with
        more."""
        index = next(i for i, one in enumerate(self.all) if one is offer)
        if index in self._made:
            known, scene = self._made[index]
            if known is None or (ceiling is not None and ceiling <= known):
                return scene
        self._made[index] = ceiling, offer.make(ceiling)
        return self._made[index][1]
