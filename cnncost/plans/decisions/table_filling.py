"""Fill the cost tables: count each layer at every combination of options that reach it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from cnncost.network import Node
from cnncost.plans.decisions.cost_tables import CostTable, CostTables, Scope, add_tables
from cnncost.plans.decisions.reached_layer import (
    ReachedLayer,
    ReplacingAxis,
    WidthAxis,
    fill_costs,
)
from cnncost.plans.decisions.width_trials import WidthTrials
from cnncost.plans.edits.edit import Decision
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.meter import METRICS
from cnncost.plans.edits.placed_layers import Costs, layer_of

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
        found = [c.reads_instead.get(node.index) for v in replacing for c in decisions[v].options]
        self.sources = list(dict.fromkeys(index for index in found if index is not None))
        """The nodes whose inputs this one may read instead of its own."""

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
        """The table over a scope."""
        nodes = self.editable.network.nodes
        sources = tuple([(layer_of(nodes[i]), nodes[i].inputs) for i in self.sources])
        axes = tuple([self._axis_of(v) for v in scope])
        placed = layer_of(self.node), self.node.inputs
        reached = ReachedLayer(placed, self.node.shares is not None, sources, axes, self.timer)
        return CostTable(scope, *fill_costs(reached))

    def _axis_of(self, v: int) -> WidthAxis | ReplacingAxis:
        options = self.decisions[v].options
        if v in self.replacing:
            read = [edit.reads_instead.get(self.node.index) for edit in options]
            at = tuple([None if index is None else self.sources.index(index) for index in read])
            return ReplacingAxis(at, tuple([e.substitutes.get(self.node.index) for e in options]))
        trials = [self.trials.get((v, k), {}) for k in range(len(options))]
        sources = [tuple([trial.get(index) for trial in trials]) for index in self.sources]
        own = tuple([trial.get(self.node.index) for trial in trials])
        return WidthAxis(own, tuple(sources), tuple([edit.part for edit in options]))


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
