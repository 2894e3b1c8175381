"""Bytes alive at each step of inference, by the options of a plan: one row per step.

The bytes alive at a step are a sum over the tensors alive then. Which these are does not depend
on widths, and a tensor's size is affine in them: so a step's bytes are today's plus what each
width alone takes away, measured on the network with that width alone. Where a layer is replaced
by several others, each of these is a step; the new layers and the old one are laid out
alone, and the difference stands in the table of the replacement and the widths around it.

What is not sure to be alive is left out, so that a row never overestimates: the steps of a layer
that is taken away, or that two decisions replace at once, or of a further copy of a block. A plan
that its recount refutes is forbidden, and the search goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from cnncost.costs.count import count_network
from cnncost.costs.memory.embedded import count_flash_bits, find_types
from cnncost.costs.memory.inference import Lives
from cnncost.costs.memory.traits import find_traits
from cnncost.network import Network
from cnncost.plans.decisions.cost_tables import ColumnPart, CostColumn, make_part
from cnncost.plans.decisions.edited_layers import EditedLayers, Pick, StepBytes
from cnncost.plans.edits.clock import Clock

Living = Callable[[Network], Lives]
"""When the tensors of a network live."""


def step_rows(edited: EditedLayers, living: Living) -> list[StepBytes]:
    """Return the rows of a search space; left out are rows that another row is never below."""
    return without_covered(list(_InferenceSteps(edited, living).rows()), edited.editable.clock)


def without_covered(found: Sequence[StepBytes], clock: Clock) -> list[StepBytes]:
    """Drop the rows that another row is never below; of equal ones the first stays."""
    kept: list[StepBytes] = []
    for row in clock.watch(sorted(found, key=lambda row: -row.most)):
        if not any(other.covers(row) for other in kept):
            kept.append(row)
    return kept


class _InferenceSteps:
    """The steps of one pass through the network, by the options of a plan."""

    def __init__(self, edited: EditedLayers, living: Living) -> None:
        self.edited = edited
        self.living = living
        self.network = edited.editable.network
        self.lives = living(self.network)
        self.today = self.lives.sum_live_bytes()
        self.decisions = edited.space.decisions
        self.width_rows: dict[int, dict[int, list[int]]] = {}
        """For each step and each decision of widths: the bytes that each option alone adds."""
        for v, k in edited.editable.clock.watch(edited.changes):
            for t, added in self._added_by_width((v, k)).items():
                row = self.width_rows.setdefault(t, {})
                row.setdefault(v, [0] * len(self.decisions[v].options))[k] = added
        self.unknown_steps = {
            (v, k): self._unknown_steps((v, k))
            for v, decision in enumerate(self.decisions)
            for k, edit in enumerate(edited.editable.clock.watch(decision.options))
            if edit.substitutes or edit.reads_instead
        }
        """For each structural option: steps whose bytes it may change by an unknown amount."""
        self.unknown_at: dict[int, list[Pick]] = {}
        """For each step the options that may change its bytes so."""
        self._replaced: dict[tuple[int, Pick, tuple[Pick, ...]], list[int]] = {}
        """What was laid out: by node, option and widths, the bytes added at each step."""
        for picked, steps in self.unknown_steps.items():
            for t in steps:
                self.unknown_at.setdefault(t, []).append(picked)

    def rows(self) -> Iterator[StepBytes]:
        """Yield one row per step, and one per step of each replacement."""
        for t, bytes_ in enumerate(self.today):
            self.edited.editable.clock.check()
            replacing = self.edited.replacing(t)
            plain = StepBytes(bytes_, self._added_by_option(t, replacing))
            if not replacing:
                yield plain
            for r in replacing:
                others = [v for v in replacing if v != r]
                for step in range(self._count_steps(t, r)):
                    added = partial(self._replacement_bytes, t, step)
                    parts = self.edited.replacement_parts(t, r, added)
                    yield StepBytes(bytes_, self._added_by_option(t, others), parts)

    def _added_by_option(self, t: int, void: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """For each decision the bytes that each option alone adds to a step.

        An option after which nothing is sure of the step takes all its bytes away; so does one of
        the decisions in `void` that replaces the step's layer.
        """
        added = {v: list(row) for v, row in self.width_rows.get(t, {}).items()}
        rise = sum(max(row) for row in added.values())
        voiding = [(v, k) for v in void for k in range(len(self.decisions[v].options))
                   if t in self.edited.edit((v, k)).substitutes]  # fmt: skip
        for v, k in (*self.unknown_at.get(t, ()), *voiding):
            row = added.setdefault(v, [0] * len(self.decisions[v].options))
            row[k] = -self.today[t] - rise
        return {v: tuple(row) for v, row in added.items() if any(row)}

    def _added_by_width(self, picked: Pick) -> dict[int, int]:
        """Return what an option of a width alone adds to the bytes of steps."""
        alone = {i: self.edited.network(i, [picked]) for i in self.edited.changes[picked]}
        if any(self._lives_otherwise(i, network) for i, network in alone.items()):
            timeline = self.living(self.edited.edited_network(picked)).sum_live_bytes()
            return {t: now - self.today[t] for t, now in enumerate(timeline)}
        added: dict[int, int] = {}
        for i, network in alone.items():
            now = self.living(network)
            added[i] = added.get(i, 0) + now.scratch[1] - self.lives.scratch[i]
            if self.lives.base[i] == i and (more := now.sizes[1] - self.lives.sizes[i]):
                for t in range(i, self.lives.last[i] + 1):
                    added[t] = added.get(t, 0) + more
        return added

    def _lives_otherwise(self, index: int, alone: Network) -> bool:
        """Whether a changed layer may lie in another storage than the layer as it is."""
        (changed,) = alone.layers
        node = self.network.nodes[index]
        return node.layer is not None and find_traits(changed) != find_traits(node)

    def _count_steps(self, t: int, r: int) -> int:
        """How many steps the longest replacement of a node has; those of copies are its own."""
        counts = [1]
        for k, edit in enumerate(self.decisions[r].options):
            if t in edit.substitutes and not edit.grows:
                network = self.edited.substitute_network(t, (r, k))
                counts.append(len(network.nodes) - 1 if network else 1)
        return max(counts)

    def _replacement_bytes(self, t: int, step: int, picked: Pick, widths: Sequence[Pick]) -> int:
        """Bytes at a step of a replacement beyond those of the layer itself."""
        key = t, picked, tuple(widths)
        if key not in self._replaced:
            self._replaced[key] = self._replacement_timeline(t, picked, widths)
        added = self._replaced[key]
        return added[min(step, len(added) - 1)]

    def _replacement_timeline(self, t: int, picked: Pick, widths: Sequence[Pick]) -> list[int]:
        """The same at each step of it."""
        edit = self.edited.edit(picked)
        if t not in edit.substitutes or edit.grows or t in self.unknown_steps[picked]:
            return [0]
        network = self.edited.substitute_network(t, picked, widths)
        if network is None or len(network.nodes) < 2:
            return [0]
        dies = self.lives.last[self.lives.base[self.network.nodes[t].reads[0]]] == t
        bytes_ = self._timeline_behind_input(network, dies=dies)[1:]
        (own,) = self._timeline_behind_input(self.edited.network(t, widths), dies=dies)[1:]
        return [one - own for one in bytes_]

    def _timeline_behind_input(self, network: Network, *, dies: bool) -> list[int]:
        """Return the bytes alive at each step of new layers.

        With `dies` their input dies with its last reader; else it stays.
        """
        lives = self.living(network)
        last = list(lives.last)
        read = [n.index for n in network.layers if lives.base[n.reads[0]] == 0]
        last[0] = max(read, default=0) if dies else len(network.nodes) - 1
        return lives._replace(last=last).sum_live_bytes()

    # Steps that a structural option changes by an unknown amount

    def _unknown_steps(self, picked: Pick) -> frozenset[int]:
        """Return the steps whose live bytes a structural option may change by an unknown amount.

        Outside the layers that it replaces, these are the steps whose bytes it changes, or at
        which an output lives that it takes away (unless the same channels live on in its stead).
        """
        found = self.edited.align(picked)
        if found is None:
            return frozenset(range(len(self.today)))
        aligned, network = found
        edit = self.edited.edit(picked)
        timeline = self.living(network).sum_live_bytes()
        unknown_steps = {t for t, at in aligned.items() if timeline[at] != self.today[t]}
        unknown_steps |= set(edit.reads_instead)
        gone = [t for t in edit.substitutes if self.edited.takes_away(t, picked)]
        unknown_steps |= {*gone, *(t for t in edit.substitutes if self._shares_storage(t))}
        for t in gone:
            if not self._lives_on(t, gone):
                unknown_steps |= set(range(t, self.lives.last[self.lives.base[t]] + 1))
        return frozenset(unknown_steps)

    def _shares_storage(self, t: int) -> bool:
        """Whether a replaced layer's storage is its input's, or its input a part of another."""
        lives, source = self.lives, self.network.nodes[t].reads[0]
        base = lives.base[source]
        return lives.base[t] == base or lives.sizes[base] != lives.sizes[source]

    def _lives_on(self, t: int, gone: Sequence[int]) -> bool:
        """Whether readers of a layer that is taken away may read what it read instead: the same
        channels."""
        nodes, groups = self.network.nodes, self.edited.editable.groups
        readers = [n.index for n in nodes if t in n.reads and n.index not in gone]
        if not readers and t not in self.network.outputs:
            return True
        kept = [i for g in gone for i in nodes[g].reads if i not in gone]
        return any(
            nodes[i].output == nodes[t].output and groups.groups_at(i) == groups.groups_at(t)
            for i in kept
        )


def flash_column(edited: EditedLayers, parameters: int) -> CostColumn:
    """Make the column of flash, in bits: those of a weight for each of the parameters (a metric of
    the tables, by its place) and a rest.

    The rest is, in int8, three bytes more for each bias, and what norms fold into: affine in the
    widths.
    """
    today = _flash_beyond_parameters(edited.editable.network)
    uses = {parameters: find_types(edited.editable.network).weight_bits}
    added: dict[int, list[int]] = {}
    for v, k in edited.editable.clock.watch(edited.changes):
        row = added.setdefault(v, [0] * len(edited.space.decisions[v].options))
        row[k] = _flash_beyond_parameters(edited.edited_network((v, k))) - today
    parts = [make_part((v,), row) for v, row in added.items()]
    for node in edited.editable.clock.watch(edited.editable.network.layers):
        replacing = edited.replacing(node.index)
        if len(replacing) == 1:
            more = partial(_replacement_bytes, edited, node.index)
            parts += edited.replacement_parts(node.index, replacing[0], more)
        elif replacing:
            parts += _may_go(edited, node.index, replacing)
    return CostColumn(today, tuple(parts), uses)


def _flash_beyond_parameters(network: Network) -> int:
    bits = find_types(network).weight_bits
    return count_flash_bits(network) - bits * count_network(network).totals.parameters


def _replacement_bytes(
    edited: EditedLayers, index: int, picked: Pick, widths: Sequence[Pick]
) -> int:
    if index not in edited.edit(picked).substitutes:
        return 0
    network = edited.substitute_network(index, picked, widths)
    return (
        0
        if network is None
        else _flash_beyond_parameters(network)
        - _flash_beyond_parameters(edited.network(index, widths))
    )


def _may_go(edited: EditedLayers, index: int, replacing: Sequence[int]) -> list[ColumnPart]:
    """For a node that several decisions replace: parts by which each may take the node's own rest
    away."""
    own = max(0, _flash_beyond_parameters(edited.network(index)))
    return [
        make_part(
            (v,), [-own * (index in edit.substitutes) for edit in edited.space.decisions[v].options]
        )
        for v in replacing
    ]
