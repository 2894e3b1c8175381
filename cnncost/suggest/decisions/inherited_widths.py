"""What widths do once a stride, a pool or the input's size has changed: to the fields of layers the
same as before, so that no text need be read for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from cnncost.network import Network
from cnncost.place import Place
from cnncost.suggest.text.editable_spec import SIZED, EditableSpec, ParentSpec
from cnncost.suggest.text.text_changes import TextChange, apply_changes

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
