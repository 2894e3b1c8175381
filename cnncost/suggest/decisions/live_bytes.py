"""Peaks of live bytes under a plan's choices: a row for each step at which one may be.

The bytes alive at a step are a sum over the tensors alive then. Which these are does not depend
on widths, and a tensor's size is affine in them: so a step's bytes are today's plus what each
width alone takes away, measured on the network with that width alone. Where a layer is replaced
by a chain of others, each layer of the chain is a step; the chain and the layer are laid out
alone, and the difference stands in the table of the replacement and the widths around it.

What is not sure to be alive is left out, so that a row never overestimates: the steps of a layer
that is taken away, or that two variables replace at once. A plan that its recount refutes is
forbidden, and the search goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from cnncost.costs.count import count_network
from cnncost.costs.memory.embedded import flash
from cnncost.costs.memory.inference import Lives
from cnncost.network import Network
from cnncost.suggest.decisions.cost_tables import Column, Part, part
from cnncost.suggest.decisions.edited_layers import Picked, Pieces, Row
from cnncost.suggest.text.clock import Clock

Living = Callable[[Network], Lives]
"""When the tensors of a network live."""


def rows(pieces: Pieces, living: Living) -> list[Row]:
    """The rows of a space, without those that another one covers."""
    return uncovered(list(_Timeline(pieces, living).rows()), pieces.draft.clock)


def uncovered(found: Sequence[Row], clock: Clock) -> list[Row]:
    """The rows that no other one covers; of equal ones the first."""
    kept: list[Row] = []
    for row in clock.watched(sorted(found, key=lambda row: -row.most)):
        if not any(other.covers(row) for other in kept):
            kept.append(row)
    return kept


class _Timeline:
    """The steps of a pass over a space."""

    def __init__(self, pieces: Pieces, living: Living) -> None:
        self.pieces = pieces
        self.living = living
        self.network = pieces.draft.network
        self.lives = living(self.network)
        self.today = self.lives.timeline()
        self.variables = pieces.space.variables
        self.widths = {
            picked: living(network).timeline()
            for picked, network in pieces.draft.clock.watched(pieces.trials.items())
        }
        self.lost = {
            (v, k): self._lost((v, k))
            for v, variable in enumerate(self.variables)
            for k, choice in enumerate(pieces.draft.clock.watched(variable.choices))
            if choice.chains or choice.rereads
        }
        """For each structural choice the steps of which it leaves nothing sure."""

    def rows(self) -> Iterator[Row]:
        """A row for each step, and for each step of what may replace it."""
        for t, bytes_ in enumerate(self.today):
            self.pieces.draft.clock.check()
            replacing = self.pieces.replacing(t)
            plain = Row(bytes_, self._singles(t, replacing))
            if not replacing:
                yield plain
            for r in replacing:
                others = [v for v in replacing if v != r]
                for step in range(self._steps(t, r)):
                    added = partial(self._added, t, step)
                    parts = self.pieces.replacement(t, r, added)
                    yield Row(bytes_, self._singles(t, others), parts)

    def _singles(self, t: int, void: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """What each choice alone adds to a step; the choices of `void` that change the step,
        and those that leave nothing sure of it, take all of it away."""
        added: dict[int, list[int]] = {}
        for (v, k), lives in self.widths.items():
            row = added.setdefault(v, [0] * len(self.variables[v].choices))
            row[k] = lives[t] - self.today[t]
        rise = sum(max(row) for row in added.values())
        for (v, k), steps in self.lost.items():
            if t in steps or (v in void and t in self.pieces.choice((v, k)).chains):
                row = added.setdefault(v, [0] * len(self.variables[v].choices))
                row[k] = -self.today[t] - rise
        return {v: tuple(row) for v, row in added.items() if any(row)}

    def _steps(self, t: int, r: int) -> int:
        """How many steps the longest replacement of a node has."""
        counts = [1]
        for k, choice in enumerate(self.variables[r].choices):
            if t in choice.chains:
                network = self.pieces.replaced(t, (r, k))
                counts.append(len(network.nodes) - 1 if network else 1)
        return max(counts)

    def _added(self, t: int, step: int, picked: Picked, widths: Sequence[Picked]) -> int:
        """Bytes at a step of a replacement beyond those of the layer itself."""
        if t not in self.pieces.choice(picked).chains or t in self.lost[picked]:
            return 0
        network = self.pieces.replaced(t, picked, widths)
        if network is None or len(network.nodes) < 2:
            return 0
        dies = self.lives.last[self.lives.base[self.network.nodes[t].reads[0]]] == t
        bytes_ = self._alone(network, dies=dies)[1:]
        (own,) = self._alone(self.pieces.network(t, widths), dies=dies)[1:]
        return bytes_[min(step, len(bytes_) - 1)] - own

    def _alone(self, network: Network, *, dies: bool) -> list[int]:
        """The timeline of a chain; its input dies with its last reader, or stays."""
        lives = self.living(network)
        last = list(lives.last)
        read = [n.index for n in network.layers if lives.base[n.reads[0]] == 0]
        last[0] = max(read, default=0) if dies else len(network.nodes) - 1
        return lives._replace(last=last).timeline()

    # What a structural choice leaves sure

    def _lost(self, picked: Picked) -> frozenset[int]:
        """The steps of which a structural choice leaves nothing sure.

        Outside the layers that it replaces, these are the steps whose bytes it changes, or at
        which an output lives that it takes away (unless the same channels live on in its stead).
        """
        aligned = self.pieces.aligned(picked)
        every = frozenset(range(len(self.today)))
        spec = self.pieces.draft.edited(self.pieces.choice(picked).changes)
        if aligned is None or spec is None:
            return every
        choice = self.pieces.choice(picked)
        timeline = self.living(spec.network).timeline()
        lost = {t for t, at in aligned.items() if timeline[at] != self.today[t]}
        lost |= set(choice.rereads)
        gone = [t for t in choice.chains if self.pieces.gone(t, picked)]
        lost |= {*gone, *(t for t in choice.chains if self._entangled(t))}
        for t in gone:
            if not self._lives_on(t, gone):
                lost |= set(range(t, self.lives.last[self.lives.base[t]] + 1))
        return frozenset(lost)

    def _entangled(self, t: int) -> bool:
        """Whether a replaced layer's storage is its input's, or its input a part of another."""
        lives, source = self.lives, self.network.nodes[t].reads[0]
        base = lives.base[source]
        return lives.base[t] == base or lives.sizes[base] != lives.sizes[source]

    def _lives_on(self, t: int, gone: Sequence[int]) -> bool:
        """Whether all that outlives the layers taken away is what they read, unchanged."""
        nodes, groups = self.network.nodes, self.pieces.draft.groups
        readers = [n.index for n in nodes if t in n.reads and n.index not in gone]
        if not readers and t not in self.network.outputs:
            return True
        kept = [i for g in gone for i in nodes[g].reads if i not in gone]
        return any(
            nodes[i].output == nodes[t].output and groups.at(i) == groups.at(t) for i in kept
        )


def column(pieces: Pieces, parameters: int) -> Column:
    """Flash as the parameters (a metric of the tables, by its place) and an affine rest.

    The rest is three bytes more a bias, and what norms fold into: affine in the widths.
    """
    today = _rest(pieces.draft.network)
    added: dict[int, list[int]] = {}
    for (v, k), network in pieces.draft.clock.watched(pieces.trials.items()):
        row = added.setdefault(v, [0] * len(pieces.space.variables[v].choices))
        row[k] = _rest(network) - today
    parts = [part((v,), row) for v, row in added.items()]
    for node in pieces.draft.clock.watched(pieces.draft.network.layers):
        replacing = pieces.replacing(node.index)
        if len(replacing) == 1:
            more = partial(_added, pieces, node.index)
            parts += pieces.replacement(node.index, replacing[0], more)
        elif replacing:
            parts += _unsure(pieces, node.index, replacing)
    return Column(today, tuple(parts), {parameters: 1})


def _rest(network: Network) -> int:
    return flash(network) - count_network(network).totals.parameters


def _added(pieces: Pieces, index: int, picked: Picked, widths: Sequence[Picked]) -> int:
    if index not in pieces.choice(picked).chains:
        return 0
    network = pieces.replaced(index, picked, widths)
    return 0 if network is None else _rest(network) - _rest(pieces.network(index, widths))


def _unsure(pieces: Pieces, index: int, replacing: Sequence[int]) -> list[Part]:
    """Of a node that several variables replace: only that its own rest may go."""
    own = max(0, _rest(pieces.network(index)))
    return [
        part(
            (v,), [-own * (index in choice.chains) for choice in pieces.space.variables[v].choices]
        )
        for v in replacing
    ]
