"""Trials of many width edits from few texts: numbers that set different fields are changed together
in one text, and what they do is told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from cnncost.suggest.decisions.width_trials import (
    Fields,
    changed_fields,
    changed_layers,
    fields_of_trial,
    follow_fields,
    try_width,
)
from cnncost.suggest.text.edit import Decision, Edit
from cnncost.suggest.text.editable_spec import EditableSpec
from cnncost.suggest.text.text_changes import TextChange

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
