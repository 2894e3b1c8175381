"""The layers of a search space, each as a network of its own, under chosen options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from cnncost.errors import CnncostError
from cnncost.network import Input, Network, Node
from cnncost.number_types import NumberTypes
from cnncost.place import Place
from cnncost.plans.decisions.cost_tables import ColumnPart, CostColumn, SearchSpace, make_part
from cnncost.plans.decisions.reached_layer import merge_trials
from cnncost.plans.decisions.width_trials import WidthTrials, try_width
from cnncost.plans.edits.edit import Edit, apply_edit, replacing_decisions
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.placed_layers import (
    PlacedLayer,
    WidthTrial,
    change_layers,
)
from cnncost.shape import Shape

Pick = tuple[int, int]
"""A decision and its option."""


@dataclass(frozen=True)
class EditedLayers:
    """The layers of a search space under chosen options: widths changed, replacements in place."""

    space: SearchSpace
    changes: WidthTrials
    """For each option of a decision of widths: what it alone changes."""

    def edited_network(self, picked: Pick) -> Network:
        """The network with one option of a width alone."""
        return change_layers(self.editable.network, self.changes[picked])

    @cached_property
    def _widths_of(self) -> dict[int, list[int]]:
        """For each node the decisions of widths that change it or what it reads."""
        found: dict[int, dict[int, None]] = {}
        for (v, _), trial in self.changes.items():
            for index in trial:
                found.setdefault(index, {})[v] = None
        return {index: list(own) for index, own in found.items()}

    @cached_property
    def replacing_of(self) -> dict[int, list[int]]:
        """For each node that options replace, by index: the decisions of these options."""
        return replacing_decisions(self.space.decisions)

    @property
    def editable(self) -> EditableSpec:
        return self.space.editable

    def edit(self, picked: Pick) -> Edit:
        """The option of a decision."""
        v, k = picked
        return self.space.decisions[v].options[k]

    def replacing(self, index: int) -> list[int]:
        """The decisions that put other layers in a node's place."""
        return self.replacing_of.get(index, [])

    def widths(self, index: int) -> list[int]:
        """The decisions of widths that change a node or what it reads."""
        return self._widths_of.get(index, [])

    def network(self, index: int, widths: Sequence[Pick] = ()) -> Network:
        """A node alone behind an input of its own, under these widths."""
        layer, xs = self._merged_layer(index, widths)
        frozen = self._is_frozen(index)
        return sequence_network([(layer, xs)], xs[0], frozen=frozen, types=self._types)

    def substitute_network(
        self, index: int, picked: Pick, widths: Sequence[Pick] = ()
    ) -> Network | None:
        """Return what an option puts in a node's place as a network; None where it cannot read its
        input.

        A node that is taken away leaves the input alone.
        """
        edit = self.edit(picked)
        layer, xs = self._merged_layer(index, widths)
        if index in edit.reads_instead:
            _, xs = self._merged_layer(edit.reads_instead[index], widths)
        try:
            layers = edit.substitutes[index](layer, xs)
            frozen = self._is_frozen(index)
            return sequence_network(layers, xs[0], frozen=frozen, types=self._types)
        except CnncostError:
            return None

    def replacement_parts(
        self, index: int, r: int, added: Callable[[Pick, Sequence[Pick]], int]
    ) -> tuple[ColumnPart, ...]:
        """Return what the options of a replacing decision add at a node, by the widths around it.

        `added` returns the amount for an option and some widths. It is affine in the widths: so
        what each width alone adds to each replacement is all that need be measured.
        """
        options = range(len(self.space.decisions[r].options))
        alone = [added((r, k), ()) for k in options]
        parts = [make_part((r,), alone)]
        for v in self.widths(index):
            more = [
                [added((r, k), ((v, w),) if w else ()) - alone[k] for k in options]
                for w in range(len(self.space.decisions[v].options))
            ]
            own = make_part((v, r), more)
            if own.amounts.any():
                parts.append(own if v < r else ColumnPart((r, v), own.amounts.T))
        return tuple(parts)

    @property
    def _types(self) -> NumberTypes | None:
        """The types of a part of the network: bytes of others are the whole one's."""
        types = self.editable.network.types
        return types and types._replace(other_bytes=0)

    def _is_frozen(self, index: int) -> bool:
        return self.editable.network.nodes[index].frozen

    def takes_away(self, index: int, picked: Pick) -> bool:
        """Whether an option takes a node away, or cannot replace it."""
        network = self.substitute_network(index, picked)
        return network is None or len(network.nodes) == 1

    def align(self, picked: Pick) -> tuple[dict[int, int], Network] | None:
        """Return where each node that an option leaves alone stands in the edited network, and that
        network; None where that cannot be told."""
        edit = self.edit(picked)
        if edit.states_layers and not self.space.decisions[picked[0]].unread:
            return apply_edit(self.editable.network, edit)
        spec = self.editable.read_edited(edit.changes)
        return None if spec is None else self._align_with(picked, spec.network)

    def _align_with(self, picked: Pick, edited: Network) -> tuple[dict[int, int], Network] | None:
        found: dict[int, int] = {}
        at = 0
        for node in self.editable.network.nodes:
            if node.index not in self.edit(picked).substitutes:
                found[node.index] = at
                at += 1
                continue
            network = self.substitute_network(node.index, picked)
            if network is None:
                return None
            at += len(network.nodes) - 1
        return (found, edited) if at == len(edited.nodes) else None

    def _merged_layer(self, index: int, widths: Sequence[Pick]) -> PlacedLayer:
        own = [picked for picked in widths if index in self.changes[picked]]
        trials = [self.changes[picked][index] for picked in own]
        parts = [self.edit(picked).part for picked in own]
        return merge_trials(self.editable.network.nodes[index], trials, parts)


