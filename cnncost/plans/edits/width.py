"""Other widths: every number of the file that sets a group's width, to a part of itself, or, where
plans may grow, to a multiple."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil, lcm

from cnncost.network import Input, Node
from cnncost.place import Place
from cnncost.plans.edits.edit import NO_EDIT, AllowedEdits, Decision, Edit, Evidence
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.serial_layers import is_transition
from cnncost.plans.edits.text_changes import replace_span
from cnncost.plans.edits.width_numbers import WidthNumber, width_numbers

WIDTH_KIND = "width"

WIDTH_EVIDENCE = Evidence(
    "widths of released MobileNets, ResNets, ShuffleNets, DenseNets, ResNeXts and Wide ResNets, "
    "50 pairs; of vision transformers, 26; both spaces of Channel-Bench, trained under one recipe"
)

PARTS = tuple(Fraction(n, 16) for n in range(15, 3, -1))

BEYOND = (Fraction(3, 16), Fraction(1, 8))
"""Below a quarter, only with `--allow extrapolation`."""

WIDER_PARTS = tuple(Fraction(n, 16) for n in (17, 18, 20, 22, 24, 28, 32))

WIDER_BEYOND = (Fraction(3), Fraction(4))
"""More than twice as wide, only with `--allow extrapolation`."""

TRANSITION = Fraction(1, 2)
"""The smallest part of a transition's width that is offered."""

DENSE_KIND = "dense"

DENSE_EVIDENCE = Evidence(
    "CaffeNet's dense layers from 4096 to 2048 units, .050 (Mishkin et al. 2016); Zeiler & Fergus "
    "2014, Table 3: AlexNet's, 40.5 to 41.7 % error"
)

DENSE_PARTS = tuple(Fraction(*pair) for pair in ((3, 4), (1, 2), (1, 4), (1, 8)))

DENSE_UNITS = (1024, 512, 256)

WIDER_DENSE = (Fraction(3, 2), Fraction(2))


