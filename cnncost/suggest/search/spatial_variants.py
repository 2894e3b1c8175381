"""The spec as it is, and with spatial edits made (resolution, strides, pools, multipliers): one,
or several together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, reduce
from heapq import heappop, heappush
from math import inf
from typing import NamedTuple

from cnncost.place import Place
from cnncost.suggest.decisions.catalogue import SPATIAL, AllowedEdits
from cnncost.suggest.decisions.inherited_widths import EditedText, inherit_widths
from cnncost.suggest.decisions.search_space import build_search_space
from cnncost.suggest.decisions.spatial_trials import (
    COARSER,
    SpatialTrial,
    SpatialTrials,
    find_beaten,
)
from cnncost.suggest.edits import multiplier
from cnncost.suggest.search.plan import Plan, SpatialVariant, write_edits
from cnncost.suggest.text.edit import Decision, Edit
from cnncost.suggest.text.editable_spec import EditableSpec, read_editable_spec
from cnncost.suggest.text.meter import Measures
from cnncost.suggest.text.scores import PER_EDIT
from cnncost.suggest.text.text_changes import TextChange
from cnncost.suggest.text.text_places import SpecText

MOST_COARSER = 2
"""How many strides and pools one plan may change."""


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


VariantKey = tuple[int, ...]
"""The spatial edits of a variant, by their places among all of them, ascending."""


class LazyVariant(NamedTuple):
    """A variant that is built when a search reaches it."""

    key: VariantKey
    edits: tuple[Edit, ...]
    """The spatial changes; none for the spec as it is."""
    score: int
    """Their price together."""
    after: Measures
    """What the spec takes with these alone."""

    @property
    def phrase(self) -> str:
        return "; ".join([edit.phrase for edit in self.edits]) or "the layers as they stand"


class SpatialVariants:
    """The variants of a spec: each is priced and built when a search reaches it, and kept."""

    def __init__(
        self,
        editable: EditableSpec,
        allowed: AllowedEdits,
        decisions: Sequence[Decision],
        trials: Sequence[SpatialTrial],
        deadline: float = inf,
    ) -> None:
        """Behind the deadline no more edits are compared.

        Not searched alone are edits that another beats in every layer's costs at no higher score.
        """
        self.editable, self.clock = editable, editable.clock
        self.allowed, self.decisions = allowed, decisions
        self.trials = trials
        self._trials = SpatialTrials(editable)
        self._beaten = find_beaten(trials, deadline)
        before = editable.measure(editable.network)
        self._known: dict[VariantKey, LazyVariant | None] = {(): LazyVariant((), (), 0, before)}
        for at, trial in enumerate(trials):
            own = LazyVariant((at,), (trial.edit,), trial.edit.score, trial.after)
            self._known[at,] = own
        self._opened: dict[VariantKey, EditableSpec] = {(): editable}
        self._made: dict[VariantKey, tuple[int | None, SpatialVariant]] = {}

    @property
    def all(self) -> list[LazyVariant]:
        """The spec as it is, and a variant for each useful edit alone."""
        keys = [(), *((at,) for at in range(len(self.trials)) if at not in self._beaten)]
        return [lazy for key in keys if (lazy := self._known[key]) is not None]

    def by_score(self, is_above: Callable[[int], bool]) -> Iterator[LazyVariant]:
        """Yield the variants, the cheapest first, up to the first whose score `is_above`."""
        heap: list[tuple[int, VariantKey]] = [(0, ())]
        while heap:
            bound, key = heappop(heap)
            if is_above(bound):
                return
            lazy = self._price(key)
            if lazy is None:
                continue
            if lazy.score > bound:
                heappush(heap, (lazy.score, key))
                continue
            if len(key) != 1 or key[0] not in self._beaten:
                yield lazy
            for bound, longer in self._longer(lazy):
                heappush(heap, (bound, longer))

    def within(self, edits: Sequence[Edit]) -> Iterator[LazyVariant]:
        """Yield the variants known so far that make none but these spatial edits."""
        for lazy in self._known.values():
            if lazy is not None and all(edit in edits for edit in lazy.edits):
                yield lazy

    def _longer(self, lazy: LazyVariant) -> Iterator[tuple[int, VariantKey]]:
        """Yield the variants with one edit more, behind those there are, and what they score at
        least."""
        first = lazy.key[-1] + 1 if lazy.key else 0
        coarser = sum(edit.kind in COARSER for edit in lazy.edits)
        for at in range(first, len(self.trials)):
            edit = self.trials[at].edit
            if edit.kind not in COARSER or coarser < MOST_COARSER:
                yield max(lazy.score, edit.score), (*lazy.key, at)

    def _price(self, key: VariantKey) -> LazyVariant | None:
        """Price a variant of which the one without its last edit is priced; None where that is no
        network.

        It never scores less than either of these: what nobody measured is not made cheaper by
        more of it.
        """
        if key not in self._known:
            self.clock.check()
            shorter, last = self._known[key[:-1]], self._known[key[-1:]]
            assert shorter is not None  # it was reached before this one
            assert last is not None
            edits = (*shorter.edits, *last.edits)
            trial = self._trials.try_together(edits)
            self._known[key] = None
            if trial is not None:
                least = max(shorter.score, last.score)
                score = max(trial.edit.score, least) + PER_EDIT * len(shorter.edits)
                self._known[key] = LazyVariant(key, edits, score, trial.after)
        return self._known[key]

    def variant(self, lazy: LazyVariant, ceiling: int | None = None) -> SpatialVariant:
        """Build a variant with at least the options that score at most `ceiling` (None: all)."""
        if lazy.key in self._made:
            known, variant = self._made[lazy.key]
            if known is None or (ceiling is not None and ceiling <= known):
                return variant
        allowed = reduce(AllowedEdits.together_with, lazy.edits, self.allowed)
        decisions = () if lazy.key else self.decisions
        editable = self._open(lazy.key)
        space = build_search_space(editable, allowed, ceiling=ceiling, decisions=decisions)
        variant = SpatialVariant(space, lazy.edits, lazy.score, self.editable)
        self._made[lazy.key] = ceiling, variant
        return variant

    def write_plain(self, lazy: LazyVariant) -> Plan | None:
        """Write a variant's spatial edits as a plan of their own; None where that is no spec."""
        plan = write_edits(self._open(lazy.key), (), lazy.score)
        return plan and replace(plan, leading=lazy.edits, origin=self.editable, bound=lazy.score)

    def _open(self, key: VariantKey) -> EditableSpec:
        """Read the spec with edits made; what widths do there is known from the spec with the
        multipliers among these alone."""
        if key not in self._opened:
            multipliers = tuple([at for at in key if self.trials[at].edit.kind == multiplier.KIND])
            opened = self._read(key)
            if multipliers != key:
                parent = EditedText(self._open(multipliers), self._changes(multipliers))
                edited = EditedText(opened, self._changes(key))
                opened = inherit_widths(self.editable, parent, edited, self._width_places)
            self._opened[key] = opened
        return self._opened[key]

    def _read(self, key: VariantKey) -> EditableSpec:
        editable = self.editable
        text = SpecText(editable.spec_text.name, editable.edited_text(self._changes(key)))
        return read_editable_spec(
            text,
            editable.max_layers,
            self.allowed.kept,
            editable.meter,
            editable.clock,
            editable.first_potential,
        )

    def _changes(self, key: VariantKey) -> list[TextChange]:
        return [change for at in key for change in self.trials[at].edit.changes]

    @cached_property
    def _width_places(self) -> list[Place]:
        """Where the numbers stand that set widths."""
        changing = [edit for one in self.decisions if one.group for edit in one.options]
        return list(dict.fromkeys(change.place for edit in changing for change in edit.changes))
