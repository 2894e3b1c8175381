"""The spatial edits of a spec (resolution, strides, pools, multipliers), and variants by them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import inf

from cnncost.suggest.decisions.cost_tables import SearchSpace
from cnncost.suggest.decisions.search_space import build_search_space
from cnncost.suggest.decisions.spatial_trials import SpatialTrial
from cnncost.suggest.edits.edit import AllowedEdits, Decision, Edit
from cnncost.suggest.edits.editable_spec import EditableSpec
from cnncost.suggest.search.compound_variants import SpatialVariants, VariantMaker


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
