"""The spec as it is, and with each spatial edit (resolution, stride, pooling, multiplier) made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from math import inf
from operator import le
from time import monotonic
from typing import NamedTuple

from cnncost.suggest.decisions.catalogue import SPATIAL, AllowedEdits
from cnncost.suggest.decisions.cost_tables import Costs
from cnncost.suggest.decisions.search_space import build_search_space
from cnncost.suggest.decisions.spatial_trials import SpatialTrial, SpatialTrials
from cnncost.suggest.edits import multiplier
from cnncost.suggest.search.plan import LazyVariant, PlanStep, SpatialVariant, list_steps
from cnncost.suggest.text.edit import Decision, Edit
from cnncost.suggest.text.editable_spec import EditableSpec, read_editable_spec
from cnncost.suggest.text.scores import units
from cnncost.suggest.text.text_places import SpecText


def list_variants(
    editable: EditableSpec,
    allowed: AllowedEdits,
    decisions: Sequence[Decision],
    trials: Sequence[SpatialTrial],
    deadline: float = inf,
) -> list[LazyVariant]:
    """List the spec as it is, then a variant for each useful spatial edit.

    Left out are edits that another beats in every layer's costs at no higher score; behind the
    deadline no more are compared.
    """
    variants = [LazyVariant(None, partial(_variant, editable, allowed, (), decisions))]
    compared = [_ComparedTrial(trial, trial.totals) for trial in trials]
    for position, one in enumerate(compared):
        if monotonic() > deadline or not any(
            rival.beats(one, first=at < position)
            for at, rival in enumerate(compared)
            if at != position
        ):
            edit = one.trial.edit
            make = partial(_edited_variant, editable, allowed, edit)
            variants.append(LazyVariant(edit, make, one.trial.after))
    return variants


def list_spatial_trials(editable: EditableSpec, allowed: AllowedEdits) -> Iterator[SpatialTrial]:
    """Every spatial edit that makes a network, with what the layers cost under it."""
    trials = SpatialTrials(editable)
    for kind in SPATIAL:
        for edit in editable.clock.watch(
            kind.edits(editable, allowed) if allowed.allows(kind) else ()
        ):
            trial = trials.try_edit(edit)
            if trial is not None:
                yield trial


class _ComparedTrial(NamedTuple):
    """A trial and what its layers cost together."""

    trial: SpatialTrial
    totals: Costs

    def beats(self, other: _ComparedTrial, *, first: bool) -> bool:
        """Whether no layer costs more here, at no higher score; of equal ones the first."""
        mine, theirs = self.trial, other.trial
        if mine.edit.score > theirs.edit.score or not _is_at_most(self.totals, other.totals):
            return False  # some layer costs more where the total is more
        if mine.edit.kind == multiplier.KIND != theirs.edit.kind:
            return False  # fewer edits go together with it
        if len(mine.costs) != len(theirs.costs):
            return False
        if not all(map(_is_at_most, mine.costs, theirs.costs)):
            return False
        return first or mine.costs != theirs.costs or mine.edit.score < theirs.edit.score


def _is_at_most(costs: Costs, others: Costs) -> bool:
    return all(map(le, costs, others))


def _variant(
    editable: EditableSpec,
    allowed: AllowedEdits,
    leading: tuple[PlanStep, ...],
    decisions: Sequence[Decision],
    ceiling: int | None,
) -> SpatialVariant:
    return SpatialVariant(
        build_search_space(editable, allowed, ceiling=ceiling, likely=True, decisions=decisions),
        leading,
    )


def _edited_variant(
    editable: EditableSpec, allowed: AllowedEdits, edit: Edit, ceiling: int | None
) -> SpatialVariant:
    """Build the variant with a spatial edit made; its network is read and counted here."""
    spec_text = SpecText(editable.spec_text.name, editable.edited_text(edit.changes))
    edited = read_editable_spec(
        spec_text,
        editable.max_layers,
        allowed.kept,
        editable.meter,
        editable.clock,
        editable.first_potential,
    )
    total = units(edited.damage_of(edited.network).score)
    made = list_steps([(edit, edited.measure(edited.network), total)])
    return _variant(edited, allowed.together_with(edit), made, (), ceiling)
