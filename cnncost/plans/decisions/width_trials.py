"""Trials of width edits: which layers one edit of a width changes, and how.

Where the numbers that an edit replaces are fields of layers as they stand, the new fields are
known and shapes follow from them, so the text need not be read for each trial. Elsewhere numbers
that set different fields are changed together in one text, and what each does is told apart.
Where a stride, a pool or the input's size has been changed, a width does to the fields of layers
what it does without that. The plan itself is always read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from fractions import Fraction
from heapq import heappop, heappush
from itertools import zip_longest
from typing import Any, NamedTuple

from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.place import Place
from cnncost.plans.edits.edit import AllowedEdits, Decision, Edit, apply_edit
from cnncost.plans.edits.editable_spec import SIZED, EditableSpec, ParentSpec
from cnncost.plans.edits.placed_layers import (
    PlacedLayer,
    WidthTrial,
    change_layers,
    changed_layers,
    layer_of,
)
from cnncost.plans.edits.text_changes import TextChange, apply_changes
from cnncost.shape import Shape

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


def read_network(editable: EditableSpec, edit: Edit) -> Network | None:
    """The network with one option alone, as its text reads; None if it is none, or not of the
    same layers."""
    spec = editable.read_edited(edit.changes)
    if spec is None or len(spec.network.nodes) != len(editable.network.nodes):
        return None
    return spec.network


def foresee_network(editable: EditableSpec, decision: Decision, edit: Edit) -> Network | None:
    """The network with one option of a decision alone, as the layers that it states or what a width
    does to layers says, else as its text reads; None where it makes none."""
    if decision.group:
        trial = try_width(editable, edit)
        return None if trial is None else change_layers(editable.network, trial)
    if edit.states_layers and not decision.unread:
        found = apply_edit(editable.network, edit)
        return None if found is None else found[1]
    spec = editable.read_edited(edit.changes)
    return None if spec is None else spec.network


def changed_fields(editable: EditableSpec, edit: Edit) -> Fields | None:
    """The fields of layers that an edit sets, with their values; None where only its text tells."""
    numbers: dict[Place, int] = {}
    for place, parts in edit.changes:
        (text,) = parts if len(parts) == 1 else ("",)
        if not (isinstance(text, str) and text.isdigit()):
            return None
        numbers[place] = int(text)
    all_uses = editable.field_uses
    if editable.carries_numbers or not all(place in all_uses for place in numbers):
        return None  # what follows it, or a number within an expression
    found: dict[int, dict[str, int]] = {}
    uses = [(use, number) for place, number in numbers.items() for use in all_uses[place]]
    for use, number in uses:
        value = getattr(editable.network.nodes[use.node].layer, use.field, None)
        if not (use.alone and isinstance(value, int)):
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


def follow_fields(editable: EditableSpec, fields: Fields) -> WidthTrial | None:
    """Infer the layers behind new fields: every layer that changes, with what it reads then.

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
            for reader in editable.network.readers[node.index]:
                heappush(waiting, reader)
    return trial


def find_parts_left(
    before: EditableSpec, decisions: Sequence[Decision], after: EditableSpec, allowed: AllowedEdits
) -> dict[str, Fraction]:
    """Find, for the label of each width, the smallest part of it that is offered once multipliers
    have narrowed layers: none of those that it sets, or that follow it, gets below what is known
    beside its width in the spec before."""
    nodes, narrowed = before.network.nodes, after.network.nodes
    found = {}
    for decision in decisions if len(nodes) == len(narrowed) else ():
        trial = try_width(before, decision.options[-1]) if decision.group else None
        widths = {i: layer.infer_shape(xs).channels for i, (layer, xs) in (trial or {}).items()}
        parts = [
            Fraction(narrowed[i].output.channels, nodes[i].output.channels)
            for i, channels in widths.items()
            if channels != nodes[i].output.channels
        ]
        if parts:
            found[decision.label] = allowed.narrowest / min(parts)
    return found


WidthPicks = tuple[tuple[int, int], ...]
"""Decisions and the option of each."""

WidthTrials = Mapping[tuple[int, int], WidthTrial]
"""For each option of a decision of widths: its trial."""

FieldNames = frozenset[tuple[int, str]]
"""Fields of layers: the node's index, and the name."""


