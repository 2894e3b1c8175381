"""Trials of width edits: which layers one edit of a width changes, and how.

Where the numbers that an option replaces are the fields of layers as they stand, the new fields
are known and shapes follow from them, so the text need not be read for each trial. The plan
itself always is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from heapq import heappop, heappush
from typing import Any

from cnncost.errors import CnncostError
from cnncost.layers import Layer
from cnncost.network import Input, Network, Node
from cnncost.place import Place
from cnncost.shape import Shape
from cnncost.suggest.decisions.edit_prices import price_options
from cnncost.suggest.text.edit import Decision, Edit, PlacedLayer, WidthTrial
from cnncost.suggest.text.editable_spec import EditableSpec, FieldUse

Fields = Mapping[int, Mapping[str, Any]]
"""For each node the fields that an option sets, and to what."""


def try_width(editable: EditableSpec, edit: Edit) -> WidthTrial | None:
    """Return the layers that one width edit changes; None if it makes no network of the same
    layers."""
    if edit.changes not in editable.trials:
        editable.trials[edit.changes] = _try_width(editable, edit)
    return editable.trials[edit.changes]


def _try_width(editable: EditableSpec, edit: Edit) -> WidthTrial | None:
    moved = editable.parent and editable.parent.move_changes(edit.changes)
    if editable.parent is not None and moved is not None:
        parent = editable.parent.editable
        trial = try_width(parent, replace(edit, changes=moved))
        known = None if trial is None else fields_of_trial(parent.network, trial)
        return None if known is None else follow_fields(editable, known)
    fields = changed_fields(editable, edit)
    if fields is not None:
        return follow_fields(editable, fields)
    network = read_network(editable, edit)
    return None if network is None else changed_layers(editable.network, network)


def try_options(editable: EditableSpec, decision: Decision) -> tuple[Decision, list[WidthTrial]]:
    """A decision with the options that make a network, priced; of widths the trial of each but
    the first."""
    if not decision.group:
        readable = _readable_options(editable, decision) if decision.unread else decision
        return price_options(editable, readable, []), []
    others = editable.clock.watch(decision.options[1:])
    found = [(edit, try_width(editable, edit)) for edit in others]
    good = [(edit, own) for edit, own in found if own is not None]
    options = (decision.options[0], *(edit for edit, _ in good))
    trials = [own for _, own in good]
    return price_options(editable, replace(decision, options=options), trials), trials


def _readable_options(editable: EditableSpec, decision: Decision) -> Decision:
    """A decision with the options whose texts are specs."""
    first, *others = decision.options
    for edit in editable.clock.watch(others):
        if edit.phrase not in editable.refused:
            editable.refused[edit.phrase] = editable.read_edited(edit.changes) is None
    good = [edit for edit in others if not editable.refused[edit.phrase]]
    return replace(decision, options=(first, *good))


def read_network(editable: EditableSpec, edit: Edit) -> Network | None:
    """The network with one option alone, as its text reads; None if it is none, or not of the
    same layers."""
    spec = editable.read_edited(edit.changes)
    if spec is None or len(spec.network.nodes) != len(editable.network.nodes):
        return None
    return spec.network


def changed_fields(editable: EditableSpec, edit: Edit) -> Fields | None:
    """The fields that an option sets; None where only the text tells."""
    numbers: dict[Place, int] = {}
    for place, parts in edit.changes:
        (text,) = parts if len(parts) == 1 else ("",)
        if not (isinstance(text, str) and text.isdigit()):
            return None
        numbers[place] = int(text)
    if editable.carries_numbers or not all(_uses_of(editable, place) for place in numbers):
        return None  # what follows it, or a number within an expression
    found: dict[int, dict[str, int]] = {}
    uses = [(use, number) for place, number in numbers.items() for use in _uses_of(editable, place)]
    for use, number in uses:
        if not use.alone:
            return None
        found.setdefault(use.node, {})[use.field] = number
    return found


def fields_of_trial(network: Network, trial: WidthTrial) -> Fields:
    """The fields in which the layers of a trial differ from those of the network."""
    found = {}
    for index, (layer, _) in trial.items():
        old = layer_of(network.nodes[index])
        named = [f.name for f in fields(old)] if layer is not old else []
        pairs = [(name, getattr(layer, name)) for name in named]
        found[index] = {name: value for name, value in pairs if value != getattr(old, name)}
    return {index: own for index, own in found.items() if own}


def _uses_of(editable: EditableSpec, place: Place) -> Sequence[FieldUse]:
    """The fields that derive from the scalar at a place of the text."""
    if not editable.uses:
        for use_at, use in _all_uses(editable):
            editable.uses.setdefault(use_at, []).append(use)
    return editable.uses.get(place, ())


def _all_uses(editable: EditableSpec) -> Iterator[tuple[Place, FieldUse]]:
    """Every field that derives from a scalar of the text, with where the scalar stands."""
    for index, written in editable.spec.written.items():
        for field, origins in written.origins.items():
            value = getattr(editable.network.nodes[index].layer, field, None)
            alone = len(origins) == 1 and origins[0].role == "number" and isinstance(value, int)
            for origin in origins:
                yield origin.place, FieldUse(index, field, alone)


def follow_fields(editable: EditableSpec, fields: Fields) -> WidthTrial | None:
    """What follows from new fields: every layer behind them with what it reads now.

    Only the readers of an output that changes are looked at, each behind all that it reads.
    """
    nodes = editable.network.nodes
    outputs: dict[int, Shape] = {}
    trial: dict[int, PlacedLayer] = {}
    waiting = sorted(fields)
    while waiting:
        node = nodes[heappop(waiting)]
        if node.index in outputs or node.layer is None:
            continue  # reached by several that it reads
        xs = tuple([outputs.get(read, nodes[read].output) for read in node.reads])
        try:
            layer = replace(node.layer, **fields.get(node.index, {}))
            outputs[node.index] = layer.infer_shape(xs)
        except CnncostError:
            return None
        if layer != node.layer or xs != node.inputs:
            trial[node.index] = layer, xs
        if outputs[node.index] != node.output:
            if node.index in editable.network.outputs:
                return None  # it is no answer to the same question
            for reader in editable.readers[node.index]:
                heappush(waiting, reader)
    return trial


WidthPicks = tuple[tuple[int, int], ...]
"""Decisions and the option of each."""

WidthTrials = Mapping[tuple[int, int], WidthTrial]
"""For each option of a decision of widths: its trial."""


def changed_layers(base: Network, other: Network) -> dict[int, PlacedLayer]:
    """Return the nodes that differ between two networks of equally many nodes, by index."""
    return {
        one.index: (layer_of(two), two.inputs)
        for one, two in zip(base.nodes, other.nodes, strict=True)
        if two.layer is not None and (one.inputs != two.inputs or one.layer != two.layer)
    }


def merge_trials(base: Input | Node, trials: Sequence[PlacedLayer]) -> PlacedLayer:
    """Return a node's layer and inputs with the changes of several trials made together.

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
            values[f.name] = _merge_values(mine, theirs)
    xs = []
    for position, x in enumerate(base.inputs):
        channels = x.channels + sum(own[position].channels - x.channels for _, own in trials)
        xs.append(Shape(channels, x.extents))
    return replace(layer, **values), tuple(xs)


def _merge_values(mine: object, theirs: Sequence[object]) -> object:
    if isinstance(mine, int) and not isinstance(mine, bool):
        return mine + sum(value - mine for value in theirs if isinstance(value, int))
    if isinstance(mine, tuple):
        lists = [value for value in theirs if isinstance(value, tuple) and len(value) == len(mine)]
        return tuple(_merge_values(item, [v[i] for v in lists]) for i, item in enumerate(mine))
    return next((value for value in theirs if value != mine), mine)


def layer_of(node: Input | Node) -> Layer:
    """The layer of a node that is no input."""
    assert node.layer is not None  # inputs have no costs and are left out
    return node.layer
