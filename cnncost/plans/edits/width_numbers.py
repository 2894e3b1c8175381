"""The numbers of a file that set widths: those that may change, and which change together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from cnncost.language.values import Origin
from cnncost.network import Network
from cnncost.place import Place
from cnncost.plans.edits.channel_groups import WIDTH_FIELDS, ChannelGroup
from cnncost.plans.edits.editable_spec import EditableSpec, is_named
from cnncost.plans.edits.text_changes import replace_span

LITERAL = re.compile(r"(?<![\w.])[0-9]+(?![\w.])")
"""A whole number within an expression."""

LEAST_LITERAL = 8
"""The smallest number of an expression that is taken for a width, not for a factor."""


class WidthNumber:
    """Numbers of the file that set widths and must change together, by one ratio."""

    def __init__(
        self, places: Sequence[Place], values: Sequence[int], groups: Sequence[ChannelGroup]
    ):
        self.places = tuple(places)
        self.values = tuple(values)
        self.groups = tuple(groups)

    @property
    def scale(self) -> Fraction:
        """What part of the number the widths are, where a multiplier makes all narrower alike."""
        parts = {Fraction(group.width, value) for group in self.groups for value in self.values}
        return next(iter(parts)) if len(parts) == 1 and max(parts) < 1 else Fraction(1)

    @property
    def multiplies(self) -> bool:
        """Whether it is a factor of the widths, which are all larger."""
        return min(group.width for group in self.groups) > max(self.values)

    @property
    def ties(self) -> bool:
        """Whether it sets several widths that need not be equal."""
        return len(self.groups) > 1

    @property
    def dense(self) -> bool:
        return all(group.role == "dense" for group in self.groups)


def width_numbers(editable: EditableSpec) -> list[WidthNumber]:
    """The numbers that can be edited, in the order of the layers that they set.

    Scalars that set one group's width are one number; so are scalars of groups that share
    one of them.
    """
    parent: dict[Place, Place] = {}

    def root(place: Place) -> Place:
        while parent[place] != place:
            place = parent[place]
        return place

    owned: list[tuple[ChannelGroup, list[Place]]] = []
    for group in editable.groups.groups.values():
        places = _width_scalars(editable, group)
        for place in places:
            parent.setdefault(place, place)
        for place in places[1:]:
            parent[root(place)] = root(places[0])
        owned.append((group, places))
    together: dict[Place, tuple[list[Place], list[ChannelGroup]]] = {}
    for group, places in owned:
        if places:
            members, groups = together.setdefault(root(places[0]), ([], []))
            members.extend(place for place in places if place not in members)
            groups.append(group)
    found = []
    for places, groups in together.values():
        values = [_read_number(editable, place) for place in places]
        if not any(group.frozen for group in groups) and all(values):
            found.append(WidthNumber(places, [value or 0 for value in values], groups))
    return found


def _width_scalars(editable: EditableSpec, group: ChannelGroup) -> list[Place]:
    """The numbers that the group's widths derive from.

    A convolution with a group for each channel may say how many there are in numbers of its own.
    """
    found = [place for index in group.writers for place in _writer_places(editable, index)]
    if found:
        found += [p for index in group.depthwise for p in _depthwise_places(editable, index)]
    return list(dict.fromkeys(found))


def _depthwise_places(editable: EditableSpec, index: int) -> list[Place]:
    """The numbers by which a convolution with a group for each channel says how many these are."""
    origins = editable.spec.written[index].origins
    said = [origin for field in ("filters", "groups") for origin in origins.get(field, ())]
    return [origin.place for origin in said if origin.role == "number"]


def _writer_places(editable: EditableSpec, index: int) -> list[Place]:
    """The numbers that a layer's width derives from: scalars of lines and calls; without one a
    param or a default that is the width, or the number of an expression that sets it."""
    origins = width_origins(editable, index)
    numbers = [o.place for o in origins if o.role == "number"]
    if numbers:
        return numbers
    width = editable.network.nodes[index].output.channels
    shared = [o.place for o in origins if o.role in ("default", "param")]
    plain = [place for place in shared if _read_number(editable, place) == width]
    if plain:
        return plain
    expressions = [o.place for o in origins if o.role == "expression"]
    found = [_find_width_literal(editable, place) for place in expressions]
    return [place for place in found if place is not None]


def list_followers(editable: EditableSpec) -> list[str]:
    """List the layers whose widths may change and have no number of their own: they follow
    others'."""
    groups = [group for group in editable.groups.groups.values() if not group.frozen]
    without = [group for group in groups if not _width_scalars(editable, group)]
    return [editable.network.nodes[group.writers[0]].name for group in without]


def width_origins(editable: EditableSpec, index: int) -> tuple[Origin, ...]:
    """What the width of a layer derives from."""
    layer = editable.network.nodes[index].layer
    field = WIDTH_FIELDS.get(layer.word, "") if layer is not None else ""
    return editable.spec.written[index].origins.get(field, ())


def find_literals(editable: EditableSpec, place: Place) -> list[Place]:
    """Where the whole numbers stand in an expression."""
    text = editable.spec_text.text[place.start : place.end]
    found = LITERAL.finditer(text)
    return [Place(place.start + m.start(), place.start + m.end()) for m in found]


def _find_width_literal(editable: EditableSpec, place: Place) -> Place | None:
    """Find the number of an expression that narrows layers when halved: `32` in `multiple(32 *
    alpha)`."""
    numbers = {p: _read_number(editable, p) or 0 for p in find_literals(editable, place)}
    largest = max(numbers, key=lambda p: numbers[p], default=None)
    if largest is None or numbers[largest] < LEAST_LITERAL:
        return None
    if editable.width_places is not None:
        return largest if largest in editable.width_places else None
    halved = editable.read_edited([replace_span(largest, str(numbers[largest] // 2))])
    return largest if halved is not None and only_narrows(editable, halved.network) else None


def only_narrows(editable: EditableSpec, after: Network, kept: Sequence[str] = ()) -> bool:
    """Whether another network has the same layers over the same positions, some narrower and none
    wider.

    What the network puts out, and the layers in `kept`, must be as wide as before.
    """
    return _changes_widths(editable, after, kept) == {-1}


def only_widens(editable: EditableSpec, after: Network, kept: Sequence[str] = ()) -> bool:
    """Whether some layers are wider and none narrower, and all else is as `only_narrows` says."""
    return _changes_widths(editable, after, kept) == {1}


def _changes_widths(editable: EditableSpec, after: Network, kept: Sequence[str]) -> set[int]:
    """Which ways widths change: -1 for narrower, 1 for wider; nothing where more than widths
    changes."""
    before = editable.network
    if len(after.nodes) != len(before.nodes) or after.outputs != before.outputs:
        return set()
    changed = set()
    for old, new in zip(before.nodes, after.nodes, strict=True):
        held = old.index in before.outputs or is_named(old.name, kept)
        if old.output.extents != new.output.extents or (held and old.output != new.output):
            return set()
        more = new.output.channels - old.output.channels
        changed |= {(more > 0) - (more < 0)} - {0}
    return changed


def _read_number(editable: EditableSpec, place: Place) -> int | None:
    text = editable.spec_text.text[place.start : place.end].strip("'\" ")
    return int(text) if text.isdigit() else None
