"""Scenes to search: the spec as it is, and each spatial change made, once it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cnncost.suggest.clock import Clock
from cnncost.suggest.plan import Plan, Step
from cnncost.suggest.solver import Outcome
from cnncost.suggest.space import Space
from cnncost.suggest.variable import Choice


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