def foresee_widths(editable: EditableSpec, decisions: Sequence[Decision]) -> None:
    """Try the options of width decisions of which only the text tells what they do, and keep what
    is found in the spec's trials; what cannot be told apart is left to be read alone."""
    if editable.parent is not None or not editable.sets_fields_alone:
        return
    due = [found for one in decisions if one.group and len(found := _unread(editable, one)) > 1]
    probed = [(edits, names) for edits in due if (names := _probe_fields(editable, edits))]
    for together in _group_apart(probed):
        for row in zip_longest(*[edits for edits, _ in together]):
            editable.clock.check()
            owners = {edit.changes: names for edit, (_, names) in zip(row, together, strict=True)
                      if edit is not None}  # fmt: skip
            _read_row(editable, owners)


def _unread(editable: EditableSpec, decision: Decision) -> list[Edit]:
    """The options whose fields only the text tells, and that were not tried yet."""
    options = decision.options[1:]
    if not options or changed_fields(editable, options[0]) is not None:
        return []
    return [edit for edit in options if edit.changes not in editable.trials]


def _probe_fields(editable: EditableSpec, edits: list[Edit]) -> FieldNames:
    """Find the fields that a number sets, by its last options that make a network: none where
    that cannot be told. What is tried is taken off the list."""
    while edits:
        editable.clock.check()
        edit = edits.pop()
        trial = try_width(editable, edit)
        if trial is not None:
            return _names_of(fields_of_trial(editable.network, trial))
    return frozenset()


def _names_of(fields: Fields) -> FieldNames:
    return frozenset((index, name) for index, own in fields.items() for name in own)


Probed = tuple[list[Edit], FieldNames]
"""The options of a number that are left to try, and the fields that it sets."""


def _group_apart(probed: Sequence[Probed]) -> Iterator[list[Probed]]:
    """Yield groups of numbers that set no field together."""
    left = list(probed)
    while left:
        group: list[Probed] = []
        taken: set[tuple[int, str]] = set()
        for one in left:
            if taken.isdisjoint(one[1]):
                group.append(one)
                taken |= one[1]
        left = [one for one in left if one not in group]
        yield group


def _read_row(editable: EditableSpec, owners: Mapping[tuple[TextChange, ...], FieldNames]) -> None:
    """Make changes of several numbers in one text, and keep what each of them does."""
    spec = editable.read_edited([change for changes in owners for change in changes])
    if spec is None or len(spec.network.nodes) != len(editable.network.nodes):
        return  # one of them makes no network: each is read alone
    layers = changed_layers(editable.network, spec.network)
    found = fields_of_trial(editable.network, layers)
    if not _names_of(found) <= frozenset().union(*owners.values()):
        return
    for changes, names in owners.items():
        own = {
            index: {name: value for name, value in values.items() if (index, name) in names}
            for index, values in found.items()
        }
        fields = {index: values for index, values in own.items() if values}
        editable.trials[changes] = follow_fields(editable, fields)


FIRST_MARK = 0xE000
"""The first of the characters that no spec's names or numbers have."""


class EditedText(NamedTuple):
    """A spec with changes made to a text, and these."""

    editable: EditableSpec
    changes: Sequence[TextChange]


def inherit_widths(
    base: EditableSpec, parent: EditedText, edited: EditedText, places: Sequence[Place]
) -> EditableSpec:
    """Return an edited spec that takes over what widths do in its parent, of equal widths.

    Both are edits of `base`, where the numbers of the widths stand at these places.
    """
    text = base.spec_text.text
    if SIZED.search(text) or not _are_alike(parent.editable.network, edited.editable.network):
        return edited.editable
    there = find_moved(text, parent.changes, places)
    here = find_moved(text, edited.changes, places)
    to_parent = {here[place]: there[place] for place in places if place in here and place in there}
    return replace(edited.editable, parent=ParentSpec(parent.editable, to_parent))


def _are_alike(one: Network, other: Network) -> bool:
    """Whether two networks have the same layers of the same widths, over whatever extents."""
    return len(one.nodes) == len(other.nodes) and all(
        type(a.layer) is type(b.layer) and a.output.channels == b.output.channels
        for a, b in zip(one.nodes, other.nodes, strict=True)
    )


def find_moved(
    text: str, changes: Sequence[TextChange], places: Sequence[Place]
) -> dict[Place, Place]:
    """Find where spans of a text stand once changes are made around them."""
    marks = {place: chr(FIRST_MARK + at) for at, place in enumerate(places)}
    marked = [TextChange(p, (mark * (p.end - p.start),)) for p, mark in marks.items()]
    after = apply_changes(text, [*changes, *marked])
    found = {place: after.find(mark) for place, mark in marks.items()}
    return {p: Place(at, at + p.end - p.start) for p, at in found.items() if at >= 0}