def edited_layers_of(space: SearchSpace) -> EditedLayers:
    """Make the edited layers of a search space: each width edit is tried alone."""
    trials: dict[Pick, WidthTrial] = {}
    for v, decision in enumerate(space.decisions):
        for k, edit in enumerate(space.editable.clock.watch(decision.options)):
            trial = try_width(space.editable, edit) if decision.group else None
            if trial is not None:
                trials[v, k] = trial
    return EditedLayers(space, trials)


def sequence_network(
    layers: Sequence[PlacedLayer],
    x: Shape,
    *,
    frozen: bool = False,
    types: NumberTypes | None = None,
) -> Network:
    """Layers one behind the other as a network with the input `x`.

    Raises:
        CnncostError: one cannot take its input.
    """
    nodes: list[Input | Node] = [Input(0, "x", x, Place(0, 0))]
    for layer, xs in layers:
        nodes.append(
            Node(len(nodes), str(len(nodes)), layer, (len(nodes) - 1,), xs, layer.infer_shape(xs),
                 Place(0, 0), frozen)
        )  # fmt: skip
    return Network("", tuple(nodes), (len(nodes) - 1,), types=types)


@dataclass(frozen=True)
class StepBytes:
    """The bytes alive at one step, by the options of a plan."""

    base: int
    singles: dict[int, tuple[int, ...]]
    """For a decision what each of its options adds."""
    pairs: tuple[ColumnPart, ...] = ()
    """What a replacement adds under the widths around it."""

    @property
    def most(self) -> int:
        """An upper bound of the bytes: no plan has more alive at this step."""
        tops = sum(max(added) for added in self.singles.values())
        return self.base + tops + sum(part.most for part in self.pairs)

    def column(self, uses: dict[int, int]) -> CostColumn:
        """Return the row as a column of the cost tables, with multiples of their metrics added."""
        parts = [make_part((v,), added) for v, added in self.singles.items() if any(added)]
        return CostColumn(self.base, (*parts, *self.pairs), uses)

    @cached_property
    def spread(self) -> tuple[int, int]:
        """The least and the most bytes that all pairs together add."""
        return sum(part.least for part in self.pairs), sum(part.most for part in self.pairs)

    def covers(self, other: StepBytes, less: int = 0) -> bool:
        """Whether this row minus `less` bytes is never below the other, whatever is chosen."""
        gap = self.base - less - other.base
        if gap < 0:  # as the network stands nothing is added
            return False
        gap += self.spread[0] - other.spread[1]
        for v in dict.fromkeys((*self.singles, *other.singles)):
            mine, theirs = self.singles.get(v, ()), other.singles.get(v, ())
            if mine == theirs:
                continue
            count = max(len(mine), len(theirs))
            pairs = zip(mine or (0,) * count, theirs or (0,) * count, strict=True)
            gap += min([a - b for a, b in pairs])
            if gap < 0:  # each decision adds at most what its first option does: nothing
                return False
        return gap >= 0
