"""Widths tried: the network with one choice of a width alone.

Where the numbers that a choice replaces are the fields of layers as they stand, the new fields
are known and shapes follow from them, so the text need not be read for each trial. The plan
itself always is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from heapq import heappop, heappush

from cnncost.errors import CnncostError
from cnncost.layers import Layer
from cnncost.network import Network, Node
from cnncost.place import Place
from cnncost.shape import Shape
from cnncost.suggest.text.edit import Choice, Piece, Trial, Variable
from cnncost.suggest.text.editable_spec import Draft, Use

FURTHER = re.compile(r"\b(?:channels|values|connects|share)\b|\brepeat['\"]?\s*+:\s*+(?!\d)")
"""What a width may reach in a text besides the fields that derive from its number: whatever
follows `channels`, numbers carried beside a layer, LeNet-5's connections, shared parameters,
a `repeat` that is computed."""

Fields = Mapping[int, Mapping[str, int]]
"""For each node the fields that a choice sets, and to what."""


def trial(draft: Draft, choice: Choice) -> Trial | None:
    """What one choice of widths changes; None if it makes no network of the same layers."""
    if choice.changes not in draft.trials:
        draft.trials[choice.changes] = _tried(draft, choice)
    return draft.trials[choice.changes]


def _tried(draft: Draft, choice: Choice) -> Trial | None:
    fields = _fields(draft, choice)
    if fields is not None:
        return _followed(draft, fields)
    network = read(draft, choice)
    return None if network is None else changed(draft.network, network)


def tried(draft: Draft, variable: Variable) -> tuple[Variable, list[Trial]]:
    """A variable with the choices that make a network; of widths the trial of each but the
    first."""
    if not variable.group:
        return _read(draft, variable) if variable.unread else variable, []
    others = draft.clock.watched(variable.choices[1:])
    found = [(choice, trial(draft, choice)) for choice in others]
    good = [(choice, own) for choice, own in found if own is not None]
    choices = (variable.choices[0], *(choice for choice, _ in good))
    return replace(variable, choices=choices), [own for _, own in good]


def _read(draft: Draft, variable: Variable) -> Variable:
    """A variable with the choices whose texts are specs."""
    first, *others = variable.choices
    good = [
        choice for choice in draft.clock.watched(others) if draft.edited(choice.changes) is not None
    ]
    return replace(variable, choices=(first, *good))


def read(draft: Draft, choice: Choice) -> Network | None:
    """The network with one choice alone, as its text reads; None if it is none, or not of the
    same layers."""
    spec = draft.edited(choice.changes)
    if spec is None or len(spec.network.nodes) != len(draft.network.nodes):
        return None
    return spec.network


def _fields(draft: Draft, choice: Choice) -> Fields | None:
    """The fields that a choice sets; None where only the text tells."""
    numbers: dict[Place, int] = {}
    for place, parts in choice.changes:
        (text,) = parts if len(parts) == 1 else ("",)
        if not (isinstance(text, str) and text.isdigit()):
            return None
        numbers[place] = int(text)
    if FURTHER.search(draft.sheet.text):
        return None
    found: dict[int, dict[str, int]] = {}
    uses = [(use, number) for place, number in numbers.items() for use in _uses(draft, place)]
    for use, number in uses:
        if not use.alone:
            return None
        found.setdefault(use.node, {})[use.field] = number
    return found


def _uses(draft: Draft, place: Place) -> Sequence[Use]:
    """The fields that derive from the scalar at a place of the text."""
    if not draft.uses:
        for use_at, use in _all_uses(draft):
            draft.uses.setdefault(use_at, []).append(use)
    return draft.uses.get(place, ())


def _all_uses(draft: Draft) -> Iterator[tuple[Place, Use]]:
    """Every field that derives from a scalar of the text, with where the scalar stands."""
    for index, written in draft.spec.written.items():
        for field, origins in written.origins.items():
            value = getattr(draft.network.nodes[index].layer, field, None)
            alone = len(origins) == 1 and origins[0].role == "number" and isinstance(value, int)
            for origin in origins:
                yield origin.place, Use(index, field, alone)


def _followed(draft: Draft, fields: Fields) -> Trial | None:
    """What follows from new fields: every layer behind them with what it reads now.

    Only the readers of an output that changes are looked at, each behind all that it reads.
    """
    nodes = draft.network.nodes
    outputs: dict[int, Shape] = {}
    trial: dict[int, Piece] = {}
    waiting = sorted(fields)
    while waiting:
        node = nodes[heappop(waiting)]
        if node.index in outputs or node.layer is None:
            continue  # reached by several that it reads
        xs = tuple([outputs.get(read, nodes[read].output) for read in node.reads])
        try:
            layer = replace(node.layer, **fields.get(node.index, {}))
            outputs[node.index] = layer.infer(xs)
        except CnncostError:
            return None
        if layer != node.layer or xs != node.inputs:
            trial[node.index] = layer, xs
        if outputs[node.index] != node.output:
            if node.index in draft.network.outputs:
                return None  # it is no answer to the same question
            for reader in draft.readers[node.index]:
                heappush(waiting, reader)
    return trial


Moves = tuple[tuple[int, int], ...]
"""Variables and the choice of each."""

Trials = Mapping[tuple[int, int], Trial]
"""For each choice of a variable of widths: its trial."""


def changed(base: Network, other: Network) -> dict[int, Piece]:
    """The nodes of a network that differ from the base's: their layers and what they read."""
    return {
        one.index: (layer_of(two), two.inputs)
        for one, two in zip(base.nodes, other.nodes, strict=True)
        if two.layer is not None and (one.inputs != two.inputs or one.layer != two.layer)
    }


def merge(base: Node, trials: Sequence[Piece]) -> Piece:
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


def layer_of(node: Node) -> Layer:
    """The layer of a node that is no input."""
    assert node.layer is not None  # inputs have no costs and are left out
    return node.layer
