"""A spec whose text can be edited: every edited text is read and counted as a spec of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from cnncost.accuracy import Damage, compare_potentials
from cnncost.accuracy.potential import Potential, network_terms, potential_of
from cnncost.errors import SpecError
from cnncost.language import MAX_LAYERS, Settings, Spec, read_spec
from cnncost.language.lines import Line
from cnncost.network import Network
from cnncost.place import Place
from cnncost.plans.edits.channel_groups import ChannelGroups
from cnncost.plans.edits.clock import Clock
from cnncost.plans.edits.meter import Meter
from cnncost.plans.edits.placed_layers import PricedLayers, WidthTrial
from cnncost.plans.edits.text_changes import SpecText, TextChange, apply_changes
from cnncost.shape import Shape

REMEMBERED = 20_000
"""Layers of edited texts kept in memory; beyond that the oldest text is dropped and read again."""

CARRIED = re.compile(r"\b(?:values|connects|share)\b")
"""What a width may reach in a text besides fields of layers: numbers carried beside a layer,
LeNet-5's connections, shared parameters."""

FURTHER = re.compile(r"\b(?:channels|values|connects|share)\b|\brepeat['\"]?\s*+:\s*+(?!\d)")
"""What a width may reach in a text besides the fields that derive from its number: whatever
follows `channels`, numbers carried beside a layer, LeNet-5's connections, shared parameters,
a `repeat` that is computed."""

SIZED = re.compile(r"\bsize\b")
"""Where layers of a text may take the extents of another layer."""


class FieldUse(NamedTuple):
    """A field of a layer that derives from a scalar of the text."""

    node: int
    """The layer's node, by index."""
    field: str
    alone: bool
    """Whether the scalar is a number and the field's whole value."""


class ParentSpec(NamedTuple):
    """A spec of the same layers and widths, over other extents: a width edit does there what it
    does here."""

    editable: EditableSpec
    places: Mapping[Place, Place]
    """For each place of a number that sets widths, where it stands in the other text."""

    def move_changes(self, changes: Sequence[TextChange]) -> tuple[TextChange, ...] | None:
        """Return changes of numbers as changes of the other text; None where one is unknown."""
        if any(change.place not in self.places for change in changes):
            return None
        return tuple([change._replace(place=self.places[change.place]) for change in changes])


