"""The spec as it is, and with each spatial edit (resolution, stride, pooling, multiplier) made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from math import inf
from time import monotonic

from cnncost.costs import count_network
from cnncost.suggest.decisions.catalogue import SPATIAL, AllowedEdits
from cnncost.suggest.decisions.search_space import build_search_space
from cnncost.suggest.edits import multiplier
from cnncost.suggest.search.plan import LazyVariant, PlanStep, SingleEdit, SpatialVariant
from cnncost.suggest.text.edit import Decision, Edit
from cnncost.suggest.text.editable_spec import EditableSpec, read_editable_spec
from cnncost.suggest.text.text_places import SpecText


def list_variants(
    editable: EditableSpec,
    allowed: AllowedEdits,
    decisions: Sequence[Decision],
    moves: Sequence[Edit],
    deadline: float = inf,
) -> tuple[list[LazyVariant], int]:
    """List the spec as it is, then a variant for each useful spatial edit; and count how
    many changes were counted until the deadline.

    Left out are changes that another beats in every layer's costs at no higher score; behind the
    deadline no more are compared.
    """
    variants = [LazyVariant(None, partial(_variant, editable, allowed, (), decisions))]
    changes, _ = editable.clock.gather((_VariantCosts(editable, edit) for edit in moves), deadline)
    for position, change in enumerate(changes):
        if monotonic() > deadline or not any(
            rival.beats(change, first=at < position)
            for at, rival in enumerate(changes)
            if at != position
        ):
            alone = SingleEdit(change.edit, change.after)
            variants.append(
                LazyVariant(change.edit, partial(_edited_variant, editable, allowed, alone))
            )
    return variants, len(changes)


def list_spatial_edits(editable: EditableSpec, allowed: AllowedEdits) -> Iterator[Edit]:
    """Every spatial change that makes a network."""
    for kind in SPATIAL:
        for edit in editable.clock.watch(
            kind.edits(editable, allowed) if allowed.allows(kind) else ()
        ):
            if editable.read_edited(edit.changes) is not None:
                yield edit


class _VariantCosts:
    """One spatial change and what each layer costs under it."""

    def __init__(self, editable: EditableSpec, edit: Edit) -> None:
        self.edit = edit
        spec = editable.read_edited(edit.changes)
        assert spec is not None  # only changes that make a network are listed
        report = count_network(spec.network)
        self.after = editable.measure(spec.network)
        self.costs = {
            row.name: (row.weights, row.connections, row.units)
            for row in report.layers
            if row.counted or editable.meter.bytes  # every tensor takes bytes
        }
        self.totals = tuple(map(sum, zip((0, 0, 0), *self.costs.values(), strict=True)))

    def beats(self, other: _VariantCosts, *, first: bool) -> bool:
        """Whether no layer costs more here, at no higher score; of equal ones the first."""
        if self.edit.kind == multiplier.KIND != other.edit.kind:
            return False  # fewer edits go together with it
        if any(mine > theirs for mine, theirs in zip(self.totals, other.totals, strict=True)):
            return False  # then some layer costs more
        if self.edit.score > other.edit.score or self.costs.keys() != other.costs.keys():
            return False
        pairs = [(self.costs[name], other.costs[name]) for name in self.costs]
        if any(mine > theirs for one, two in pairs for mine, theirs in zip(one, two, strict=True)):
            return False
        return first or self.costs != other.costs or self.edit.score < other.edit.score


def _variant(
    editable: EditableSpec,
    allowed: AllowedEdits,
    leading: tuple[PlanStep, ...],
    decisions: Sequence[Decision],
    ceiling: int | None,
) -> SpatialVariant:
    return SpatialVariant(
        build_search_space(editable, allowed, ceiling=ceiling, decisions=decisions), leading
    )


def _edited_variant(
    editable: EditableSpec, allowed: AllowedEdits, alone: SingleEdit, ceiling: int | None
) -> SpatialVariant:
    spec_text = SpecText(editable.spec_text.name, editable.edited_text(alone.edit.changes))
    edited = read_editable_spec(
        spec_text, editable.max_layers, allowed.kept, editable.meter, editable.clock
    )
    return _variant(
        edited, allowed.together_with(alone.edit), (PlanStep(alone.edit, alone.after),), (), ceiling
    )
