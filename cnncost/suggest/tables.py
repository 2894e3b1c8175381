"""Cost tables: what each layer costs at every combination of the choices that reach it.

A layer's costs depend on a few variables: those that set the widths it reads and writes, and
those that replace it. Its table over their choices is filled by the real counter, so rounding,
biases, groups and depthwise convolutions are exact, and the product of two widths needs no
linear form. Tables of the same variables are added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import combinations, product
from typing import NamedTuple

from cnncost.costs import count_network
from cnncost.errors import CnncostError
from cnncost.layers import Layer
from cnncost.network import Network, Node
from cnncost.place import Place
from cnncost.shape import Shape
from cnncost.suggest.draft import METRICS, Draft
from cnncost.suggest.variable import Chain, Choice, Piece, Variable

Costs = tuple[int, ...]
"""One amount a metric, in the order of METRICS."""

Key = tuple[int, ...]
"""The choice of each variable of a scope."""

LARGEST = 400
"""Entries of one layer's table; above it widths are taken in pairs."""


class Factor(NamedTuple):
    """What some layers cost, by the choices of the variables in `scope` (ascending).

    None marks a combination that makes no network.
    """

    scope: tuple[int, ...]
    table: Mapping[Key, Costs | None]


@dataclass(frozen=True)
class Tables:
    """The costs of a draft under all its variables."""

    variables: tuple[Variable, ...]
    base: Costs
    """What no variable reaches."""
    factors: tuple[Factor, ...]

    def floor(self, metric: int) -> int:
        """A value that no choices go below: the least of every table by itself."""
        least = self.base[metric]
        for _, table in self.factors:
            least += min([costs[metric] for costs in table.values() if costs is not None])
        return least

    def ceiling(self, metric: int) -> int:
        """A value that no choices go above: the most of every table by itself."""
        most = self.base[metric]
        for _, table in self.factors:
            most += max([costs[metric] for costs in table.values() if costs is not None])
        return most

    def costs(self, chosen: Sequence[int]) -> Costs | None:
        """The costs of one choice a variable; None where it makes no network."""
        total = list(self.base)
        for scope, table in self.factors:
            entry = table[tuple(chosen[v] for v in scope)]
            if entry is None:
                return None
            total = [a + b for a, b in zip(total, entry, strict=True)]
        return tuple(total)


Moves = tuple[tuple[int, int], ...]
"""Variables and the choice of each."""

Trials = Mapping[tuple[int, int], Network]
"""For each choice of a variable of widths: the network with that choice alone."""


def build(draft: Draft, variables: Sequence[Variable], trials: Trials) -> Tables:
    """The tables of a draft; every group variable's choices have a trial."""
    merged: dict[tuple[int, ...], dict[Key, Costs | None]] = {}
    for _, part, table in by_node(draft, variables, trials):
        if any(costs is None or any(costs) for costs in table.values()):
            _add(merged, part, table)
    base = _constant(merged)
    factors = tuple(Factor(scope, table) for scope, table in sorted(merged.items()) if scope)
    return Tables(tuple(variables), base, factors)


def by_node(
    draft: Draft, variables: Sequence[Variable], trials: Trials
) -> Iterator[tuple[Node, Key, dict[Key, Costs | None]]]:
    """Each layer's table with its scope, or several that add up to it."""
    reached = _reached(draft, variables, trials)
    chains = _chains(variables)
    for node in draft.network.layers:
        model = _NodeModel(draft, node, variables, trials, chains.get(node.index, ()))
        near = [node.index, *model.sources()]
        widths = [v for index in near for v in reached.get(index, ())]
        scope = tuple(sorted({*widths, *model.replacing}))
        if not scope:
            yield node, (), {(): counted(node, [(_layer(node), node.inputs)])}
            continue
        for part, table in model.tables(scope):
            yield node, part, table


def counted(node: Node, pieces: Sequence[Piece]) -> Costs:
    """The costs of the pieces that stand in a node's place.

    Raises:
        CnncostError: a piece cannot take its input.
    """
    total = (0,) * len(METRICS)
    for layer, xs in pieces:
        costs = _piece(layer, xs, node.shares is not None)
        if costs is None:
            raise CnncostError("no network")
        total = _sum(total, costs)
    return total


