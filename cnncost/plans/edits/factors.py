"""Edits of one number that changes many layers: a multiplier, an expansion, a repeat count.

multiplier  a number under `params` that sets the channels of many layers
expansion   the factor by which blocks are wider inside, in a signature or an expression
depth       the `repeat` of a line whose copies keep the shape

Each becomes smaller, or larger where plans may grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from cnncost.language.lines import Line
from cnncost.language.nodes import Scalar
from cnncost.network import Node
from cnncost.place import Place
from cnncost.plans.edits.edit import (
    DEPTH,
    DEPTH_SHARE,
    EXPANSION,
    MULTIPLIER,
    NARROWEST,
    NO_EDIT,
    AllowedEdits,
    Decision,
    Edit,
    Evidence,
)
from cnncost.plans.edits.editable_spec import EditableSpec, is_named
from cnncost.plans.edits.placed_layers import Substitute, remove_layer, repeat_layer
from cnncost.plans.edits.text_changes import format_decimal, replace_span
from cnncost.plans.edits.width_numbers import (
    LEAST_LITERAL,
    find_literals,
    only_narrows,
    only_widens,
    width_origins,
)
from cnncost.quantity import parse_number

MULTIPLIER_EVIDENCE = Evidence(
    "width multipliers of MobileNet v1 and v2 (published tables), as the widths that they make"
)

MULTIPLIER_PARTS = tuple(Fraction(n, 8) for n in (7, 6, 5, 4, 3, 2))

LARGER_MULTIPLIERS = tuple(Fraction(n, 4) for n in (5, 6, 7, 8))


def multiplier_edits(editable: EditableSpec, allowed: AllowedEdits) -> Iterator[Edit]:
    """Yield an edit for each smaller value of each number under `params` that narrows layers and
    changes nothing else; for each larger one that widens them, where plans may grow."""
    parts = LARGER_MULTIPLIERS if allowed.grow else MULTIPLIER_PARTS
    for name, node in editable.spec_text.params().items():
        value = parse_number(node.text) if isinstance(node, Scalar) else None
        if value is None or value <= 0:
            continue
        for part in parts:
            new = format_decimal(Fraction(value) * part)
            phrase = f"{name}: {format_decimal(value)} to {new}"
            edit = Edit(MULTIPLIER, phrase, changes=(replace_span(node.place, new),), part=part)
            if (made := _scale_widths(editable, edit, allowed)) is not None:
                yield made


def _scale_widths(editable: EditableSpec, edit: Edit, allowed: AllowedEdits) -> Edit | None:
    """Complete an edit that scales widths; None where it changes anything else, or none."""
    spec = editable.read_edited(edit.changes)
    only = only_widens if edit.part > 1 else only_narrows
    if spec is None or not only(editable, spec.network, allowed.kept):
        return None
    return replace(edit, grows=edit.part > 1)


EXPANSION_EVIDENCE = Evidence(
    "NAS-Bench-Macro (expansion 3 or 6) and Channel-Bench's MobileNets, trained under one recipe"
)

EXPANSION_FACTORS = range(2, LEAST_LITERAL)
"""The whole numbers that are taken for a factor."""

LARGEST_EXPANSION = Fraction(3, 2)
"""How many times as large a factor may become: ratios of 4 and 6 were trained."""


def expansion_edits(editable: EditableSpec, allowed: AllowedEdits) -> Iterator[Edit]:
    """Yield an edit for each smaller value of a factor that narrows layers and changes nothing
    else; for each larger one that widens them, where plans may grow."""
    for found in _find_factors(editable):
        smaller = range(found.value - 1, 0, -1)
        larger = range(found.value + 1, int(LARGEST_EXPANSION * found.value) + 1)
        for new in larger if allowed.grow else smaller:
            part = Fraction(new, found.value)
            changes = tuple([replace_span(place, str(new)) for place in found.places])
            edit = Edit(EXPANSION, found.phrase(new), changes=changes, part=part)
            made = _scale_widths(editable, edit, allowed) if part >= NARROWEST else None
            if made is not None:
                yield made


class ExpansionFactor(NamedTuple):
    """A factor: in a signature, or in all the expressions of a block that read alike."""

    block: str
    value: int
    places: Sequence[Place]
    around: tuple[str, str]
    """What is said before and behind the number."""

    def phrase(self, new: int) -> str:
        before, behind = self.around
        said = f"{before}{self.value}{behind} to {before}{new}{behind}"
        if not behind and before.endswith(" "):  # a parameter's name
            said = f"{before}{self.value} to {new}"
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
            if factor in EXPANSION_FACTORS:
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


DEPTH_EVIDENCE = Evidence(
    "ResNets of basic blocks and of bottlenecks, VGGs, ResNets on CIFAR and SVHN: 75 pairs; "
    "blocks of vision transformers, 4"
)


def depth_decisions(editable: EditableSpec, allowed: AllowedEdits) -> Iterator[Decision]:
    """Yield a decision for each `repeat: N` of a block or layer that keeps the shape."""
    for line, nodes in _repeated_lines(editable):
        count = int(line.common["repeat"].text)
        copies = _split_copies(nodes, count)
        if copies is None or any(is_named(node.name, allowed.kept) for node in nodes):
            continue
        stage = _blocks_of_stage(editable, nodes, count)
        counts = list(range(count - 1, count - 1 - min(count - 1, stage // DEPTH_SHARE), -1))
        if allowed.grow:
            counts += range(count + 1, count + 1 + max(1, stage // DEPTH_SHARE))
        options = [_repeat_copies(line, copies, new) for new in counts]
        if options:
            # Which layer is the last before a global pool, only the text tells.
            label = _top_level_name(nodes[0].name)
            yield Decision(label, (NO_EDIT, *options), nodes[0].index, unread=True)


def _repeat_copies(line: Line, copies: Sequence[Sequence[Node]], count: int) -> Edit:
    """Make the edit that leaves so many copies, or adds some that equal the last one."""
    put: Substitute = remove_layer
    changed, grows = copies[count:], count > len(copies)
    if grows:
        put, changed = partial(repeat_layer, times=1 + count - len(copies)), copies[-1:]
    return Edit(
        DEPTH,
        f"{_top_level_name(copies[0][0].name)}: {len(copies)} to {count} copies",
        changes=(replace_span(line.common["repeat"].place, str(count)),),
        substitutes={node.index: put for copy in changed for node in copy},
        grows=grows,
    )


def _repeated_lines(editable: EditableSpec) -> Iterator[tuple[Line, list[Node]]]:
    """The top level's lines with a plain `repeat`, and the nodes that they make."""
    found: dict[int, tuple[Line, list[Node]]] = {}
    starts: dict[int, list[Node]] = {}
    lines: dict[int, Line] = {}
    for node in editable.network.layers:
        written = editable.spec.written[node.index]
        lines.setdefault(written.line.start, written.line)
        outer = written.call
        while outer is not None and outer.outer is not None:
            outer = outer.outer
        start = outer.place.start if outer is not None else written.line.start
        starts.setdefault(start, []).append(node)
    for start, nodes in starts.items():
        line = lines.get(start) or editable.block_calls().get(start)
        repeat = line.common.get("repeat") if line else None
        if line is not None and repeat is not None and repeat.text.isdigit():
            found[start] = (line, nodes)
    yield from found.values()


def _split_copies(nodes: Sequence[Node], count: int) -> list[list[Node]] | None:
    """Group the nodes by copy; None unless every copy puts out the same shape."""
    if count < 2 or len(nodes) % count:
        return None
    size = len(nodes) // count
    copies = [list(nodes[i * size : (i + 1) * size]) for i in range(count)]
    outputs = {copy[-1].output: None for copy in copies}
    return copies if len(outputs) == 1 else None


def _blocks_of_stage(editable: EditableSpec, nodes: Sequence[Node], count: int) -> int:
    """How many blocks write the same channels: the stage that the copies belong to.

    A stem that opens the stage is no block of it.
    """
    last = nodes[-1]
    if last.layer is not None and last.layer.learns:
        return count
    writers = editable.groups.groups_at(last.index)
    groups = [editable.groups.groups[root] for root in writers if root in editable.groups.groups]
    blocks = [group.blocks - (group.role == "stem") for group in groups]
    return max([count, *blocks]) if len(writers) == 1 else count


def _top_level_name(name: str) -> str:
    return name.split(".", 1)[0]
