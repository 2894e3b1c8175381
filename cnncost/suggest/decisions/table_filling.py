"""Filling the cost tables: each layer counted at every combination that makes a difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, product
from typing import Any, NamedTuple

from cnncost.costs import Convention, count_layer
from cnncost.errors import CnncostError
from cnncost.layers import Layer
from cnncost.network import Node
from cnncost.place import Place
from cnncost.shape import Shape
from cnncost.suggest.decisions.cost_tables import Costs, Factor, Scope, Tables, added
from cnncost.suggest.decisions.width_trials import Moves, Trials, merge
from cnncost.suggest.text.edit import Chain, Piece, Variable
from cnncost.suggest.text.editable_spec import Draft
from cnncost.suggest.text.meter import METRICS

LARGEST = 400
"""Entries of one layer's table; above it widths are taken in pairs."""


def build(draft: Draft, variables: Sequence[Variable], trials: Trials) -> Tables:
    """The tables of a draft; every group variable's choices have a trial."""
    found: dict[Scope, list[Factor]] = {}
    for _, factor in by_node(draft, variables, trials):
        if factor.costs.any() or not factor.possible.all():
            found.setdefault(factor.scope, []).append(factor)
    base = (0,) * len(METRICS)
    for factor in found.pop((), ()):
        base = _sum(base, factor.costs.tolist())
    return Tables(tuple(variables), base, tuple(added(found[scope]) for scope in sorted(found)))


def alone(draft: Draft, variable: Variable, trials: Trials) -> list[Costs | None]:
    """The whole network's costs under each choice of one variable; None: it makes no network.

    The trials are those of the variable, as variable 0.
    """
    touched = {*_reached(trials), *_chains([variable])}
    nodes = [draft.network.nodes[index] for index in sorted(touched)]
    factors = tuple([factor for _, factor in by_node(draft, [variable], trials, nodes)])
    tables = Tables((variable,), (0,) * len(METRICS), factors)
    of_touched = [tables.costs((k,)) for k in range(len(variable.choices))]
    now = of_touched[0]
    assert now is not None  # as it is, it is a network
    rest = tuple([a - b for a, b in zip(draft.counts, now, strict=True)])
    return [None if costs is None else _sum(rest, costs) for costs in of_touched]


def by_node(
    draft: Draft,
    variables: Sequence[Variable],
    trials: Trials,
    nodes: Sequence[Node] | None = None,
) -> Iterator[tuple[Node, Factor]]:
    """Each layer (of some, or all) with its table, or with several that add up to it."""
    reached = _reached(trials)
    chains = _chains(variables)
    for node in draft.network.layers if nodes is None else nodes:
        draft.clock.check()
        model = _NodeModel(draft, node, variables, trials, chains.get(node.index, ()))
        near = [node.index, *model.sources]
        widths = [v for index in near for v in reached.get(index, ())]
        for factor in model.factors(tuple(sorted({*widths, *model.replacing}))):
            yield node, factor


def counted(node: Node, pieces: Sequence[Piece]) -> Costs:
    """The costs of the pieces that stand in a node's place.

    Raises:
        CnncostError: a piece cannot take its input.
    """
    found = [_piece(layer, xs, node.shares is not None) for layer, xs in pieces]
    known = [costs for costs in found if costs is not None]
    if len(known) < len(found):
        raise CnncostError("no network")
    if len(known) == 1:
        return known[0]
    return tuple(map(sum, zip((0,) * len(METRICS), *known, strict=True)))


@lru_cache(maxsize=1 << 17)
def _piece(layer: Layer, xs: tuple[Shape, ...], shares: bool) -> Costs | None:
    """What one layer costs; each only once, whatever scenes and combinations it stands in."""
    try:
        y = layer.infer(xs)
    except CnncostError:
        return None
    one = Node(1, "", layer, (0,), xs, y, Place(0, 0), shares=0 if shares else None)
    row = count_layer(one, Convention())
    own = row._replace(units=row.units if row.counted else 0)._asdict()
    return tuple([own[metric] for metric in METRICS])