@lru_cache(maxsize=1 << 17)
def _piece(layer: Layer, xs: tuple[Shape, ...], shares: bool) -> Costs | None:
    """What one layer costs; each only once, whatever scenes and combinations it stands in."""
    try:
        y = layer.infer(xs)
    except CnncostError:
        return None
    one = Node(1, "", layer, (0,), xs, y, Place(0, 0), shares=0 if shares else None)
    totals = count_network(Network("", (one,), ())).totals._asdict()
    return tuple([totals[metric] for metric in METRICS])


class _NodeModel:
    """One layer under the choices that reach it."""

    def __init__(
        self,
        draft: Draft,
        node: Node,
        variables: Sequence[Variable],
        trials: Trials,
        replacing: Sequence[int],
    ) -> None:
        self.draft = draft
        self.node = node
        self.variables = variables
        self.trials = trials
        self.replacing = replacing
        self._known: dict[tuple[tuple[Moves, ...], Key, Moves], Costs | None] = {}
        self._merges: dict[tuple[int, Moves], Piece] = {}
        self._moving: dict[int, set[tuple[int, int]]] = {}

    def sources(self) -> list[int]:
        """The nodes whose inputs this one may read instead of its own."""
        choices = [choice for v in self.replacing for choice in self.variables[v].choices]
        found = [c.rereads[self.node.index] for c in choices if self.node.index in c.rereads]
        return list(dict.fromkeys(found))

    def tables(self, scope: Key) -> Iterator[tuple[Key, dict[Key, Costs | None]]]:
        """The layer's table over a scope, or several that add up to it."""
        size = 1
        for v in scope:
            size *= len(self.variables[v].choices)
        widths = [v for v in scope if v not in self.replacing]
        if len(widths) <= 2 or size <= LARGEST:
            yield scope, {key: self._costs(scope, key) for key in self._keys(scope)}
            return
        # Costs are at most bilinear in the widths read and written, and the width read is a
        # sum over branches: what pairs of variables add is all there is.
        fixed = tuple(self.replacing)
        yield fixed, {key: self._costs(fixed, key) for key in self._keys(fixed)}
        for count in (1, 2):
            for part in combinations(widths, count):
                own = tuple(sorted((*fixed, *part)))
                yield own, {key: self._mixed(own, key, part) for key in self._keys(own)}

    def _keys(self, scope: Key) -> Iterator[Key]:
        return product(*(range(len(self.variables[v].choices)) for v in scope))

    def _mixed(self, scope: Key, key: Key, part: Sequence[int]) -> Costs | None:
        """What the choices of `part` add beyond those of each alone."""
        total = (0,) * len(METRICS)
        for count in range(len(part) + 1):
            for kept in combinations(part, count):
                sign = (-1) ** (len(part) - count)
                at = tuple(
                    k if v in kept or v in self.replacing else 0
                    for v, k in zip(scope, key, strict=True)
                )
                costs = self._costs(scope, at)
                if costs is None:
                    return None
                total = tuple(a + sign * b for a, b in zip(total, costs, strict=True))
        return total

    def _costs(self, scope: Key, key: Key) -> Costs | None:
        chosen = [(v, k) for v, k in zip(scope, key, strict=True) if k]
        index = self.node.index
        sources = [s for vk in chosen if (s := self._choice(vk).rereads.get(index)) is not None]
        chains = tuple([vk for vk in chosen if index in self._choice(vk).chains])
        moves = tuple([self._moves(at, chosen) for at in (index, *sources)])
        at = (moves, tuple(sources), chains)
        if at not in self._known:  # most choices of a scope leave most layers as they are
            layer, xs = self._merged(index, moves[0])
            for source, moved in zip(sources, moves[1:], strict=True):
                _, xs = self._merged(source, moved)
            self._known[at] = self._counted(layer, xs, chains)
        return self._known[at]

    def _choice(self, vk: tuple[int, int]) -> Choice:
        v, k = vk
        return self.variables[v].choices[k]

    def _counted(self, layer: Layer, xs: tuple[Shape, ...], chains: Moves) -> Costs | None:
        """The costs of a layer, or of the chains in its place; None where it makes no network."""
        pieces: list[Piece] = [(layer, xs)]
        try:
            for vk in chains:
                chain = self._choice(vk).chains[self.node.index]
                pieces = _through(chain, pieces, layer.word)
            return counted(self.node, pieces)
        except CnncostError:
            return None

    def _moves(self, index: int, chosen: Sequence[tuple[int, int]]) -> Moves:
        """The chosen widths that change a node or what it reads."""
        if index not in self._moving:
            base = self.draft.network.nodes[index]
            self._moving[index] = {
                vk
                for vk, network in self.trials.items()
                if network.nodes[index].layer != base.layer
                or network.nodes[index].inputs != base.inputs
            }
        return tuple([vk for vk in chosen if vk in self._moving[index]])

    def _merged(self, index: int, moved: Moves) -> Piece:
        """A node's layer and inputs under the chosen widths."""
        if (index, moved) not in self._merges:
            changed = [self.trials[vk].nodes[index] for vk in moved]
            self._merges[index, moved] = merge(self.draft.network.nodes[index], changed)
        return self._merges[index, moved]


