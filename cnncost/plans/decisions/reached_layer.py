"""What one layer costs at every combination of the options that reach it, by the real counter.

Layers that are equal in all that decides their costs are counted once: those of a stage, or the
same layer in another variant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import CnncostError
from cnncost.network import Input, Node
from cnncost.plans.edits.meter import METRICS
from cnncost.plans.edits.placed_layers import (
    Costs,
    PlacedLayer,
    Substitute,
    count_layers,
    layer_of,
)
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.arrays import Bools, Ints
    from cnncost.timing import LayerTimer


class WidthAxis(NamedTuple):
    """A decision of widths at one layer: what each of its options changes there."""

    own: tuple[PlacedLayer | None, ...]
    """For each option the layer as it is then; None where that is as before."""
    sources: tuple[tuple[PlacedLayer | None, ...], ...]
    """The same of each node whose inputs the layer may read instead of its own."""
    parts: tuple[Fraction, ...]
    """For each option what part of the old width or factor its own is."""


class ReplacingAxis(NamedTuple):
    """A decision that replaces a layer: what each of its options puts in its place."""

    sources: tuple[int | None, ...]
    """For each option which of the other nodes' inputs the layer reads then, by its place."""
    substitutes: tuple[Substitute | None, ...]


class ReachedLayer(NamedTuple):
    """A layer with all that decides its costs: of equal ones the costs are filled in once."""

    placed: PlacedLayer
    shares: bool
    sources: tuple[PlacedLayer, ...]
    """The nodes whose inputs it may read instead of its own."""
    axes: tuple[WidthAxis | ReplacingAxis, ...]
    """The decisions of the table, in their order."""
    timer: LayerTimer | None
    """What times it, where time is looked at."""

    @property
    def metrics(self) -> int:
        """How many costs it has: the counts, and its time where there is a timer."""
        return len(METRICS) + (self.timer is not None)


@lru_cache(maxsize=512)
def fill_costs(reached: ReachedLayer) -> tuple[Ints, Bools]:
    """Fill the costs of a layer over its axes, and which combinations make a network: a slice for
    each combination of what replaces the layer."""
    import numpy as np

    sizes = [
        len(axis.own if isinstance(axis, WidthAxis) else axis.sources) for axis in reached.axes
    ]
    costs: Ints = np.zeros((*sizes, reached.metrics), dtype=np.int64)
    possible: Bools = np.ones(sizes, dtype=bool)
    ranges = [
        [None] if isinstance(axis, WidthAxis) else range(size)
        for axis, size in zip(reached.axes, sizes, strict=True)
    ]
    merge = _LayerMerge(reached)
    slices: dict[Substitution, tuple[Ints, Bools]] = {}
    for key in product(*ranges):
        replaced = _substitution_of(reached, key)
        if replaced not in slices:
            slices[replaced] = _fill_slice(merge, replaced)
        at = tuple([slice(None) if k is None else k for k in key])
        costs[at], possible[at] = slices[replaced]
    return costs, possible


class Substitution(NamedTuple):
    """What some options put in a layer's place."""

    source: int | None
    """Which other node's inputs it reads instead of its own."""
    substitutes: tuple[Substitute, ...]
    """What stands in its place, one after another; several options may put the same there."""


def _substitution_of(reached: ReachedLayer, key: Sequence[int | None]) -> Substitution:
    """What the options of the replacing axes do together; of several sources the last counts."""
    source, substitutes = None, []
    for axis, k in zip(reached.axes, key, strict=True):
        if isinstance(axis, ReplacingAxis) and k is not None:
            source = source if axis.sources[k] is None else axis.sources[k]
            substitute = axis.substitutes[k]
            substitutes += [] if substitute is None else [substitute]
    return Substitution(source, tuple(substitutes))


def _fill_slice(merge: _LayerMerge, replaced: Substitution) -> tuple[Ints, Bools]:
    """Fill the costs over the widths under one replacement; options of a width that change nothing
    here are counted once."""
    import numpy as np

    moving: list[list[int]] = []
    places: list[list[int]] = []
    for axis in merge.widths:
        moved = [
            _moves_layer(merge.reached, axis, k, replaced.source) for k in range(len(axis.own))
        ]
        moving.append([0, *(k for k, move in enumerate(moved) if move and k)])
        places.append([moving[-1].index(k) if move else 0 for k, move in enumerate(moved)])
    rows = [_count_replaced(merge, picked, replaced) for picked in product(*moving)]
    sizes = [len(own) for own in moving]
    none = (0,) * merge.reached.metrics
    costs = np.array([row or none for row in rows], dtype=np.int64)
    possible = np.array([row is not None for row in rows])
    at = np.ix_(*places)
    return costs.reshape(*sizes, merge.reached.metrics)[at], possible.reshape(sizes)[at]


