"""A layer under the choices that reach it, as small networks of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from cnncost.errors import CnncostError
from cnncost.network import Network, Node
from cnncost.place import Place
from cnncost.shape import Shape
from cnncost.suggest.decisions.cost_tables import Column, Part, Space, part
from cnncost.suggest.decisions.width_trials import Trials, changed, merge, read
from cnncost.suggest.text.edit import Choice, Piece
from cnncost.suggest.text.editable_spec import Draft

Picked = tuple[int, int]
"""A variable and its choice."""


@dataclass(frozen=True)
class Pieces:
    """The layers of a space under its choices: widths merged, replacements put in."""

    space: Space
    trials: dict[Picked, Network]
    """For each choice of a variable of widths: the network with that choice alone."""

    @cached_property
    def changes(self) -> Trials:
        """What each of the trials changes."""
        base = self.draft.network
        return {picked: changed(base, network) for picked, network in self.trials.items()}

    @cached_property
    def replacing_of(self) -> dict[int, list[int]]:
        """For each node that is replaced: the variables that do it."""
        found: dict[int, list[int]] = {}
        for v, variable in enumerate(self.space.variables):
            for index in dict.fromkeys(i for choice in variable.choices for i in choice.chains):
                found.setdefault(index, []).append(v)
        return found

    @property
    def draft(self) -> Draft:
        return self.space.draft

    def choice(self, picked: Picked) -> Choice:
        """The choice of a variable."""
        v, k = picked
        return self.space.variables[v].choices[k]

    def replacing(self, index: int) -> list[int]:
        """The variables that put other layers in a node's place."""
        return self.replacing_of.get(index, [])

    def widths(self, index: int) -> list[int]:
        """The variables of widths that change a node or what it reads."""
        return list(dict.fromkeys(v for (v, _), trial in self.changes.items() if index in trial))

    def network(self, index: int, widths: Sequence[Picked] = ()) -> Network:
        """A node alone behind an input of its own, under these widths."""
        layer, xs = self._merged(index, widths)
        return chain_network([(layer, xs)], xs[0], frozen=self._frozen(index))

    def replaced(self, index: int, picked: Picked, widths: Sequence[Picked] = ()) -> Network | None:
        """What a choice puts in the node's place; None where it cannot take its input.

        A node that is taken away leaves the input alone.
        """
        choice = self.choice(picked)
        layer, xs = self._merged(index, widths)
        if index in choice.rereads:
            _, xs = self._merged(choice.rereads[index], widths)
        try:
            pieces = choice.chains[index](layer, xs)
            return chain_network(pieces, xs[0], frozen=self._frozen(index))
        except CnncostError:
            return None

    def replacement(
        self, index: int, r: int, added: Callable[[Picked, Sequence[Picked]], int]
    ) -> tuple[Part, ...]:
        """What the choices of a replacing variable add at a node, under the widths around it.

        `added` is an amount that is affine in the widths: so what each width adds to each
        replacement is all that there is.
        """
        choices = range(len(self.space.variables[r].choices))
        alone = [added((r, k), ()) for k in choices]
        parts = [part((r,), alone)]
        for v in self.widths(index):
            more = [
                [added((r, k), ((v, w),) if w else ()) - alone[k] for k in choices]
                for w in range(len(self.space.variables[v].choices))
            ]
            own = part((v, r), more)
            if own.amounts.any():
                parts.append(own if v < r else Part((r, v), own.amounts.T))
        return tuple(parts)

    def _frozen(self, index: int) -> bool:
        return self.draft.network.nodes[index].frozen

    def gone(self, index: int, picked: Picked) -> bool:
        """Whether a choice takes a node away, or cannot replace it."""
        network = self.replaced(index, picked)
        return network is None or len(network.nodes) == 1

    def aligned(self, picked: Picked) -> dict[int, int] | None:
        """For each node that a choice leaves alone: its place in the edited network; None
        where that cannot be told."""
        choice = self.choice(picked)
        spec = self.draft.edited(choice.changes)
        if spec is None:
            return None
        found: dict[int, int] = {}
        at = 0
        for node in self.draft.network.nodes:
            if node.index not in choice.chains:
                found[node.index] = at
                at += 1
                continue
            network = self.replaced(node.index, picked)
            if network is None:
                return None
            at += len(network.nodes) - 1
        return found if at == len(spec.network.nodes) else None

    def _merged(self, index: int, widths: Sequence[Picked]) -> Piece:
        trials = [self.changes[picked] for picked in widths]
        own = [trial[index] for trial in trials if index in trial]
        return merge(self.draft.network.nodes[index], own)


def pieces_of(space: Space) -> Pieces:
    """The pieces of a space; its texts have been read before."""
    trials: dict[Picked, Network] = {}
    for v, variable in enumerate(space.variables):
        for k, choice in enumerate(space.draft.clock.watched(variable.choices)):
            network = read(space.draft, choice) if variable.group else None
            if network is not None:
                trials[v, k] = network
    return Pieces(space, trials)


def chain_network(pieces: Sequence[Piece], x: Shape, *, frozen: bool = False) -> Network:
    """Layers one behind the other as a network with the input `x`.

    Raises:
        Refused: one cannot take its input.
    """
    nodes = [Node(0, "x", None, (), (), x, Place(0, 0))]
    for layer, xs in pieces:
        nodes.append(
            Node(len(nodes), str(len(nodes)), layer, (len(nodes) - 1,), xs, layer.infer(xs),
                 Place(0, 0), frozen)
        )  # fmt: skip
    return Network("", tuple(nodes), (len(nodes) - 1,))


@dataclass(frozen=True)
class Row:
    """The bytes alive at one step, by the choices of a plan."""

    base: int
    singles: dict[int, tuple[int, ...]]
    """For a variable what each of its choices adds."""
    pairs: tuple[Part, ...] = ()
    """What a replacement adds under the widths around it."""

    @property
    def most(self) -> int:
        """What no plan goes above."""
        tops = sum(max(added) for added in self.singles.values())
        return self.base + tops + sum(part.most for part in self.pairs)

    def column(self, uses: dict[int, int]) -> Column:
        """The row as a column of the tables, with multiples of their metrics added."""
        parts = [part((v,), added) for v, added in self.singles.items() if any(added)]
        return Column(self.base, (*parts, *self.pairs), uses)

    @cached_property
    def spread(self) -> tuple[int, int]:
        """The least and the most that all pairs add."""
        return sum(part.least for part in self.pairs), sum(part.most for part in self.pairs)

    def covers(self, other: Row, less: int = 0) -> bool:
        """Whether this row, `less` so many bytes, is at least the other whatever is chosen."""
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
            if gap < 0:  # each variable adds at most what its first choice does: nothing
                return False
        return gap >= 0