def _through(chain: Chain, pieces: Sequence[Piece], word: str) -> list[Piece]:
    """A chain in the place of the layer itself; what another chain put beside it stays."""
    out: list[Piece] = []
    for layer, xs in pieces:
        out += chain(layer, xs) if layer.word == word else [(layer, xs)]
    return out


def merge(base: Node, changed: Sequence[Node]) -> Piece:
    """The layer and its inputs with the changes of several trials, each against the base.

    Numbers that several change add up their differences: a concatenation's width is a sum.
    """
    layer = _layer(base)
    if not changed:
        return layer, base.inputs
    if len(changed) == 1:
        return _layer(changed[0]), changed[0].inputs
    others = [_layer(node) for node in changed]
    values = {}
    for f in fields(layer):
        mine = getattr(layer, f.name)
        theirs = [getattr(other, f.name) for other in others]
        if any(value != mine for value in theirs):
            values[f.name] = _merged(mine, theirs)
    xs = []
    for position, x in enumerate(base.inputs):
        channels = x.channels + sum(n.inputs[position].channels - x.channels for n in changed)
        xs.append(Shape(channels, x.extents))
    return replace(layer, **values), tuple(xs)


def _merged(mine: object, theirs: Sequence[object]) -> object:
    if isinstance(mine, int) and not isinstance(mine, bool):
        return mine + sum(value - mine for value in theirs if isinstance(value, int))
    if isinstance(mine, tuple):
        lists = [value for value in theirs if isinstance(value, tuple) and len(value) == len(mine)]
        return tuple(_merged(item, [v[i] for v in lists]) for i, item in enumerate(mine))
    return next((value for value in theirs if value != mine), mine)


def _layer(node: Node) -> Layer:
    assert node.layer is not None  # inputs have no costs and are left out
    return node.layer


def _reached(draft: Draft, variables: Sequence[Variable], trials: Trials) -> dict[int, list[int]]:
    """For each node the variables of widths that change it or what it reads."""
    reached: dict[int, list[int]] = {}
    for (v, _), network in trials.items():
        for node, other in zip(draft.network.nodes, network.nodes, strict=True):
            if node.inputs != other.inputs or node.layer != other.layer:
                known = reached.setdefault(node.index, [])
                if v not in known:
                    known.append(v)
    return reached


def _chains(variables: Sequence[Variable]) -> dict[int, list[int]]:
    """For each node the variables that replace it."""
    found: dict[int, list[int]] = {}
    for v, variable in enumerate(variables):
        for choice in variable.choices:
            for index in (*choice.chains, *choice.rereads):
                known = found.setdefault(index, [])
                if v not in known:
                    known.append(v)
    return found


def _sum(a: Costs, b: Costs) -> Costs:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _add(
    merged: dict[Key, dict[Key, Costs | None]], scope: Key, table: dict[Key, Costs | None]
) -> None:
    if scope not in merged:
        merged[scope] = table
        return
    old = merged[scope]
    for key, costs in table.items():
        before = old[key]
        old[key] = None if before is None or costs is None else _sum(before, costs)


def _constant(merged: Mapping[Key, Mapping[Key, Costs | None]]) -> Costs:
    costs = merged.get((), {}).get((), (0,) * len(METRICS))
    return costs or (0,) * len(METRICS)
