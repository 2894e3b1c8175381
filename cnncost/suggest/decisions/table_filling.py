"""Fill the cost tables: count each layer at every combination of options that reach it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import CnncostError
from cnncost.network import Node
from cnncost.suggest.decisions.cost_tables import CostTable, CostTables, Scope, add_tables
from cnncost.suggest.decisions.width_trials import WidthPicks, WidthTrials
from cnncost.suggest.edits.edit import Decision
from cnncost.suggest.edits.editable_spec import EditableSpec
from cnncost.suggest.edits.meter import METRICS
from cnncost.suggest.edits.placed_layers import (
    Costs,
    PlacedLayer,
    Substitute,
    count_layers,
    merge_trials,
)

if TYPE_CHECKING:
    from cnncost.arrays import Bools, Ints

MOST_ENTRIES = 400
"""Entries of one layer's table; above it widths are taken in pairs."""


def fill_cost_tables(
    editable: EditableSpec, decisions: Sequence[Decision], trials: WidthTrials
) -> CostTables:
    """Fill the cost tables of a spec; every option of a width decision has a trial."""
    found: dict[Scope, list[CostTable]] = {}
    for _, table in tables_by_layer(editable, decisions, trials):
        if table.costs.any() or not table.possible.all():
            found.setdefault(table.scope, []).append(table)
    base = editable.meter.base_costs
    for table in found.pop((), ()):
        base = _add_costs(base, table.costs.tolist())
    return CostTables(
        tuple(decisions), base, tuple(add_tables(found[scope]) for scope in sorted(found))
    )


def costs_alone(
    editable: EditableSpec, decision: Decision, trials: WidthTrials
) -> list[Costs | None]:
    """Count the whole network under each option of one decision; None where it is no network.

    The trials are those of the decision, numbered 0.
    """
    touched = {*_widths_by_node(trials), *_replacing_by_node([decision])}
    nodes = [editable.network.nodes[index] for index in sorted(touched)]
    layers = [node for node in nodes if node.layer is not None]
    factors = tuple([table for _, table in tables_by_layer(editable, [decision], trials, layers)])
    tables = CostTables((decision,), (0,) * len(editable.meter.tabled), factors)
    of_touched = [tables.costs((k,)) for k in range(len(decision.options))]
    now = of_touched[0]
    assert now is not None  # as it is, it is a network
    rest = tuple([a - b for a, b in zip(editable.counts, now, strict=True)])
    return [None if costs is None else _add_costs(rest, costs) for costs in of_touched]


def tables_by_layer(
    editable: EditableSpec,
    decisions: Sequence[Decision],
    trials: WidthTrials,
    nodes: Sequence[Node] | None = None,
) -> Iterator[tuple[Node, CostTable]]:
    """Yield each node (of some, or all) with a cost table; a node's tables add up to its costs."""
    reached = _widths_by_node(trials)
    substitutes = _replacing_by_node(decisions)
    for node in editable.network.layers if nodes is None else nodes:
        editable.clock.check()
        model = _LayerTables(editable, node, decisions, trials, substitutes.get(node.index, ()))
        near = [node.index, *model.sources]
        widths = [v for index in near for v in reached.get(index, ())]
        for table in model.tables(tuple(sorted({*widths, *model.replacing}))):
            yield node, table


class Substitution(NamedTuple):
    """What some options put in a layer's place."""

    sources: tuple[int, ...]
    """The nodes whose inputs it reads instead of its own; the last one counts."""
    substitutes: tuple[Substitute, ...]
    """What stands in its place, one after another; several options may put the same there."""