class LabelledNumber:
    """A number that may change, with its label and the steps that its widths keep to."""

    def __init__(
        self, editable: EditableSpec, number: WidthNumber, label: str, multiple: int | None
    ) -> None:
        self.number = number
        self.label = label
        self.steps = [_width_step(editable, number, value, multiple) for value in number.values]

    def factors(self, widest: Fraction = Fraction(1)) -> Iterator[Fraction]:
        """Yield the least factor at which each value of the number is rounded to: each smaller one,
        and those up to `widest` times the number."""
        for value, step in zip(self.number.values, self.steps, strict=True):
            yield Fraction(1)
            for k in range(1, int(value * widest) // step):
                yield Fraction((2 * k + 1) * step, 2 * value)

    def scale(self, factor: Fraction) -> Edit | None:
        """Make the edit that scales the number; None where it stays. Rounding makes none wider
        that is to be narrower, nor the other way."""
        limit = min if factor <= 1 else max
        pairs = zip(self.number.values, self.steps, strict=True)
        values = tuple([limit(v, round_to_step(v * factor, step)) for v, step in pairs])
        return None if values == self.number.values else _make_edit(self.number, values, self.label)


def label_numbers(editable: EditableSpec, multiple: int | None) -> list[LabelledNumber]:
    """The numbers of a spec that set widths, each with its label."""
    arguments = _argument_names(editable)
    return [
        LabelledNumber(editable, number, _number_label(editable, number, arguments), multiple)
        for number in width_numbers(editable)
    ]


def width_decisions(editable: EditableSpec, allowed: AllowedEdits) -> Iterator[Decision]:
    """A decision for each number, with the options that save, and those that grow if plans may.

    Unless extrapolation is allowed, none is below the narrowest part of its width; each is a
    multiple of what new widths are, where that is given.
    """
    multiple = allowed.multiple
    arguments = _argument_names(editable)
    for number in width_numbers(editable):
        first = min(group.writers[0] for group in number.groups)
        label = _number_label(editable, number, arguments)
        if number.dense:
            found = _dense_values(number, grow=allowed.grow)
            widths = [units for units in found if all(n % (multiple or 1) == 0 for n in units)]
        else:
            least = allowed.left.get(label, allowed.narrowest)
            widths = _channel_values(editable, number, replace(allowed, narrowest=least))
        options = [_make_edit(number, values, label) for values in widths]
        if options:
            yield Decision(label, (NO_EDIT, *options), first, group=True)


def _channel_values(
    editable: EditableSpec, number: WidthNumber, allowed: AllowedEdits
) -> list[tuple[int, ...]]:
    least = Fraction(0) if allowed.extrapolate else allowed.narrowest
    least = max(least, TRANSITION) if _is_of_transitions(editable, number) else least
    scale, old = number.scale, number.values
    widths = [int(value * scale) for value in old]
    steps = [_width_step(editable, number, width, allowed.multiple) for width in widths]
    options: list[tuple[int, ...]] = []
    for part in _list_parts(allowed):
        pairs = zip(widths, steps, strict=True)
        values = tuple([ceil(round_to_step(w * part, step) / scale) for w, step in pairs])
        narrower = all(n < v and n >= least * v for n, v in zip(values, old, strict=True))
        wider = all(n > v and n <= allowed.widest * v for n, v in zip(values, old, strict=True))
        if values not in options and (wider if part > 1 else narrower):
            options.append(values)
    return options


def _list_parts(allowed: AllowedEdits) -> tuple[Fraction, ...]:
    """List the parts of today's widths that are offered; of the narrower ones every second where
    plans may grow."""
    if not allowed.grow:
        return PARTS + BEYOND * allowed.extrapolate
    return PARTS[1::2] + WIDER_PARTS + (BEYOND + WIDER_BEYOND) * allowed.extrapolate


def _is_of_transitions(editable: EditableSpec, number: WidthNumber) -> bool:
    """Whether a number sets the widths of a DenseNet's transitions: all that the blocks before
    have found goes through them (Huang et al. 2017: compression .5)."""
    writers = [index for group in number.groups for index in group.writers]
    return all(is_transition(editable.network, index) for index in writers)


def round_to_step(value: Fraction, step: int) -> int:
    """The multiple of `step` nearest to a value, halves up, at least one step."""
    return max(step, int((value + Fraction(step, 2)) // step) * step)


def _width_step(
    editable: EditableSpec, number: WidthNumber, value: int, multiple: int | None
) -> int:
    """Find what new widths must be multiples of: `multiple` if given, else 8 where the old one is;
    and every group count."""
    usual = next(s for s in (8, 4, 2, 1) if value % s == 0 and (s == 1 or value >= 4 * s))
    step = multiple or usual
    writers = [index for group in number.groups for index in group.writers]
    roots = dict.fromkeys(root for index in writers for root in editable.groups.groups_at(index))
    reading = [index for root in roots for index in editable.group_readers.get(root, ())]
    for index in dict.fromkeys((*writers, *reading)):
        step = _step_with_groups(step, editable.network.nodes[index], value)
    return step


def _step_with_groups(step: int, node: Input | Node, value: int) -> int:
    groups = getattr(node.layer, "groups", 1)
    fits = groups > 1 and value % groups == 0 and groups < value
    return lcm(step, groups) if fits else step


def _dense_values(number: WidthNumber, *, grow: bool) -> list[tuple[int, ...]]:
    options = [tuple(max(1, int(v * part)) for v in number.values) for part in DENSE_PARTS]
    options += [tuple(units for _ in number.values) for units in DENSE_UNITS]
    kept = [v for v in dict.fromkeys(options) if all(map(int.__lt__, v, number.values))]
    wider = [tuple(int(v * part) for v in number.values) for part in WIDER_DENSE if grow]
    wider = [v for v in dict.fromkeys(wider) if all(map(int.__gt__, v, number.values))]
    return sorted(kept, reverse=True) + wider


def _make_edit(number: WidthNumber, values: tuple[int, ...], label: str) -> Edit:
    changes = [replace_span(p, str(v)) for p, v in zip(number.places, values, strict=True)]
    what = " units" if number.dense else "" if number.multiplies else " filters"
    old, new = (
        " and ".join(map(str, _unique(number.values))),
        " and ".join(map(str, _unique(values))),
    )
    return Edit(
        DENSE_KIND if number.dense else WIDTH_KIND,
        f"{label}: {old} to {new}{what}",
        changes=tuple(changes),
        part=Fraction(values[0], number.values[0]),
        grows=values > number.values,
    )


def _unique(values: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(values))


def _argument_names(editable: EditableSpec) -> dict[Place, str]:
    """The names of the numbers that are not the main argument of the call that they stand in."""
    found: dict[Place, str] = {}
    for call in editable.block_calls().values():
        for name, node in call.arguments.items():
            if node is not call.main:
                found[Place(node.start, node.end)] = name
    return found


def _number_label(
    editable: EditableSpec, number: WidthNumber, arguments: Mapping[Place, str]
) -> str:
    """Name the layers or calls whose numbers these are; where a call has several numbers, which
    one."""
    names: dict[str, None] = {}
    for group in number.groups:
        for index in group.writers:
            names[editable.owner_name(index, number.places)] = None
    first, *more = names
    if not more:
        said = [arguments[place] for place in number.places if place in arguments]
        return f"{first} {' and '.join(said)}" if len(said) == len(number.places) else first
    return f"{first} and {len(more)} more" if len(more) > 2 else ", ".join(names)