@dataclass(frozen=True)
class EditableSpec:
    """A spec to edit: its text and what it reads as."""

    spec_text: SpecText
    spec: Spec
    groups: ChannelGroups
    max_layers: int = MAX_LAYERS
    meter: Meter = field(default_factory=Meter)
    clock: Clock = field(default_factory=Clock, repr=False)
    trials: dict[tuple[TextChange, ...], WidthTrial | None] = field(
        default_factory=dict, repr=False
    )
    """For the changes of a width edit that was tried: the layers that it changes; None where it
    makes no network."""
    original: Potential | None = None
    """Where a spatial edit is made already: the potential of the spec without it."""
    parent: ParentSpec | None = field(default=None, repr=False)
    """Where the edits that are made change extents alone: the spec without those."""
    width_places: frozenset[Place] | None = field(default=None, repr=False)
    """Where an edit is made already: the numbers that set widths, as they are known without it."""
    refused: dict[str, bool] = field(default_factory=dict, repr=False)
    """For the phrase of an edit of which only the text tells whether it makes a network: whether
    it makes none; the same with spatial edits made."""
    _calls: dict[int, Line] = field(default_factory=dict, repr=False)
    _specs: dict[str, Spec | None] = field(default_factory=dict, repr=False)

    @property
    def network(self) -> Network:
        return self.spec.network

    @cached_property
    def carries_numbers(self) -> bool:
        """Whether a width may reach more than the fields that derive from its number."""
        return FURTHER.search(self.spec_text.text) is not None

    @cached_property
    def sets_fields_alone(self) -> bool:
        """Whether all that a width does is to set fields of layers, though one may follow another
        (`channels`)."""
        return CARRIED.search(self.spec_text.text) is None

    @cached_property
    def follows_extents(self) -> bool:
        """Whether extents may reach more than the layers behind them."""
        return not self.sets_fields_alone or SIZED.search(self.spec_text.text) is not None

    @cached_property
    def field_uses(self) -> Mapping[Place, Sequence[FieldUse]]:
        """For each scalar of the text the fields of layers that derive from it."""
        found: dict[Place, list[FieldUse]] = {}
        for index, written in self.spec.written.items():
            for name, origins in written.origins.items():
                alone = len(origins) == 1 and origins[0].role == "number"
                for origin in origins:
                    found.setdefault(origin.place, []).append(FieldUse(index, name, alone))
        return found

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """What cost tables hold of the network as it stands, in their order."""
        measured = replace(self.meter, bytes=()).measure(self.network)
        return tuple([measured[metric] for metric in self.meter.tabled])

    @cached_property
    def priced_layers(self) -> PricedLayers:
        """What each layer adds to the error potential."""
        return PricedLayers(self.network)

    def damage_of(self, network: Network) -> Damage:
        """The damage of an edited network, against the spec as it was given."""
        return compare_potentials(self.first_potential, potential_of(network_terms(network)))

    @cached_property
    def first_potential(self) -> Potential:
        """The error potential of the spec as it was given, before a spatial edit was made."""
        return self.original or self.priced_layers.potential

    @cached_property
    def group_readers(self) -> dict[int, list[int]]:
        """For each group of channels the nodes that read some of it."""
        found: dict[int, list[int]] = {}
        for node in self.network.nodes:
            for root in dict.fromkeys(r for i in node.reads for r in self.groups.groups_at(i)):
                found.setdefault(root, []).append(node.index)
        return found

    def measure(self, network: Network) -> dict[str, int]:
        """Return every metric that this suggestion looks at, of an edited network."""
        return self.meter.measure(network)

    def edited_text(self, changes: Sequence[TextChange]) -> str:
        """The text with these changes made."""
        return apply_changes(self.spec_text.text, changes)

    def block_calls(self) -> dict[int, Line]:
        """The lines that call blocks, by where they start."""
        if not self._calls:
            for written in self.spec.written.values():
                call = written.call
                while call is not None:  # one line of a block stands in many calls
                    self._calls[call.line.start] = call.line
                    call = call.outer
        return self._calls

    def owner_name(self, index: int, places: Sequence[Place]) -> str:
        """The name of the layer, or of the block's call around it, in whose line a number
        stands."""
        written = self.spec.written[index]
        parts = re.findall(r"[^.]+(?:\.[0-9]+)*", self.network.nodes[index].name)
        call, line = written.call, written.line
        while not any(line.start <= place.start <= line.end for place in places):
            if call is None:
                return self.network.nodes[index].name
            parts.pop()
            line, call = call.line, call.outer
        return re.sub(r"(\.[0-9]+)+$", "", ".".join(parts))

    def forget_texts(self) -> None:
        """Drop the edited texts kept in memory: each is read again when it is asked for."""
        self._specs.clear()

    def read_edited(self, changes: Sequence[TextChange]) -> Spec | None:
        """Read the text with these changes as a spec; None where it is not valid, or where an
        output of the network has another shape."""
        text = self.edited_text(changes)
        if text not in self._specs:
            if len(self._specs) * len(self.network.nodes) > REMEMBERED:
                self._specs.pop(next(iter(self._specs)))
            try:
                spec = parse_spec(self.spec_text.name, text, self.max_layers)
            except SpecError:
                self._specs[text] = None
            else:
                kept = output_shapes(spec.network) == output_shapes(self.network)
                self._specs[text] = spec if kept else None
        return self._specs[text]


def output_shapes(network: Network) -> tuple[Shape, ...]:
    """The shape of each output, in their order."""
    return tuple([network.nodes[index].output for index in network.outputs])


def parse_spec(name: str, text: str, max_layers: int) -> Spec:
    """Read a text as a spec."""
    return read_spec(text, name, Settings(max_layers=max_layers))


def read_editable_spec(
    spec_text: SpecText,
    max_layers: int = MAX_LAYERS,
    kept: Sequence[str] = (),
    meter: Meter | None = None,
    clock: Clock | None = None,
    original: Potential | None = None,
) -> EditableSpec:
    """Read a text as an editable spec; the widths of the layers and blocks in `kept` stay."""
    spec = parse_spec(spec_text.name, spec_text.text, max_layers)
    held = [node.index for node in spec.network.nodes if is_named(node.name, kept)]
    return EditableSpec(
        spec_text,
        spec,
        ChannelGroups(spec.network, held),
        max_layers,
        meter or Meter(),
        clock or Clock(),
        original=original,
    )


def is_named(name: str, wanted: Sequence[str]) -> bool:
    """Whether a layer is one of those named, or stands in a block that is."""
    return any(name == word or name.startswith(f"{word}.") for word in wanted)


def measure_counts(network: Network) -> dict[str, int]:
    """Every count of a network."""
    return Meter().measure(network)
