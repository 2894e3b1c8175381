"""Edited texts, read and counted: nothing is believed of an edit before that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from cnncost.costs import count_network
from cnncost.errors import SpecError
from cnncost.network import Network
from cnncost.place import Place
from cnncost.shape import Shape
from cnncost.spec import MAX_LAYERS, Settings, Spec, read_spec
from cnncost.spec.lines import Line
from cnncost.suggest.text.channel_groups import Groups
from cnncost.suggest.text.clock import Clock
from cnncost.suggest.text.edit import Trial
from cnncost.suggest.text.meter import METRICS, Meter
from cnncost.suggest.text.text_changes import Change, apply
from cnncost.suggest.text.text_places import Sheet

REMEMBERED = 100_000
"""Layers of the texts read that a draft keeps: a text that is asked for again is read again."""


class Use(NamedTuple):
    """A field of a layer that derives from a scalar of the text."""

    node: int
    """The layer's node, by index."""
    field: str
    alone: bool
    """Whether the scalar is the field's whole value."""


@dataclass(frozen=True)
class Draft:
    """A spec to edit: its text and what it reads as."""

    sheet: Sheet
    spec: Spec
    groups: Groups
    max_layers: int = MAX_LAYERS
    meter: Meter = field(default_factory=Meter)
    clock: Clock = field(default_factory=Clock, repr=False)
    trials: dict[tuple[Change, ...], Trial | None] = field(default_factory=dict, repr=False)
    """What changes of widths have been tried, and what each came to."""
    uses: dict[Place, list[Use]] = field(default_factory=dict, repr=False)
    """For each scalar of the text the fields that derive from it, once they are asked for."""
    _calls: dict[int, Line] = field(default_factory=dict, repr=False)
    _read: dict[str, Spec | None] = field(default_factory=dict, repr=False)

    @property
    def network(self) -> Network:
        return self.spec.network

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """The counts of the network as it stands, in the order of METRICS."""
        totals = count_network(self.network).totals._asdict()
        return tuple([totals[metric] for metric in METRICS])

    @cached_property
    def raw(self) -> float:
        """The raw weights of all groups that can change."""
        return sum(group.raw for group in self.groups.groups.values() if not group.frozen)

    @cached_property
    def readers(self) -> list[list[int]]:
        """For each node those that read it, once for each time."""
        readers: list[list[int]] = [[] for _ in self.network.nodes]
        for node in self.network.nodes:
            for index in node.reads:
                readers[index].append(node.index)
        return readers

    @cached_property
    def group_readers(self) -> dict[int, list[int]]:
        """For each group of channels the nodes that read some of it."""
        found: dict[int, list[int]] = {}
        for node in self.network.nodes:
            for root in dict.fromkeys(r for i in node.reads for r in self.groups.at(i)):
                found.setdefault(root, []).append(node.index)
        return found

    def measured(self, network: Network) -> dict[str, int]:
        """Every metric of an edited network that this study looks at."""
        return self.meter.measured(network)

    def text(self, changes: Sequence[Change]) -> str:
        """The text with these changes made."""
        return apply(self.sheet.text, changes)

    def calls(self) -> dict[int, Line]:
        """The lines that call blocks, by where they start."""
        if not self._calls:
            for written in self.spec.written.values():
                call = written.call
                while call is not None and call.line.start not in self._calls:
                    self._calls[call.line.start] = call.line
                    call = call.outer
        return self._calls

    def owner(self, index: int, places: Sequence[Place]) -> str:
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

    def edited(self, changes: Sequence[Change]) -> Spec | None:
        """What the text with these changes reads as; None where it is no valid spec, or where
        what leaves the network has another shape: it is no answer to the same question."""
        text = self.text(changes)
        if text not in self._read:
            if len(self._read) * len(self.network.nodes) > REMEMBERED:
                self._read.pop(next(iter(self._read)))
            try:
                spec = parsed(self.sheet.name, text, self.max_layers)
            except SpecError:
                self._read[text] = None
            else:
                kept = output_shapes(spec.network) == output_shapes(self.network)
                self._read[text] = spec if kept else None
        return self._read[text]


def output_shapes(network: Network) -> tuple[Shape, ...]:
    """The shape of each output, in their order."""
    return tuple([network.nodes[index].output for index in network.outputs])


def parsed(name: str, text: str, max_layers: int) -> Spec:
    """A text read as a spec."""
    return read_spec(text, name, Settings(max_layers=max_layers))


def drafted(
    sheet: Sheet,
    max_layers: int = MAX_LAYERS,
    kept: Sequence[str] = (),
    meter: Meter | None = None,
    clock: Clock | None = None,
) -> Draft:
    """The draft of a sheet; `kept` are layers whose widths stay, or blocks' names."""
    spec = parsed(sheet.name, sheet.text, max_layers)
    held = [node.index for node in spec.network.nodes if named(node.name, kept)]
    return Draft(
        sheet, spec, Groups(spec.network, held), max_layers, meter or Meter(), clock or Clock()
    )


def named(name: str, wanted: Sequence[str]) -> bool:
    """Whether a layer is one of those named, or stands in a block that is."""
    return any(name == word or name.startswith(f"{word}.") for word in wanted)


def measured(network: Network) -> dict[str, int]:
    """Every count of a network."""
    return Meter().measured(network)
