"""Variants of a spec: as it is, and with one or several spatial edits made.

Spatial edits change the extents of maps or many widths at once: resolution, strides, pools,
multipliers and expansions. A variant has a search space of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush, nlargest
from itertools import combinations
from math import inf
from typing import NamedTuple

from cnncost.errors import CnncostError
from cnncost.place import Place
from cnncost.plans.decisions.cost_tables import SearchSpace
from cnncost.plans.decisions.spatial_trials import (
    SpatialTrial,
    SpatialTrials,
    find_beaten,
)
from cnncost.plans.decisions.width_trials import EditedText, find_moved, inherit_widths
from cnncost.plans.edits.budget import Budget
from cnncost.plans.edits.edit import COARSER, NARROWER, PER_EDIT, Edit, merge_edits
from cnncost.plans.edits.editable_spec import EditableSpec, output_shapes, read_editable_spec
from cnncost.plans.edits.meter import Measures
from cnncost.plans.edits.text_changes import SpecText, TextChange
from cnncost.plans.search.plan import (
    BuiltVariants,
    Plan,
    SpatialVariant,
    VariantKey,
    write_edits,
)

MOST_COARSER = 2
"""How many strides and pools one plan may change."""

MOST_GROWN = 8
"""Of how many variants at most still larger ones are made to see how far they reach."""


class LazyVariant(NamedTuple):
    """A variant that is priced, and is built only when a search reaches it."""

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

    def may_reach(
        self, budgets: Sequence[Budget], savings: Mapping[str, Sequence[int]], edits: int
    ) -> bool:
        """Whether plans of at most so many edits in all may hold the budgets.

        `savings` are, for each metric that is known, what the best edit of each decision saves.
        """
        if (rest := edits - len(self.edits)) < 0:
            return False
        saved = {metric: sum(nlargest(rest, most)) for metric, most in savings.items()}
        return all(
            self.after[budget.metric] - saved[budget.metric] <= budget.most
            for budget in budgets
            if budget.metric in saved
        )


class VariantMaker(NamedTuple):
    """What builds the search spaces of variants."""

    build_space: Callable[[EditableSpec, Sequence[Edit], int | None], SearchSpace]
    """Builds it, of the spec with these edits made: the options that score at most so much."""
    kept: Sequence[str]
    """Layers whose widths stay."""
    width_places: Sequence[Place]
    """Where the numbers stand that set widths, in the spec as it is."""
    gain: int = 0
    """What plans may gain at most where they may grow, and every variant is of one edit then."""


class SpatialVariants:
    """The variants of a spec: each is priced and built when a search reaches it, and kept.

    Two convolutions may each have a stride of 2, alone or together.

    >>> from cnncost.plans.decisions.search_space import AllowedEdits, list_spatial_trials
    >>> conv = "{conv: 8, kernel: 3, padding: 1, name: %s}"
    >>> text = f"input: [3, 64, 64]\\nlayers: [{conv % 'a'}, {conv % 'b'}, global_avgpool]"
    >>> spec = read_editable_spec(SpecText("net.yaml", text))
    >>> trials = list(list_spatial_trials(spec, AllowedEdits(frozenset(["resolution"]))))
    >>> variants = SpatialVariants(spec, trials, VariantMaker(None, (), ()))
    >>> [one.phrase for one in variants.by_score(is_above=lambda score: False)][1:]
    ['a: stride 1 to 2', 'b: stride 1 to 2', 'a: stride 1 to 2; b: stride 1 to 2']
    """

    def __init__(
        self,
        editable: EditableSpec,
        trials: Sequence[SpatialTrial],
        maker: VariantMaker,
        deadline: float = inf,
    ) -> None:
        """Edits that another beats in every layer's costs at no higher score are not searched
        alone; behind the deadline no more are compared."""
        self.editable, self.clock, self.trials, self.maker = editable, editable.clock, trials, maker
        self._trials = SpatialTrials(editable)
        self._beaten = find_beaten(trials, deadline)
        before = editable.measure(editable.network)
        self._known: dict[VariantKey, LazyVariant | None] = {(): LazyVariant((), (), 0, before)}
        for at, trial in enumerate(trials):
            self._known[at,] = LazyVariant((at,), (trial.edit,), trial.edit.score, trial.after)
        self._opened: dict[VariantKey, EditableSpec] = {(): editable}
        self._built = BuiltVariants()

    @property
    def all(self) -> list[LazyVariant]:
        """The spec as it is, and a variant for each useful edit alone."""
        keys = [(), *((at,) for at in range(len(self.trials)) if at not in self._beaten)]
        return [lazy for key in keys if (lazy := self._known[key]) is not None]

    def by_score(
        self, is_above: Callable[[int], bool], most: int | None = None
    ) -> Iterator[LazyVariant]:
        """Yield the variants, the cheapest first, up to the first whose score `is_above`; of at
        most so many edits."""
        heap: list[tuple[int, VariantKey]] = [(0, ())]
        while heap:
            bound, key = heappop(heap)
            if is_above(bound):
                return
            lazy = self.price(key)
            if lazy is None:
                continue
            if lazy.score > bound:
                heappush(heap, (lazy.score, key))
                continue
            if len(key) != 1 or key[0] not in self._beaten:
                yield lazy
            for bound, longer in () if len(key) == most else self._longer(lazy):
                heappush(heap, (bound, longer))

    def within(self, edits: Sequence[Edit]) -> Iterator[LazyVariant]:
        """Yield the variants known so far that make none but these spatial edits."""
        for lazy in list(self._known.values()):
            if lazy is not None and all(edit in edits for edit in lazy.edits):
                yield lazy

    def furthest(self, excess: Callable[[Measures], float]) -> tuple[list[LazyVariant], bool]:
        """Find the variants that may come nearest to some budgets, and whether these are all.

        Where they are many, edits are added to those that come nearest alone.
        """
        found = level = self.all
        complete = True
        while level:
            keys = dict.fromkeys(key for lazy in level for key in self.with_one_more(lazy))
            longer = [lazy for key in keys if (lazy := self.price(key)) is not None]
            longer.sort(key=lambda lazy: (excess(lazy.after), lazy.key))
            level = [lazy for lazy in longer if len(lazy.key) > 1]
            if len(level) > MOST_GROWN:
                level, complete = level[:MOST_GROWN], False
            found = [*found, *level]
        if complete:
            return found, True
        found = sorted(found, key=lambda lazy: excess(lazy.after))
        return [self.all[0], *[lazy for lazy in found if lazy.key][:MOST_GROWN]], False

    def with_one_more(self, lazy: LazyVariant) -> Iterator[VariantKey]:
        """Yield the variants with one edit more."""
        coarser = sum(edit.kind in COARSER for edit in lazy.edits)
        for at, trial in enumerate(() if self.maker.gain and lazy.key else self.trials):
            coarse = trial.edit.kind in COARSER
            if at not in lazy.key and not (coarse and coarser == MOST_COARSER):
                yield tuple(sorted((*lazy.key, at)))

    def _longer(self, lazy: LazyVariant) -> Iterator[tuple[int, VariantKey]]:
        """Yield the variants with one edit more, each added behind the edits there are, with a
        lower bound of their score."""
        for key in self.with_one_more(lazy):
            if key[:-1] == lazy.key:
                yield max(lazy.score, self.trials[key[-1]].edit.score), key

    def price(self, key: VariantKey) -> LazyVariant | None:
        """Price a variant; None where it, or one with an edit less, is no network.

        It never scores less than with an edit less: what nobody measured is not made cheaper by
        more of it.
        """
        if key not in self._known:
            self.clock.check()
            shorter = [self.price(own) for own in combinations(key, len(key) - 1)]
            least = [lazy.score for lazy in shorter if lazy is not None]
            whole = len(least) == len(shorter)
            self._known[key] = self._try_together(key, max(least)) if whole else None
        return self._known[key]

    def _try_together(self, key: VariantKey, least: int) -> LazyVariant | None:
        """Price several edits made together.

        Where all but the multipliers state what they change, layers are counted over the spec with
        the multipliers alone; else the text is read.
        """
        edits = self._edits(key)
        merged = merge_edits(edits)
        if merged is None:
            return None
        others = [edit for edit in edits if edit.kind not in NARROWER]
        if others and self._trials.are_stated(others):
            trials = SpatialTrials(self._open(self._multipliers(key)))
            trial = trials.try_together(others)
        else:
            opened = self._try_to_open(key)
            trial = self._trials.count_edited(merged, opened.network) if opened else None
        if trial is None:
            return None
        score = max(trial.edit.score + PER_EDIT * (len(key) - 1), least + PER_EDIT)
        return LazyVariant(key, edits, score, trial.after)

    def _try_to_open(self, key: VariantKey) -> EditableSpec | None:
        """Read the spec with edits made; None where it is none, or puts out other shapes."""
        try:
            opened = self._open(key)
        except CnncostError:
            return None
        shapes = output_shapes(self.editable.network)
        return opened if output_shapes(opened.network) == shapes else None

    def _edits(self, key: VariantKey) -> tuple[Edit, ...]:
        return tuple([self.trials[at].edit for at in key])

    def _multipliers(self, key: VariantKey) -> VariantKey:
        """The edits among these that make layers narrower."""
        return tuple([at for at in key if self.trials[at].edit.kind in NARROWER])

    def variant(self, lazy: LazyVariant, ceiling: int | None = None) -> SpatialVariant:
        """Build a variant with at least the options that score at most `ceiling` (None: all)."""
        ceiling = None if self.maker.gain else ceiling
        if (known := self._built.find(lazy.key, ceiling)) is not None:
            return known
        editable = self._open(lazy.key)
        space = self.maker.build_space(editable, lazy.edits, ceiling)
        if lazy.key:  # many variants are kept
            editable.forget_texts()
        variant = SpatialVariant(space, lazy.edits, lazy.score - space.gain, self.editable)
        for key in self._built.keep(lazy.key, ceiling, variant):
            self._opened.pop(key, None)
        return variant

    def write_plain(self, lazy: LazyVariant) -> Plan | None:
        """Write a variant's spatial edits as a plan of their own; None where that is no spec."""
        plan = write_edits(self._open(lazy.key), (), lazy.score)
        bound = self.least_price(lazy.score)
        return plan and replace(plan, leading=lazy.edits, origin=self.editable, bound=bound)

    def least_price(self, score: int) -> int:
        """Return what no plan of a variant that scores so much is priced below."""
        return -self.maker.gain if self.maker.gain else score

    def _open(self, key: VariantKey) -> EditableSpec:
        """Read the spec with edits made.

        What widths do there is taken from the spec with only the multipliers among these edits.
        """
        if key not in self._opened:
            opened, changes = self._read(key), self._changes(key)
            places = find_moved(self.editable.spec_text.text, changes, self.maker.width_places)
            known = frozenset(places.values())
            opened = replace(opened, width_places=known, refused=self.editable.refused)
            multipliers = self._multipliers(key)
            if multipliers != key:
                parent = EditedText(self._open(multipliers), self._changes(multipliers))
                edited = EditedText(opened, changes)
                opened = inherit_widths(self.editable, parent, edited, self.maker.width_places)
            self._opened[key] = opened
        return self._opened[key]

    def _read(self, key: VariantKey) -> EditableSpec:
        editable = self.editable
        text = SpecText(editable.spec_text.name, editable.edited_text(self._changes(key)))
        return read_editable_spec(
            text,
            editable.max_layers,
            self.maker.kept,
            editable.meter,
            editable.clock,
            editable.first_potential,
        )

    def _changes(self, key: VariantKey) -> list[TextChange]:
        return [change for at in key for change in self.trials[at].edit.changes]
