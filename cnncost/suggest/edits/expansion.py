"""A smaller expansion: the factor by which blocks are wider inside, in a signature or an
expression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from cnncost.place import Place
from cnncost.suggest.edits.width_numbers import (
    LEAST_LITERAL,
    find_literals,
    only_narrows,
    width_origins,
)
from cnncost.suggest.text import scores
from cnncost.suggest.text.edit import Edit
from cnncost.suggest.text.editable_spec import EditableSpec
from cnncost.suggest.text.text_changes import replace_span

KIND = "expansion"

EVIDENCE = scores.Evidence(
    "NAS-Bench-Macro (expansion 3 or 6) and Channel-Bench's MobileNets, trained under one recipe"
)

FACTORS = range(2, LEAST_LITERAL)
"""The whole numbers that are taken for a factor."""


def expansion_edits(editable: EditableSpec, kept: Sequence[str]) -> Iterator[Edit]:
    """An option for each smaller value of a factor that narrows layers and changes nothing else."""
    for found in _find_factors(editable):
        for smaller in range(found.value - 1, 0, -1):
            part = Fraction(smaller, found.value)
            changes = tuple([replace_span(place, str(smaller)) for place in found.places])
            spec = editable.read_edited(changes) if part >= scores.NARROWEST else None
            if spec is not None and only_narrows(editable, spec.network, kept):
                yield Edit(KIND, found.phrase(smaller), changes=changes, part=part)


class ExpansionFactor(NamedTuple):
    """A factor: in a signature, or in all the expressions of a block that read alike."""

    block: str
    value: int
    places: Sequence[Place]
    around: tuple[str, str]
    """What is said before and behind the number."""

    def phrase(self, smaller: int) -> str:
        before, behind = self.around
        said = f"{before}{self.value}{behind} to {before}{smaller}{behind}"
        if not behind and before.endswith(" "):  # a parameter's name
            said = f"{before}{self.value} to {smaller}"
        return f"{self.block}: {said}" if self.block else said


def _find_factors(editable: EditableSpec) -> Iterator[ExpansionFactor]:
    """Yield the factors of a spec."""
    found: dict[tuple[str, str], list[Place]] = {}
    for index in editable.spec.written:
        for origin in width_origins(editable, index):
            if origin.role in ("default", "expression"):
                key = (
                    _block_around(editable, origin.place),
                    editable.spec_text.text_at(origin.place),
                )
                places = found.setdefault(key, [])
                places += [origin.place] * (origin.place not in places)
    for (block, text), places in found.items():
        literals = [find_literals(editable, place) for place in places]
        for same in zip(*literals, strict=True):
            factor = int(editable.spec_text.text_at(same[0]))
            if factor in FACTORS:
                at, name = same[0].start - places[0].start, _name_of_default(editable, same[0])
                behind = text[at + len(str(factor)) :]
                around = (f"{name} ", "") if name else (text[:at], behind)
                yield ExpansionFactor(block, factor, same, around)


def _block_around(editable: EditableSpec, place: Place) -> str:
    """The name of the block in whose text a place lies; empty outside of blocks."""
    for line in editable.block_calls().values():
        block = line.block
        if block is not None and block.start <= place.start <= block.body_node.end:
            return block.name
    return ""


def _name_of_default(editable: EditableSpec, place: Place) -> str:
    """The name of the parameter of which this is the default; empty where it is none."""
    for line in editable.block_calls().values():
        for parameter in line.block.parameters if line.block is not None else ():
            if parameter.default is not None and parameter.default.start == place.start:
                return parameter.name
    return ""
