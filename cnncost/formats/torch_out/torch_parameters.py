"""Turn what differs between the calls of a block into parameters of its class."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from cnncost.formats.block_numbers import BlockNumber, derive_number, find_parameter
from cnncost.formats.torch_out.torch_parts import ClassPart

if TYPE_CHECKING:
    from cnncost.formats.block_numbers import Column
    from cnncost.formats.graph import Value

MOST = 12
"""The most parameters of one class: nobody reads a call with more."""

_VALUE = re.compile(r"\d+(\.\d+)?|True|False|\((\d+, )+\d+\)|\(\d+,\)")
NUMBER = re.compile(r"(?<![\w{.])\d+(?![\w}.])")
"""A number in a call, but not the index of a tensor."""

_CHANNELS = re.compile(r"^\{x\}\[:, \d*:\d*\]$")
"""A call that takes a range of channels."""

Place = tuple[int, int | str]
"""A part by index, and a place in it: an argument's index, `copies`, or `call` and the index of a
number in it."""


class Slot(NamedTuple):
    """One place in a class where a value stands, and its value in each call."""

    place: Place
    name: str
    label: str
    """A longer name, which begins with the part's."""
    said: str
    """The parameter of the block that the spec writes there, if it writes one."""
    kind: str
    texts: tuple[str, ...]
    """One value per call, as an expression of Python."""

    @property
    def has_numbers(self) -> bool:
        """Whether each value is a number, true or false, or numbers in brackets."""
        return all(_VALUE.fullmatch(text) for text in self.texts)

    @property
    def number(self) -> BlockNumber:
        """The values as numbers."""
        return BlockNumber(self.kind, self.place[0], tuple(map(ast.literal_eval, self.texts)))


class ClassParameter(NamedTuple):
    """One parameter of a class."""

    name: str
    column: Column
    kind: str
    usual: Value | None = None


@dataclass
class Parameters:
    """Collects the parameters of one class."""

    channels: Column
    """The channels that each call reads."""
    usual: dict[str, Value]
    """The defaults of the block's parameters that have a number as default."""
    order: Sequence[str]
    """The names of all parameters of the block, in order."""
    spelled: dict[str, Column]
    """The values of the block's parameters that every call gives as a number."""
    found: dict[str, BlockNumber] = field(default_factory=dict)

    def find_expressions(self, slots: Sequence[Slot]) -> dict[Place, str] | None:
        """Find the expression for each place that differs; None if no parameter can stand there."""
        differ = [slot for slot in slots if len(set(slot.texts)) > 1]
        if not all(slot.has_numbers for slot in differ):
            return None
        written: dict[Place, str] = {}
        for slot in differ:
            if slot.said:
                self.found.setdefault(slot.said, slot.number)
        for slot in differ:
            written[slot.place] = self._slot_expression(slot)
            if len(self.found) > MOST:
                return None
        return written

    def sorted_parameters(self) -> list[ClassParameter]:
        """Sort the parameters: channels, the block's own in order, those with defaults last."""
        names = ["channels", *self.order]
        place = {name: i for i, name in reversed(list(enumerate(names)))}
        found = [
            ClassParameter(name, number.column, number.kind, self.usual.get(name))
            for name, number in self.found.items()
        ]
        return sorted(
            found, key=lambda one: (one.usual is not None, place.get(one.name, len(names)))
        )

    def _slot_expression(self, slot: Slot) -> str:
        number = slot.number
        said = self.found.get(slot.said)
        if said is not None and said.column == number.column:
            return slot.said
        names = list(self.found)
        if known := find_parameter(number, list(self.found.values())):
            return known[1].write(names[known[0]])
        if slot.kind == "width" and (derived := self._introduce_parameter(number)):
            return derived
        taken = {"channels", *self.found, *self.order}
        free = [name for name in (slot.name, slot.label) if name not in taken]
        name = free[0] if free else self._numbered_name(slot.label)
        self.found[name] = number
        return name

    def _introduce_parameter(self, number: BlockNumber) -> str:
        """Express a width by a parameter of the spec's block that is not in use yet."""
        for name, column in {"channels": self.channels, **self.spelled}.items():
            parameter = number._replace(column=column)
            rule = derive_number(number, parameter)
            if rule and name not in self.found:
                self.found[name] = parameter
                return rule.write(name)
        return ""

    def _numbered_name(self, name: str) -> str:
        count = 2
        while f"{name}{count}" in self.found:
            count += 1
        return f"{name}{count}"


def list_slots(
    calls: Sequence[Sequence[ClassPart]], said: dict[tuple[int, str], str]
) -> Iterator[Slot]:
    """List the slots of calls that are written alike; each call is a sequence of parts."""
    for i, parts in enumerate(zip(*calls, strict=True)):
        first = parts[0]
        stem = "_".join(word for word in re.split(r"\W+", first.name) if not word.isdigit())
        for j, argument in enumerate(first.arguments):
            texts = tuple(part.arguments[j].value for part in parts)
            label = f"{stem}_{argument.name}"
            spec = said.get((i, argument.name), "")
            yield Slot((i, j), argument.name, label, spec, argument.kind, texts)
        if first.copies:
            texts = tuple(part.copies for part in parts)
            spec = said.get((i, "copies"), "")
            yield Slot((i, "copies"), "copies", f"{stem}_copies", spec, "copies", texts)
        for j, texts in enumerate(zip(*(NUMBER.findall(p.call) for p in parts), strict=True)):
            kind = "width" if _CHANNELS.search(first.call) else "call"
            yield Slot((i, f"call {j}"), "size", f"{stem}_size", "", kind, texts)
