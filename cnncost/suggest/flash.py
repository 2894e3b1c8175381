"""Flash under a plan's choices: the parameters, and what each choice adds beyond them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cnncost.costs.count import count_network
from cnncost.costs.memory.embedded import flash
from cnncost.network import Network
from cnncost.suggest.columns import Column, Part, part
from cnncost.suggest.pieces import Picked, Pieces


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
