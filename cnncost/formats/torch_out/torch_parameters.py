"""Turn what differs between the calls of a block into parameters of its class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cnncost.formats.torch_out.torch_parts import ClassPart

MOST = 12
"""The most parameters of one class: nobody reads a call with more."""

_VALUE = re.compile(r"\d+(\.\d+)?|True|False|\((\d+, )+\d+\)|\(\d+,\)")
NUMBER = re.compile(r"(?<![\w{.])\d+(?![\w}.])")
"""A number in a call, but not the index of a tensor."""

_CHANNELS = re.compile(r"^\{x\}\[:, \d*:\d*\]$")
"""A call that takes a range of channels."""

Vector = tuple[str, ...]
"""One value per call."""


Place = tuple[int, int | str]
"""A part by index, and a place in it: an argument's index, `copies`, or `call` and the index of a
number in it."""


class Slot(NamedTuple):
    """One place in a class where a value stands, and its value in each call."""

    part: int
    place: int | str
    """An argument's index, `copies`, or `call` and the index of a number in it."""
    name: str
    label: str
    """A longer name, which begins with the part's."""
    said: str
    """The parameter of the block that the spec writes there, if it writes one."""
    kind: str
    values: Vector


class ClassParameter(NamedTuple):
    """One parameter of a class."""

    name: str
    values: Vector
    kind: str
    usual: str | None = None


@dataclass
class Parameters:
    """Collects the parameters of one class."""

    channels: Vector
    """The channels that each call reads."""
    usual: dict[str, str]
    """The defaults of the block's parameters that have a number as default."""
    order: Sequence[str]
    """The names of all parameters of the block, in order."""
    spelled: dict[str, Vector]
    """The values of the block's parameters that every call gives as a number."""
    found: dict[str, ClassParameter] = field(default_factory=dict)

    def find_expressions(self, slots: Sequence[Slot]) -> dict[Place, str] | None:
        """Find the expression for each place that differs; None if no parameter can stand there."""
        differ = [slot for slot in slots if len(set(slot.values)) > 1]
        if any(_VALUE.fullmatch(value) is None for slot in differ for value in slot.values):
            return None
        written: dict[Place, str] = {}
        for slot in differ:
            if slot.said and slot.said not in self.found:
                self._add_parameter(slot.said, slot)
        for slot in differ:
            written[slot.part, slot.place] = self._slot_expression(slot)
            if len(self.found) > MOST:
                return None
        return written

    def sorted_parameters(self) -> list[ClassParameter]:
        """Sort the parameters: channels, the block's own in order, those with defaults last."""
        names = ["channels", *self.order]
        place = {name: i for i, name in reversed(list(enumerate(names)))}
        return sorted(
            self.found.values(),
            key=lambda one: (one.usual is not None, place.get(one.name, len(names))),
        )

    def _add_parameter(self, name: str, slot: Slot) -> str:
        usual = self.usual.get(name)
        self.found[name] = ClassParameter(name, slot.values, slot.kind, usual)
        return name

    def _slot_expression(self, slot: Slot) -> str:
        if (known := self._known_expression(slot)) is not None:
            return known
        if slot.kind == "size" and (derived := self._introduce_parameter(slot)):
            return derived
        taken = {"channels", *self.found, *self.order}
        free = [name for name in (slot.name, slot.label) if name not in taken]
        return self._add_parameter(free[0] if free else self._numbered_name(slot.label), slot)

    def _introduce_parameter(self, slot: Slot) -> str:
        """Express a slot by a parameter of the spec's block that is not in use yet."""
        for name, values in {"channels": self.channels, **self.spelled}.items():
            one = ClassParameter(name, values, "size", self.usual.get(name))
            derived = name if values == slot.values else _derive_values(one, slot.values)
            if derived and name not in self.found:
                self.found[name] = one
                return derived
        return ""

    def _known_expression(self, slot: Slot) -> str | None:
        """Express a slot by the parameters in use; None if that is not possible."""
        fitting = [one for one in self.found.values() if one.kind == slot.kind]
        if slot.said and slot.said in self.found:
            fitting = [self.found[slot.said], *fitting]
        for one in fitting:
            if one.values == slot.values:
                return one.name
        for one in fitting:
            if derived := _derive_values(one, slot.values):
                return derived
        return None

    def _numbered_name(self, name: str) -> str:
        count = 2
        while f"{name}{count}" in self.found:
            count += 1
        return f"{name}{count}"


def _derive_values(one: ClassParameter, values: Vector) -> str:
    """Express values as a multiple or whole part of a parameter's; empty if they are neither."""
    if one.kind not in ("size", "window"):
        return ""
    if not all(value.isdigit() for value in (*one.values, *values)):
        return ""
    pairs = [(int(a), int(b)) for a, b in zip(one.values, values, strict=True)]
    for factor in range(2, 17):
        if all(b == a * factor for a, b in pairs):
            return f"{factor} * {one.name}"
        if all(b == a // factor for a, b in pairs):
            return f"{one.name} // {factor}"
    return ""


def list_slots(
    calls: Sequence[Sequence[ClassPart]], said: dict[tuple[int, str], str]
) -> Iterator[Slot]:
    """List the slots of calls that are written alike; each call is a sequence of parts."""
    for i, parts in enumerate(zip(*calls, strict=True)):
        first = parts[0]
        stem = "_".join(word for word in re.split(r"\W+", first.name) if not word.isdigit())
        for j, argument in enumerate(first.arguments):
            values = tuple(part.arguments[j].value for part in parts)
            label = f"{stem}_{argument.name}"
            spec = said.get((i, argument.name), "")
            yield Slot(i, j, argument.name, label, spec, argument.kind, values)
        if first.copies:
            copies = tuple(part.copies for part in parts)
            yield Slot(
                i,
                "copies",
                "copies",
                f"{stem}_copies",
                said.get((i, "copies"), ""),
                "copies",
                copies,
            )
        for j, numbers in enumerate(zip(*(NUMBER.findall(p.call) for p in parts), strict=True)):
            kind = "size" if _CHANNELS.search(first.call) else "call"
            yield Slot(i, f"call {j}", "size", f"{stem}_size", "", kind, numbers)