def _moves_layer(reached: ReachedLayer, axis: WidthAxis, k: int, source: int | None) -> bool:
    """Whether an option of a width changes the layer, or what it reads once it is replaced."""
    own = axis.own[k]
    if source is None:
        return own is not None
    read = axis.sources[source][k]
    return (own is not None and own[0] != reached.placed[0]) or (
        read is not None and read[1] != reached.sources[source][1]
    )


class _LayerMerge:
    """The layer, or a node whose inputs it may read, under options of widths made together."""

    def __init__(self, reached: ReachedLayer) -> None:
        self.reached = reached
        self.widths = [axis for axis in reached.axes if isinstance(axis, WidthAxis)]
        self._merged: dict[tuple[int | None, tuple[tuple[int, int], ...]], PlacedLayer] = {}

    def under(self, picked: Sequence[int], source: int | None = None) -> PlacedLayer:
        """The layer (or a source, by its place) under one option of each width."""
        found = [
            ((v, k), change)
            for v, (axis, k) in enumerate(zip(self.widths, picked, strict=True))
            if (change := (axis.own if source is None else axis.sources[source])[k]) is not None
        ]
        key = source, tuple([pick for pick, _ in found])
        if key not in self._merged:
            base = self.reached.placed if source is None else self.reached.sources[source]
            parts = [self.widths[v].parts[k] for (v, k), _ in found]
            self._merged[key] = merge_placed(base, [change for _, change in found], parts)
        return self._merged[key]


def _count_replaced(
    merge: _LayerMerge, picked: Sequence[int], replaced: Substitution
) -> Costs | None:
    """The costs of the layer, or of the layers in its place, under some widths; None where that
    makes no network."""
    layer, xs = merge.under(picked)
    if replaced.source is not None:
        _, xs = merge.under(picked, replaced.source)
    layers: list[PlacedLayer] = [(layer, xs)]
    try:
        for substitute in replaced.substitutes:
            layers = _substitute_layers(substitute, layers, layer.word)
        return count_layers(layers, shares=merge.reached.shares, timer=merge.reached.timer)
    except CnncostError:
        return None


def _substitute_layers(
    substitute: Substitute, layers: Sequence[PlacedLayer], word: str
) -> list[PlacedLayer]:
    """Replace a layer that an earlier substitute may have replaced already: layers of its own type
    are replaced once more, those beside it stay, unless the layer is removed."""
    out: list[PlacedLayer] = []
    for layer, xs in layers:
        if layer.word != word:
            out.append((layer, xs))
            continue
        own = substitute(layer, xs)
        if not own:
            return []
        out += own
    return out


def merge_trials(
    base: Input | Node, trials: Sequence[PlacedLayer], parts: Sequence[Fraction]
) -> PlacedLayer:
    """Return a node's layer and inputs with the changes of several trials made together."""
    return merge_placed((layer_of(base), base.inputs), trials, parts)


def merge_placed(
    base: PlacedLayer, trials: Sequence[PlacedLayer], parts: Sequence[Fraction]
) -> PlacedLayer:
    """Return a layer and its inputs with the changes of several trials made together.

    Numbers that several change add up their differences: a concatenation's width is a sum. Where a
    trial makes a number its own part of the old one, it multiplies the others': a factor's times
    the width that it widens, or either's times the sum of several.
    """
    layer, inputs = base
    if not trials:
        return base
    if len(trials) == 1:
        return trials[0]
    values = {}
    for f in fields(layer):
        mine = getattr(layer, f.name)
        theirs = [getattr(other, f.name) for other, _ in trials]
        if any(value != mine for value in theirs):
            values[f.name] = _merge_values(mine, theirs, parts)
    xs = []
    for position, x in enumerate(inputs):
        channels = _merge_numbers(x.channels, [own[position].channels for _, own in trials], parts)
        xs.append(Shape(channels, x.extents))
    return replace(layer, **values), tuple(xs)


def _merge_values(mine: object, theirs: Sequence[object], parts: Sequence[Fraction]) -> object:
    if isinstance(mine, int) and not isinstance(mine, bool):
        return _merge_numbers(mine, [v if isinstance(v, int) else mine for v in theirs], parts)
    if isinstance(mine, tuple):
        same = [v if isinstance(v, tuple) and len(v) == len(mine) else mine for v in theirs]
        return tuple(
            _merge_values(item, [v[i] for v in same], parts) for i, item in enumerate(mine)
        )
    return next((value for value in theirs if value != mine), mine)


def _merge_numbers(mine: int, theirs: Sequence[int], parts: Sequence[Fraction]) -> int:
    """mine = f c under f' and c': f' c' = mine f'/f c'/c; mine = a + b: mine + a' - a + b' - b."""
    total, times = mine, Fraction(1)
    for value, part in zip(theirs, parts, strict=True):
        if value == mine * part:
            times *= part
        else:
            total += value - mine
    return int(total * times)
