"""Bytes alive at each moment of a training step, by the options of a plan: one row per moment.

As for the peaks of inference, what lives at a moment is affine in the widths, and what a
replaced layer keeps for its backward pass is laid out alone. Parameters, their optimiser's state
and the gradients made so far come from the layers' own cost tables, for they are products of two
widths. Where an option takes a layer away, a row loses as much as the edited network lost at full
width: more than it can at any other. So no row overestimates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from cnncost.costs.gradients import find_gradients
from cnncost.costs.memory.memory_report import OPTIMIZERS
from cnncost.costs.memory.training_moments import (
    BACKWARD,
    OPTIMIZER,
    TrainingMoment,
    bytes_by_moment,
    is_kept_at,
    kept_bytes,
)
from cnncost.network import Network, Node
from cnncost.plans.decisions.cost_tables import ColumnPart, CostColumn, CostTable, Scope
from cnncost.plans.decisions.edited_layers import EditedLayers, Pick, StepBytes
from cnncost.plans.decisions.table_filling import tables_by_layer
from cnncost.plans.edits.meter import PARAMETERS, WEIGHTS

if TYPE_CHECKING:
    from cnncost.arrays import Bools, Ints

PLAIN = ("conv", "conv_transpose", "depthwise_conv", "dense", "linear")
"""Types whose weights are one tensor."""


@dataclass(frozen=True)
class MomentBytes:
    """The row of a moment, and the node from which on (in the network's order) gradients of
    parameters are there."""

    at: TrainingMoment
    row: StepBytes
    since: int


def training_columns(edited: EditedLayers) -> list[CostColumn]:
    """Return the columns of a training step in bytes: each must stay within the budget."""
    return _TrainingSteps(edited).columns()


class _TrainingSteps:
    """The moments of one training step, by the options of a plan."""

    def __init__(self, edited: EditedLayers) -> None:
        self.edited, self.network = edited, edited.editable.network
        self.meter, self.clock = edited.editable.meter, edited.editable.clock
        self.optimizer = OPTIMIZERS[self.meter.optimizer]
        self.decisions = edited.space.decisions
        self.today = self._measure_moments(self.network)
        trials = self.clock.watch(edited.changes)
        self.widths = {p: self._measure_moments(edited.edited_network(p)) for p in trials}
        self.structural: dict[Pick, dict[TrainingMoment, int]] = {}
        self.aligned: dict[Pick, dict[int, int] | None] = {}
        """For each structural option where each node stands then; None where it cannot be told."""
        for v, decision in enumerate(self.decisions):
            for k, edit in enumerate(self.clock.watch(decision.options)):
                if edit.substitutes or edit.reads_instead:
                    self._measure_structural((v, k))
        self.margin = {p: self._margin(p) for p in self.clock.watch(self.structural)}
        flow = find_gradients(self.network).parameters
        self.trained = [
            flow[node.index] and node.shares is None and node.layer is not None
            for node in self.network.nodes
        ]
        self.kept = self._kept_by_node()
        self.foretold: dict[Pick, list[tuple[int, int]]] = {}
        for (index, v), parts in self.kept.items():
            for k in range(len(self.decisions[v].options)):
                added = sum(_amount_alone(part, v, k) for part in parts)
                self.foretold.setdefault((v, k), []).append((index, added))
        self.most = self._parameters()
        self.by_layer = list(tables_by_layer(edited.editable, self.decisions, edited.changes))
        own = [0] * len(self.network.nodes)
        for node, table in self.by_layer:
            if self.trained[node.index]:
                own[node.index] += self.meter.size * table.extremes(PARAMETERS)[1]
        self.made = [*reversed(list(accumulate(reversed(own)))), 0]
        """The most that the gradients of parameters take once the backward pass has done a node."""

    def _measure_moments(self, network: Network) -> dict[TrainingMoment, int]:
        meter = self.meter
        return bytes_by_moment(
            network, batch=meter.batch, size=meter.size, optimizer=meter.optimizer
        )

    def _measure_structural(self, picked: Pick) -> None:
        """Keep the bytes by moment of the network that a structural option makes."""
        found = self.edited.align(picked)
        self.aligned[picked] = None if found is None else found[0]
        self.structural[picked] = {} if found is None else self._measure_moments(found[1])

    # What lives

    def moments(self) -> Iterator[MomentBytes]:
        """Yield one row per moment, the parameters left out."""
        for at, bytes_ in self.today.items():
            self.clock.check()
            since = at.step if at.phase == BACKWARD else len(self.network.nodes)
            since = 0 if at.phase == OPTIMIZER else since
            parts = [
                part
                for (index, _), own in self.kept.items()
                if is_kept_at(at, index)
                for part in own
            ]
            row = StepBytes(bytes_, {}, tuple(parts))
            yield MomentBytes(at, replace(row, singles=self._added_by_option(at, row)), since)

    def _added_by_option(self, at: TrainingMoment, row: StepBytes) -> dict[int, tuple[int, ...]]:
        added: dict[int, list[int]] = {}
        for (v, k), lives in self.widths.items():
            mine = added.setdefault(v, [0] * len(self.decisions[v].options))
            mine[k] = lives[at] - self.today[at]
        all_of = row.most + sum(max(mine) for mine in added.values()) + self.most
        for (v, k), lives in self.structural.items():
            mine = added.setdefault(v, [0] * len(self.decisions[v].options))
            mine[k] += self._taken_by_option(at, (v, k), lives, all_of)
        return {v: tuple(mine) for v, mine in added.items() if any(mine)}

    def _taken_by_option(
        self, at: TrainingMoment, picked: Pick, lives: Mapping[TrainingMoment, int], all_of: int
    ) -> int:
        """The bytes that a structural option takes at most from a moment, but for what `kept`
        counts."""
        aligned = self.aligned[picked]
        if aligned is None:
            return -all_of
        step = at.step
        if at.phase != OPTIMIZER and step < len(self.network.nodes):
            if step not in aligned:
                return -all_of
            step = aligned[step]
        elif at.phase != OPTIMIZER:
            step = max(then.step for then in lives)
        then = at._replace(step=step)
        if then not in lives:
            return -all_of
        foretold = self.today[at]
        for index, added in self.foretold.get(picked, ()):
            foretold += added * is_kept_at(at, index)
        return min(0, lives[then] - foretold) - self.margin[picked]

    def _margin(self, picked: Pick) -> int:
        """The bytes that wider layers may add in the layers that an option takes away; and where it
        has new ones as well, what their outputs may take, with their gradients: there what it adds
        may shrink.
        """
        replaced = self.edited.edit(picked).substitutes
        networks = [self.edited.substitute_network(t, picked) for t in replaced]
        gone = [network is None or len(network.nodes) == 1 for network in networks]
        scale = 4 * self.meter.size * self.meter.batch
        rise = sum(self._rise(t) for t, goes in zip(replaced, gone, strict=True) if goes)
        if not any(gone) or all(gone):
            return scale * rise
        nodes = [node for network in networks if network for node in network.layers]
        return scale * (rise + sum(node.output.units for node in nodes))

    def _rise(self, index: int) -> int:
        """How many units a node has more under the widest options than it has today, at most."""
        now, most = self.network.nodes[index].output.units, 0
        for v in self.edited.widths(index):
            trials = [self.edited.changes.get((v, k), {}).get(index)
                      for k in range(len(self.decisions[v].options))]  # fmt: skip
            found = [layer.infer_shape(xs).units for layer, xs in filter(None, trials)]
            most += max([0, *(units - now for units in found)])
        return most

    def _kept_by_node(self) -> dict[tuple[int, int], tuple[ColumnPart, ...]]:
        """For each node that just one decision replaces, with that decision: the bytes that the
        replacement keeps for its backward pass beyond what the node keeps."""
        found = {}
        for node in self.clock.watch(self.network.layers):
            replacing = self.edited.replacing(node.index)
            if len(replacing) == 1:
                added = partial(self._kept_by_replacement, node.index)
                parts = self.edited.replacement_parts(node.index, replacing[0], added)
                found[node.index, replacing[0]] = tuple(p for p in parts if p.amounts.any())
        return found

    def _kept_by_replacement(self, index: int, picked: Pick, widths: Sequence[Pick]) -> int:
        edit = self.edited.edit(picked)
        if index not in edit.substitutes or edit.grows:
            return 0  # what further copies keep is left out
        network = self.edited.substitute_network(index, picked, widths)
        if network is None or len(network.nodes) == 1:
            return 0
        own = self.edited.network(index, widths)
        kept = partial(kept_bytes, batch=self.meter.batch, size=self.meter.size)
        return kept(network) - kept(own)

    # Parameters

    def _parameters(self) -> int:
        """What parameters, state, gradients and the step's temporaries take at most."""
        most = self.edited.space.tables.ceiling(PARAMETERS) * self.meter.size
        return most * (2 + self.optimizer.copies + self.optimizer.scratch)

    def columns(self) -> list[CostColumn]:
        """Return the rows with their parameters, without rows that another row is never below."""
        uses = {PARAMETERS: self.meter.size}
        state = self._gradients(0, self.optimizer.copies) if self.optimizer.copies else ()
        found = []
        for instant in self._without_covered():
            self.clock.check()
            column = instant.row.column(uses)
            parts = (*column.parts, *state, *self._gradients(instant.since, 1))
            column = replace(column, parts=parts)
            if instant.at.phase == OPTIMIZER and self.optimizer.scratch:
                found += [
                    replace(column, parts=(*parts, *temporaries))
                    for temporaries in self._temporaries()
                ]
            found.append(column)
        return [_fold_constants(column) for column in found]

    def _gradients(self, since: int, times: int) -> tuple[ColumnPart, ...]:
        """The parameters trained from a node on, in bytes, as many times as asked."""
        found: dict[Scope, Ints] = {}
        for node, table in self.by_layer:
            if node.index >= since and self.trained[node.index]:
                own = self.meter.size * times * table.costs[..., PARAMETERS]
                found[table.scope] = found.get(table.scope, 0) + own
        return tuple(ColumnPart(scope, amounts) for scope, amounts in found.items())

    def _temporaries(self) -> list[tuple[ColumnPart, ...]]:
        """For each tensor that may be the largest: what the optimiser's step allocates for it."""
        scratch = self.optimizer.scratch * self.meter.size
        found: dict[int, list[ColumnPart]] = {}
        for node, table in self.by_layer:
            if self.trained[node.index] and _has_one_tensor(node):
                sure = scratch * table.costs[..., WEIGHTS] * self._where_it_stays(node, table)
                found.setdefault(node.index, []).append(ColumnPart(table.scope, sure))
        tops = {index: sum(part.most for part in parts) for index, parts in found.items()}
        least = max([sum(p.least for p in parts) for parts in found.values()], default=0)
        return [tuple(parts) for index, parts in found.items() if tops[index] > least]

    def _where_it_stays(self, node: Node, table: CostTable) -> Bools:
        """For each combination of the table's options: whether none of them replaces the node."""
        import numpy as np

        stays: Bools = np.ones(table.possible.shape, dtype=bool)
        for axis, v in enumerate(table.scope):
            options = self.decisions[v].options
            own = np.array([node.index not in edit.substitutes for edit in options])
            stays &= own.reshape([-1 if at == axis else 1 for at in range(stays.ndim)])
        return stays

    def _without_covered(self) -> list[MomentBytes]:
        kept: list[MomentBytes] = []
        found = sorted(self.moments(), key=lambda i: -(i.row.most + self.made[i.since]))
        for instant in self.clock.watch(found):
            if not any(self._covers(other, instant) for other in kept):
                kept.append(instant)
        return kept

    def _covers(self, one: MomentBytes, other: MomentBytes) -> bool:
        # The later a moment of the backward pass, the more gradients are there.
        less = max(0, self.made[other.since] - self.made[one.since])
        tensor = one.at.phase == OPTIMIZER or other.at.phase == OPTIMIZER
        if tensor and self.optimizer.scratch:
            return False
        return one.row.covers(other.row, less)


def _amount_alone(part: ColumnPart, v: int, k: int) -> int:
    """What a part adds with one option alone."""
    return int(part.amounts[tuple([k if w == v else 0 for w in part.scope])])


def _has_one_tensor(node: Node) -> bool:
    return node.layer is not None and node.layer.word in PLAIN


def _fold_constants(column: CostColumn) -> CostColumn:
    """Return a column whose constant includes the parts that no option changes."""
    base = column.base + sum(int(part.amounts) for part in column.parts if not part.scope)
    return replace(column, base=base, parts=tuple(p for p in column.parts if p.scope))
