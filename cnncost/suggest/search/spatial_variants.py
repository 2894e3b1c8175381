"""The spatial edits of a spec (resolution, strides, pools, multipliers), and variants by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from math import inf

from cnncost.suggest.decisions.catalogue import SPATIAL, AllowedEdits
from cnncost.suggest.decisions.cost_tables import SearchSpace
from cnncost.suggest.decisions.search_space import build_search_space
from cnncost.suggest.decisions.spatial_trials import SpatialTrial, SpatialTrials
from cnncost.suggest.search.compound_variants import SpatialVariants, VariantMaker
from cnncost.suggest.text.edit import Decision, Edit
from cnncost.suggest.text.editable_spec import EditableSpec


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


def list_variants(
    editable: EditableSpec,
    allowed: AllowedEdits,
    decisions: Sequence[Decision],
    trials: Sequence[SpatialTrial],
    deadline: float = inf,
) -> SpatialVariants:
    """The spec as it is and under its spatial edits; the decisions are those of the spec as it is.

    Behind the deadline no more edits are compared.
    """

    def build_space(
        edited: EditableSpec, edits: Sequence[Edit], ceiling: int | None
    ) -> SearchSpace:
        own = reduce(AllowedEdits.together_with, edits, allowed)
        known = () if edits else decisions
        return build_search_space(edited, own, ceiling=ceiling, likely=True, decisions=known)

    widths = [edit for one in decisions if one.group for edit in one.options]
    places = dict.fromkeys(change.place for edit in widths for change in edit.changes)
    maker = VariantMaker(build_space, allowed.kept, list(places))
    return SpatialVariants(editable, trials, maker, deadline)
