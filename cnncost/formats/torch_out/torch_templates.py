"""Templates: the class that several calls of a block share, with parameters for what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnncost.formats.python_text import make_identifiers
from cnncost.formats.torch_out.torch_parameters import (
    NUMBER,
    ClassParameter,
    Parameters,
    Place,
    list_slots,
)
from cnncost.formats.torch_out.torch_parts import Argument, ClassPart, Unit

if TYPE_CHECKING:
    from cnncost.formats.block_numbers import Column
    from cnncost.formats.graph import Value
    from cnncost.language.assembly import Written
    from cnncost.language.line import BlockParameter as Declared
    from cnncost.network import Network

_SPAN = re.compile(r"(?<=[\[ ])([^\[\]:,]*):([^\[\]:,]*)(?=[\],])")


_SPOKEN = ("i", "_", "range", "super", "x", "y")
"""The names that a class's own text uses, so that no parameter can have them."""


class Dressed(NamedTuple):
    """One call, and its parts with their classes."""

    unit: Unit
    parts: Sequence[ClassPart]


class Template(NamedTuple):
    """One class: its body, with parameters for what differs between its calls."""

    block: str
    parts: tuple[ClassPart, ...]
    parameters: tuple[ClassParameter, ...]
    stored: tuple[str, ...]
    """The parameters that the forward pass needs."""
    units: tuple[Unit, ...]

    def arguments_of(self, i: int) -> tuple[Argument, ...]:
        """Return the arguments that one of the calls gives."""
        return tuple(
            Argument(one.name, repr(one.column[i]), one.kind, usual, bool(usual))
            for one in self.parameters
            for usual in [None if one.usual is None else repr(one.usual)]
        )

    @property
    def signature(self) -> list[str]:
        """The parameters as they stand in the signature of `__init__`."""
        return [
            one.name if one.usual is None else f"{one.name}={one.usual!r}"
            for one in self.parameters
        ]


def build_template(
    network: Network, written: Mapping[int, Written], calls: Sequence[Dressed]
) -> Template | None:
    """Make one class for calls with the same skeleton; None if they differ in too much."""
    units = tuple(call.unit for call in calls)
    parts = calls[0].parts
    block = units[0].call.line.block
    own = block.parameters if block else []
    channels = tuple(network.nodes[unit.sources[0]].output.channels for unit in units)
    parameters = Parameters(
        channels, _number_defaults(own), [one.name for one in own], _spelled_parameters(units, own)
    )
    said = _said_parameters(parts, written, {one.name for one in own})
    found = parameters.find_expressions(list(list_slots([call.parts for call in calls], said)))
    if found is None:
        return None
    listed = parameters.sorted_parameters()
    words = make_identifiers((one.name for one in listed), _SPOKEN)
    names = {one.name: word for one, word in zip(listed, words, strict=True)}
    places = {place: _rename_words(text, names) for place, text in found.items()}
    return Template(
        units[0].call.block,
        tuple(_fill_part(part, i, places) for i, part in enumerate(parts)),
        tuple(one._replace(name=names[one.name]) for one in listed),
        _stored_parameters(words, places),
        units,
    )


def call_skeleton(unit: Unit, parts: Sequence[ClassPart]) -> object:
    """Return everything of a call that no parameter can stand for."""
    place = {part.node: i for i, part in enumerate(parts)}
    place |= {source: -1 - i for i, source in enumerate(unit.sources)}
    return tuple(
        (
            *(part.name, part.module, part.extra, part.frozen, part.tensors, bool(part.copies)),
            tuple((one.name, one.keyword) for one in part.arguments),
            NUMBER.sub("0", part.call),
            tuple(place[i] for i in part.reads),
            None if part.shares is None else place[part.shares],
        )
        for part in parts
    )


def _number_defaults(own: Sequence[Declared]) -> dict[str, Value]:
    """Find the parameters' defaults that are plain numbers."""
    texts = {one.name: getattr(one.default, "text", "") for one in own}
    return {name: int(text) for name, text in texts.items() if text.isdigit()}


def _spelled_parameters(units: Sequence[Unit], own: Sequence[Declared]) -> dict[str, Column]:
    """Find the block's parameters that the spec gives as plain numbers in every call."""
    spelled: dict[str, Column] = {}
    for one in own:
        lines = [unit.call.line for unit in units]
        texts = [getattr(line.arguments.get(one.name, one.default), "text", "") for line in lines]
        if all(text.isdigit() for text in texts):
            spelled[one.name] = tuple(map(int, texts))
    return spelled


def _said_parameters(
    parts: Sequence[ClassPart], written: Mapping[int, Written], names: set[str]
) -> dict[tuple[int, str], str]:
    """Find the block's parameters that the spec writes as arguments, by part and argument."""
    said = {}
    for i, part in enumerate(parts):
        line = part.unit.call.line if part.unit else written[part.node].line
        # What follows a first copy is one copy less than the spec repeats.
        repeat = None if part.name.endswith(".rest") else line.common.get("repeat")
        times = line.arguments.get("times") if part.holder == "Dense" else None
        given = {**line.arguments, "copies": times or repeat}
        for name in ("copies", *(argument.name for argument in part.arguments)):
            text = getattr(given.get(name), "text", "")
            if text in names:
                said[i, name] = text
    return said


def _stored_parameters(names: Sequence[str], places: Mapping[Place, str]) -> tuple[str, ...]:
    """Find the parameters that stand in a call of the forward pass."""
    texts = [text for (_, place), text in places.items() if str(place).startswith("call")]
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    return tuple(name for name in names if name in words)


def _rename_words(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"[^\W\d]\w*", lambda word: names[word.group()], text)


def _fill_part(part: ClassPart, i: int, places: Mapping[Place, str]) -> ClassPart:
    """Put parameters into a part where the calls differ."""
    arguments = tuple(
        one._replace(value=places.get((i, j), one.value)) for j, one in enumerate(part.arguments)
    )
    copies = places.get((i, "copies"), part.copies)
    call = _fill_call(part.call, i, places)
    return part._replace(arguments=arguments, copies=copies, call=call, unit=None)


def _fill_call(call: str, i: int, places: Mapping[Place, str]) -> str:
    """Put the stored parameters into a call."""
    count = -1

    def fill_number(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        text = places.get((i, f"call {count}"))
        return match.group() if text is None else re.sub(r"([^\W\d]\w*)", r"self.\1", text)

    return _SPAN.sub(_space_slice, NUMBER.sub(fill_number, call))


def _space_slice(span: re.Match[str]) -> str:
    """Write a slice as formatters do: with spaces if an end is no plain number."""
    if "self." not in span.group():
        return span.group()
    return " ".join(end for end in (span[1], ":", span[2]) if end)
