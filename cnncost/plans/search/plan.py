"""Plans, and what searches are asked and answer.

A plan's edits are written into the text, which is read and counted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from cnncost.accuracy import Damage, compare_damages
from cnncost.plans.decisions.cost_tables import SearchSpace
from cnncost.plans.edits.edit import Edit, units
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.meter import Measures
from cnncost.plans.edits.text_changes import TextChange


@dataclass(frozen=True)
class SearchLimits:
    """What the options that a solver picks must hold."""

    budgets: Mapping[int, int]
    """For each metric, by its place among the costs, the most it may be."""
    convolutions: int
    """How many convolutions structural replacements may touch."""
    edits: int | None = None
    """How many edits a plan may have; None where that is not limited."""
    cutoff: int | None = None
    """Only plans of at most this score are looked for."""
    forbidden: tuple[tuple[int, ...], ...] = ()
    """Plans that their recount refuted."""
    seconds: float = 60.0
    within: int = 0
    """How far above its bound a plan may end where a whole proof takes much."""

    @property
    def counted(self) -> dict[str, int]:
        """Limits on the edits themselves: for each field of `Edit` that is added up, the most."""
        counted = {"convolutions": self.convolutions}
        return counted if self.edits is None else {**counted, "made": self.edits}


@dataclass(frozen=True)
class SearchOutcome:
    """What a solver found in one search space."""

    chosen: tuple[int, ...] | None
    """The option of each decision; None where no plan was found."""
    score: int = 0
    bound: int = 0
    """No plan has a lower score."""
    proved: bool = True
    """Whether the plan is the best, or that there is none is certain."""
    exact: float = 0.0
    """The solver's own bound, which need not be whole."""
    prices: tuple[float, ...] = ()
    """What a share of each budget is worth in score, where the solver prices budgets."""


class PlanStep(NamedTuple):
    """One edit of a plan, and the network once it and those above it are made."""

    edit: Edit
    after: Measures | None
    """None where the edits so far are only valid with those below, where time was over, and in a
    plan of more than MOST_COUNTED edits for all but the last."""
    total: int | None
    """The score of all edits so far; None with `after`."""
    score: int | None
    """What the edit adds to the score of those above it that are counted."""


class PatchedStep(NamedTuple):
    """The last step of a plan: its first layers run patch by patch, which no file says. The network
    computes the same, so its score stays."""

    step: PlanStep
    sram_saved: int
    """Bytes of SRAM's lower bound."""
    again: int
    """Connections that are computed again, where patches overlap."""
    longer: int | None
    """The picoseconds that these take; None where no time is known."""


MOST_COUNTED = 100
"""Edits of a plan that are counted one by one: each is a reading of the whole text."""

MeasuredStep = tuple[Edit, Measures | None, int | None]
"""An edit, and the measures and the score of all edits so far."""


def list_steps(made: Sequence[MeasuredStep]) -> tuple[PlanStep, ...]:
    """Make steps of edits one after another, each with the measures and the score of all so far."""
    steps, before = [], 0
    for edit, after, total in made:
        steps.append(PlanStep(edit, after, total, None if total is None else total - before))
        before = before if total is None else total
    return tuple(steps)


