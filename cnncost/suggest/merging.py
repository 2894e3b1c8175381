"""Widths changed one at a time, and what a layer is once several of them change together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from cnncost.layers import Layer
from cnncost.network import Input, Network, Node
from cnncost.shape import Shape
from cnncost.suggest.variable import Piece

Moves = tuple[tuple[int, int], ...]
"""Variables and the choice of each."""

Trial = Mapping[int, Piece]
"""One width changed alone: for each node that this changes, its layer and what it reads."""

Trials = Mapping[tuple[int, int], Trial]
"""For each choice of a variable of widths: its trial."""


def changed(base: Network, other: Network) -> dict[int, Piece]:
    """The nodes of a network that differ from the base's: their layers and what they read."""
    return {
        one.index: (layer_of(two), two.inputs)
        for one, two in zip(base.nodes, other.nodes, strict=True)
        if two.layer is not None and (one.inputs != two.inputs or one.layer != two.layer)
    }


def merge(base: Input | Node, trials: Sequence[Piece]) -> Piece:
    """The layer and its inputs with the changes of several trials, each against the base.

    Numbers that several change add up their differences: a concatenation's width is a sum.
    """
    layer = layer_of(base)
    if not trials:
        return layer, base.inputs
    if len(trials) == 1:
        return trials[0]
    values = {}
    for f in fields(layer):
        mine = getattr(layer, f.name)
        theirs = [getattr(other, f.name) for other, _ in trials]
        if any(value != mine for value in theirs):
            values[f.name] = _merged(mine, theirs)
    xs = []
    for position, x in enumerate(base.inputs):
        channels = x.channels + sum(own[position].channels - x.channels for _, own in trials)
        xs.append(Shape(channels, x.extents))
    return replace(layer, **values), tuple(xs)


def _merged(mine: object, theirs: Sequence[object]) -> object:
    if isinstance(mine, int) and not isinstance(mine, bool):
        return mine + sum(value - mine for value in theirs if isinstance(value, int))
    if isinstance(mine, tuple):
        lists = [value for value in theirs if isinstance(value, tuple) and len(value) == len(mine)]
        return tuple(_merged(item, [v[i] for v in lists]) for i, item in enumerate(mine))
    return next((value for value in theirs if value != mine), mine)


def layer_of(node: Input | Node) -> Layer:
    """The layer of a node that is no input."""
    assert node.layer is not None  # inputs have no costs and are left out
    return node.layer