class Replacing(NamedTuple):
    """What some choices put in a layer's place."""

    sources: tuple[int, ...]
    """The nodes whose inputs it reads instead of its own; the last one counts."""
    chains: tuple[Chain, ...]
    """What stands in its place, one after another; several choices may put the same there."""


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
        picked = [((v, k), c) for v in replacing for k, c in enumerate(variables[v].choices)]
        self._rereads = {vk: c.rereads[node.index] for vk, c in picked if node.index in c.rereads}
        self._chains = {vk: c.chains[node.index] for vk, c in picked if node.index in c.chains}
        self.sources = list(dict.fromkeys(self._rereads.values()))
        """The nodes whose inputs this one may read instead of its own."""
        self._merges: dict[tuple[int, Moves], Piece] = {}
        self._filled: dict[Scope, Factor] = {}
        self._slices: dict[tuple[Scope, Replacing], Factor] = {}

    def factors(self, scope: Scope) -> Iterator[Factor]:
        """The layer's table over a scope, or several that add up to it."""
        size = 1
        for v in scope:
            size *= len(self.variables[v].choices)
        widths = [v for v in scope if v not in self.replacing]
        if len(widths) <= 2 or size <= LARGEST:
            yield self._whole(scope)
            return
        # Costs are at most bilinear in the widths read and written, and the width read is a
        # sum over branches: what pairs of variables add is all there is.
        for count in (0, 1, 2):
            for part in combinations(widths, count):
                yield self._mixed(part)

    def _mixed(self, part: Sequence[int]) -> Factor:
        """What the choices of some widths add beyond those of each alone."""
        own = tuple(sorted((*self.replacing, *part)))
        total: Any = 0  # Any: numpy's array
        possible: Any = True  # Any: numpy's array
        for count in range(len(part) + 1):
            for kept in combinations(part, count):
                sign = (-1) ** (len(part) - count)
                laid = self._whole(tuple(sorted((*self.replacing, *kept)))).laid(own)
                total = total + sign * laid.costs
                possible = possible & laid.possible
        return Factor(own, total, possible)

    def _whole(self, scope: Scope) -> Factor:
        """The table over a scope: a slice for each combination of what replaces the layer."""
        import numpy as np

        if scope in self._filled:
            return self._filled[scope]
        sizes = [len(self.variables[v].choices) for v in scope]
        costs: Any = np.zeros((*sizes, len(METRICS)), dtype=np.int64)
        possible: Any = np.ones(sizes, dtype=bool)
        widths = tuple([v for v in scope if v not in self.replacing])
        choices = [[None] if v in widths else range(n) for v, n in zip(scope, sizes, strict=True)]
        for key in product(*choices):
            picked = [(v, k) for v, k in zip(scope, key, strict=True) if k is not None]
            own = self._slice(widths, self._replacing(picked))
            at = tuple([slice(None) if k is None else k for k in key])
            costs[at], possible[at] = own.costs, own.possible
        self._filled[scope] = Factor(scope, costs, possible)
        return self._filled[scope]

    def _replacing(self, picked: Sequence[tuple[int, int]]) -> Replacing:
        sources = tuple([self._rereads[vk] for vk in picked if vk in self._rereads])
        return Replacing(sources, tuple([self._chains[vk] for vk in picked if vk in self._chains]))

    def _slice(self, widths: Scope, replacing: Replacing) -> Factor:
        """The table over widths under one replacement: those that do the same are counted once."""
        import numpy as np

        if (widths, replacing) in self._slices:
            return self._slices[widths, replacing]
        moving, places = [], []
        for v in widths:
            picks = [(v, k) for k in range(len(self.variables[v].choices))]
            moved = [self._moves(pick, replacing.sources) for pick in picks]
            moving.append([picks[0], *(p for p, move in zip(picks, moved, strict=True) if move)])
            places.append(
                [moving[-1].index(p) if move else 0 for p, move in zip(picks, moved, strict=True)]
            )
        rows = [self._costs(picked, replacing) for picked in product(*moving)]
        sizes = [len(own) for own in moving]
        none = (0,) * len(METRICS)
        costs = np.array([row or none for row in rows], dtype=np.int64)
        possible = np.array([row is not None for row in rows])
        short = Factor(widths, costs.reshape(*sizes, len(METRICS)), possible.reshape(sizes))
        self._slices[widths, replacing] = short.restricted(places)
        return self._slices[widths, replacing]

    def _moves(self, pick: tuple[int, int], sources: Sequence[int]) -> bool:
        """Whether a choice of a width changes the layer, or what it reads once it is replaced."""
        trial = self.trials.get(pick)
        if trial is None:
            return False
        own = trial.get(self.node.index)
        if not sources:
            return own is not None
        read = trial.get(sources[-1])
        nodes = self.draft.network.nodes
        return (own is not None and own[0] != self.node.layer) or (
            read is not None and read[1] != nodes[sources[-1]].inputs
        )

    def _costs(self, picked: Moves, replacing: Replacing) -> Costs | None:
        """The costs of the layer, or of the chains in its place, under some widths; None where
        that makes no network."""
        layer, xs = self._merged(self.node.index, picked)
        if replacing.sources:
            _, xs = self._merged(replacing.sources[-1], picked)
        pieces: list[Piece] = [(layer, xs)]
        try:
            for chain in replacing.chains:
                pieces = _through(chain, pieces, layer.word)
            return counted(self.node, pieces)
        except CnncostError:
            return None

    def _merged(self, index: int, picked: Moves) -> Piece:
        """A node's layer and inputs under the chosen widths."""
        moved = tuple([pick for pick in picked if index in self.trials.get(pick, ())])
        if (index, moved) not in self._merges:
            changed = [self.trials[pick][index] for pick in moved]
            self._merges[index, moved] = merge(self.draft.network.nodes[index], changed)
        return self._merges[index, moved]


def _through(chain: Chain, pieces: Sequence[Piece], word: str) -> list[Piece]:
    """A chain in the place of the layer itself: what another chain put beside it stays, and
    goes where the layer goes."""
    out: list[Piece] = []
    for layer, xs in pieces:
        if layer.word != word:
            out.append((layer, xs))
            continue
        own = chain(layer, xs)
        if not own:
            return []
        out += own
    return out


def _reached(trials: Trials) -> dict[int, list[int]]:
    """For each node the variables of widths that change it or what it reads."""
    reached: dict[int, list[int]] = {}
    for (v, _), trial in trials.items():
        for index in trial:
            known = reached.setdefault(index, [])
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


def _sum(a: Costs, b: Sequence[int]) -> Costs:
    return tuple([x + y for x, y in zip(a, b, strict=True)])