@dataclass(frozen=True)
class Plan:
    """A set of edits and the recount of the text that they make."""

    editable: EditableSpec = field(repr=False)
    """What is edited: with the spatial change made, if there is one."""
    own_edits: tuple[Edit, ...]
    """In the order of the file."""
    price: int
    """The prices of its edits together: what a search compares."""
    text: str
    after: Measures
    damage: Damage
    """The estimate for the file that it makes, against the spec as it was given."""
    leading: tuple[Edit, ...] = ()
    """The spatial edits, made before the others."""
    origin: EditableSpec | None = field(default=None, repr=False)
    """The spec without its spatial edits, where it has any."""
    proved: bool = False
    """Whether no plan of the space that holds the budgets scores lower."""
    bound: int = 0
    """No plan of the space has a lower price."""

    @property
    def score(self) -> int:
        """The damage in units of score: that of the written file, not the sum of its edits'."""
        return units(self.damage.score)

    def damage_beside(self, other: Plan) -> Damage:
        """Estimate the damage of taking this plan in another's place."""
        return compare_damages(other.damage, self.damage)

    def is_surely_below(self, other: Plan) -> bool:
        """Whether the 90 % interval between the two lies below 0: surely fewer errors."""
        return self.damage_beside(other).high < 0

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All its edits, the spatial change first."""
        return (*self.leading, *self.own_edits)

    @cached_property
    def steps(self) -> tuple[PlanStep, ...]:
        """The edits one after another, each with the recount of all so far."""
        made: list[MeasuredStep] = [(edit, None, None) for edit in self.edits]
        if len(made) <= MOST_COUNTED:
            made = [
                *_measure_steps(self.origin or self.editable, self.leading),
                *_measure_steps(self.editable, self.own_edits),
            ]
        made[-1:] = [(edit, self.after, self.score) for edit, _, _ in made[-1:]]
        return list_steps(made)

    def uses(self, kind: str) -> bool:
        return any(edit.kind == kind for edit in self.edits)


def _measure_steps(editable: EditableSpec, edits: Sequence[Edit]) -> Iterator[MeasuredStep]:
    """Yield each edit with the measures and the score of those so far; None for both where they
    make no spec, or time is over."""
    changes: list[TextChange] = []
    for edit in edits:
        changes += edit.changes
        spec = editable.read_edited(changes) if editable.clock.left > 0 else None
        if spec is None:
            yield edit, None, None
        else:
            score = units(editable.damage_of(spec.network).score)
            yield edit, editable.measure(spec.network), score


class SingleEdit(NamedTuple):
    """One edit alone, and the recount of the text that it makes."""

    edit: Edit
    after: Measures
    damage: Damage

    @property
    def score(self) -> int:
        """Its damage in units of score."""
        return units(self.damage.score)


@dataclass(frozen=True)
class SpatialVariant:
    """The spec with some spatial edits made, or none, and its search space."""

    space: SearchSpace
    leading: tuple[Edit, ...] = ()
    """The spatial edits."""
    score: int = 0
    """The price of these together, less what its space may gain."""
    origin: EditableSpec | None = None
    """The spec without them, where there are any."""

    def write_plan(self, outcome: SearchOutcome) -> Plan | None:
        """Write a solver's options as a plan: its text is read and counted; None where that is no
        spec."""
        assert outcome.chosen is not None
        options = tuple(self.space.edits_of(outcome.chosen))
        plan = write_edits(self.space.editable, options, self.score + outcome.score)
        return plan and replace(
            plan,
            leading=self.leading,
            origin=self.origin,
            proved=outcome.proved,
            bound=self.score + outcome.bound,
        )


MOST_HELD = 64 << 20
"""Bytes of tables that are kept of variants with spatial edits."""

VariantKey = tuple[int, ...]
"""The spatial edits of a variant, by their places among all of them, ascending."""


class BuiltVariants:
    """Variants that were built, to be searched again: the latest, and the spec as it is."""

    def __init__(self) -> None:
        self._built: dict[VariantKey, tuple[int | None, SpatialVariant]] = {}

    def find(self, key: VariantKey, ceiling: int | None) -> SpatialVariant | None:
        """Return a variant that has all options that score at most `ceiling` (None: all)."""
        known, variant = self._built.get(key, (0, None))
        return variant if known is None or (ceiling is not None and ceiling <= known) else None

    def keep(
        self, key: VariantKey, ceiling: int | None, variant: SpatialVariant
    ) -> list[VariantKey]:
        """Keep a variant; return those that are forgotten for it."""
        self._built[key] = ceiling, variant
        held = {key: one.space.tables.bytes_held for key, (_, one) in self._built.items() if key}
        forgotten = []
        while sum(held.values()) > MOST_HELD and len(held) > 1:
            forgotten.append(next(iter(held)))
            del held[forgotten[-1]], self._built[forgotten[-1]]
        return forgotten


def write_edits(editable: EditableSpec, edits: tuple[Edit, ...], price: int) -> Plan | None:
    """Write edits of a spec as a plan, which is read and counted; None where that is no spec."""
    spec = editable.read_edited([change for edit in edits for change in edit.changes])
    if spec is None:
        return None
    damage = editable.damage_of(spec.network)
    return Plan(editable, edits, price, spec.text.text, editable.measure(spec.network), damage)


class ConnectionsPlan(NamedTuple):
    """The best plan for a share of the connections."""

    share: Fraction
    """Of today's connections; a budget asks for the same share of today's time."""
    plan: Plan


class FewEdits(NamedTuple):
    """What plans of few edits come to, where the plan has more."""

    most: int
    """How many edits are few."""
    plan: Plan | None
    """A good one of them; None where none was found."""
    proved: bool
    """Whether there is none, for certain."""
    nearest: Measures | None
    """Without one: the network after the few edits of the plan that save most."""


class SearchResult(NamedTuple):
    """What a search of all plans ended with."""

    plan: Plan | None
    proved: bool
    """Whether the plan is the best of the space, or certainly none holds the budgets."""
    seconds: float = 0.0