class _LayerTables:
    """Makes the tables of one layer, over the options that reach it."""

    def __init__(
        self,
        editable: EditableSpec,
        node: Node,
        decisions: Sequence[Decision],
        trials: WidthTrials,
        replacing: Sequence[int],
    ) -> None:
        self.editable = editable
        self.node = node
        self.decisions = decisions
        self.trials = trials
        self.replacing = replacing
        self.timer = editable.meter.timer
        self.metrics = len(editable.meter.tabled)
        picked = [((v, k), c) for v in replacing for k, c in enumerate(decisions[v].options)]
        self._rereads = {
            vk: c.reads_instead[node.index] for vk, c in picked if node.index in c.reads_instead
        }
        self._chains = {
            vk: c.substitutes[node.index] for vk, c in picked if node.index in c.substitutes
        }
        self.sources = list(dict.fromkeys(self._rereads.values()))
        """The nodes whose inputs this one may read instead of its own."""
        self._merged: dict[tuple[int, WidthPicks], PlacedLayer] = {}
        self._filled: dict[Scope, CostTable] = {}
        self._slices: dict[tuple[Scope, Substitution], CostTable] = {}

    def tables(self, scope: Scope) -> Iterator[CostTable]:
        """The layer's table over a scope, or several that add up to it."""
        size = 1
        for v in scope:
            size *= len(self.decisions[v].options)
        widths = [v for v in scope if v not in self.replacing]
        if len(widths) <= 2 or size <= MOST_ENTRIES:
            yield self._whole_table(scope)
            return
        # Costs are at most bilinear in the widths read and written, and the width read is a
        # sum over branches: what pairs of decisions add is all there is. Times are rounded:
        # with n widths the sum is off by at most (n - 1)^2, which is taken off, so that no time is
        # overestimated. That a convolution becomes depthwise only some combinations show; where
        # they do, no smaller one of them does, and no time is overestimated either.
        slack = 0 if self.timer is None else (len(widths) - 1) ** 2
        for count in (0, 1, 2):
            for part in combinations(widths, count):
                table = self._interaction(part)
                if not part:
                    table.costs[..., len(METRICS) :] -= slack
                yield table

    def _interaction(self, part: Sequence[int]) -> CostTable:
        """Return what several widths together cost beyond what fewer of them cost."""
        import numpy as np

        own = tuple(sorted((*self.replacing, *part)))
        sizes = [len(self.decisions[v].options) for v in own]
        total: Ints = np.zeros((*sizes, self.metrics), dtype=np.int64)
        possible: Bools = np.ones(sizes, dtype=bool)
        for count in range(len(part) + 1):
            for kept in combinations(part, count):
                sign = (-1) ** (len(part) - count)
                laid = self._whole_table(tuple(sorted((*self.replacing, *kept)))).with_axes(own)
                total = total + sign * laid.costs
                possible = possible & laid.possible
        return CostTable(own, total, possible)

    def _whole_table(self, scope: Scope) -> CostTable:
        """The table over a scope: a slice for each combination of what replaces the layer."""
        import numpy as np

        if scope in self._filled:
            return self._filled[scope]
        sizes = [len(self.decisions[v].options) for v in scope]
        costs: Ints = np.zeros((*sizes, self.metrics), dtype=np.int64)
        possible: Bools = np.ones(sizes, dtype=bool)
        widths = tuple([v for v in scope if v not in self.replacing])
        options = [[None] if v in widths else range(n) for v, n in zip(scope, sizes, strict=True)]
        for key in product(*options):
            picked = [(v, k) for v, k in zip(scope, key, strict=True) if k is not None]
            own = self._slice_table(widths, self._substitution_of(picked))
            at = tuple([slice(None) if k is None else k for k in key])
            costs[at], possible[at] = own.costs, own.possible
        self._filled[scope] = CostTable(scope, costs, possible)
        return self._filled[scope]

    def _substitution_of(self, picked: Sequence[tuple[int, int]]) -> Substitution:
        sources = tuple([self._rereads[vk] for vk in picked if vk in self._rereads])
        return Substitution(
            sources, tuple([self._chains[vk] for vk in picked if vk in self._chains])
        )

    def _slice_table(self, widths: Scope, replacing: Substitution) -> CostTable:
        """The table over widths under one replacement; options of a width that change nothing here
        are counted once."""
        import numpy as np

        if (widths, replacing) in self._slices:
            return self._slices[widths, replacing]
        moving, places = [], []
        for v in widths:
            picks = [(v, k) for k in range(len(self.decisions[v].options))]
            moved = [self._changes_layer(pick, replacing.sources) for pick in picks]
            moving.append([picks[0], *(p for p, move in zip(picks, moved, strict=True) if move)])
            places.append(
                [moving[-1].index(p) if move else 0 for p, move in zip(picks, moved, strict=True)]
            )
        rows = [self._costs(picked, replacing) for picked in product(*moving)]
        sizes = [len(own) for own in moving]
        none = (0,) * self.metrics
        costs = np.array([row or none for row in rows], dtype=np.int64)
        possible = np.array([row is not None for row in rows])
        short = CostTable(widths, costs.reshape(*sizes, self.metrics), possible.reshape(sizes))
        self._slices[widths, replacing] = short.restrict(places)
        return self._slices[widths, replacing]

    def _changes_layer(self, pick: tuple[int, int], sources: Sequence[int]) -> bool:
        """Whether an option of a width changes the layer, or what it reads once it is replaced."""
        trial = self.trials.get(pick)
        if trial is None:
            return False
        own = trial.get(self.node.index)
        if not sources:
            return own is not None
        read = trial.get(sources[-1])
        nodes = self.editable.network.nodes
        return (own is not None and own[0] != self.node.layer) or (
            read is not None and read[1] != nodes[sources[-1]].inputs
        )

    def _costs(self, picked: WidthPicks, replacing: Substitution) -> Costs | None:
        """The costs of the layer, or of the layers in its place, under some widths; None where
        that makes no network."""
        layer, xs = self._merged_layer(self.node.index, picked)
        if replacing.sources:
            _, xs = self._merged_layer(replacing.sources[-1], picked)
        layers: list[PlacedLayer] = [(layer, xs)]
        try:
            for substitute in replacing.substitutes:
                layers = _substitute_layers(substitute, layers, layer.word)
            return count_layers(self.node, layers, self.timer)
        except CnncostError:
            return None

    def _merged_layer(self, index: int, picked: WidthPicks) -> PlacedLayer:
        """A node's layer and inputs under the chosen widths."""
        moved = tuple([pick for pick in picked if index in self.trials.get(pick, ())])
        if (index, moved) not in self._merged:
            changed = [self.trials[pick][index] for pick in moved]
            self._merged[index, moved] = merge_trials(self.editable.network.nodes[index], changed)
        return self._merged[index, moved]


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


def _widths_by_node(trials: WidthTrials) -> dict[int, list[int]]:
    """For each node the decisions of widths that change it or what it reads."""
    reached: dict[int, list[int]] = {}
    for (v, _), trial in trials.items():
        for index in trial:
            known = reached.setdefault(index, [])
            if v not in known:
                known.append(v)
    return reached


def _replacing_by_node(decisions: Sequence[Decision]) -> dict[int, list[int]]:
    """For each node the decisions that replace it."""
    found: dict[int, list[int]] = {}
    for v, decision in enumerate(decisions):
        for edit in decision.options:
            for index in (*edit.substitutes, *edit.reads_instead):
                known = found.setdefault(index, [])
                if v not in known:
                    known.append(v)
    return found


def _add_costs(a: Costs, b: Sequence[int]) -> Costs:
    return tuple([x + y for x, y in zip(a, b, strict=True)])
