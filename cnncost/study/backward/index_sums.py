"""Sums, means and softmax with their indices written out."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from cnncost.study.backward.gradient_expression import Expression, Symbol
from cnncost.study.backward.index_letters import CHANNELS, COUNT, OTHER_EXAMPLE, POSITIONS
from cnncost.study.backward.index_products import head_rows
from cnncost.study.backward.index_writer import IndexWriter, index_place
from cnncost.study.backward.option_reader import Dims, read_groups
from cnncost.study.backward.scalar_formula import (
    IndexRange,
    ScalarFormula,
    as_formula,
    call_scalar,
    letter,
    sum_over,
)
from cnncost.study.backward.unit_maps import Place

EPSILON = "0.00001"
"""What a norm adds to the variance."""


def write_softmax(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write exp(x) over the sum of the powers of its column."""
    (x,) = value.operands
    return call_scalar("exp", writer.at(x, place)) / _sum_powers(writer, x, place)


def write_logsoftmax(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write x less the logarithm of the sum of the powers of its column."""
    (x,) = value.operands
    return writer.at(x, place) - call_scalar("log", _sum_powers(writer, x, place))


def _sum_powers(writer: IndexWriter, x: Expression, place: Place) -> ScalarFormula:
    axis = 1 if writer.is_heads(x) else 0
    size = _axis_size(writer, x, axis)
    with writer.letters.open_ranges(CHANNELS, [size]) as ranges:
        inside = (*place[:axis], letter(ranges[0].letter), *place[axis + 1 :])
        return sum_over(call_scalar("exp", writer.at(x, inside)), *ranges)


def _axis_size(writer: IndexWriter, x: Expression, axis: int) -> int:
    if not writer.is_heads(x):
        return writer.dims(x)[axis]
    heads = (part for part in x.walk() if isinstance(part, Symbol) or part.kind == "by head")
    return head_rows(writer, next(heads))


def write_sum(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write a sum over channels, positions or both."""
    (x,) = value.operands
    if writer.is_heads(x):
        return _sum_column(writer, x, place)
    channels, positions = _open_axes(writer, value.word, x)
    with (
        writer.letters.open_ranges(CHANNELS, channels) as over,
        writer.letters.open_ranges(POSITIONS, positions) as across,
    ):
        inside = _place_in_sum(place, over, across)
        return sum_over(writer.at(x, inside), *over, *across)


def _sum_column(writer: IndexWriter, x: Expression, place: Place) -> ScalarFormula:
    with writer.letters.open_ranges(CHANNELS, [_axis_size(writer, x, 1)]) as ranges:
        return sum_over(writer.at(x, (place[0], letter(ranges[0].letter), place[2])), *ranges)


def _open_axes(writer: IndexWriter, axes: str, x: Expression) -> tuple[Dims, Dims]:
    """Return the sizes of the channels and positions that a sum runs over."""
    dims = writer.dims(x)
    return (dims[:1] if "i" in axes else (), dims[1:] if "p" in axes else ())


def _place_in_sum(place: Place, over: list[IndexRange], across: list[IndexRange]) -> Place:
    channel = index_place(over) or place[:1]
    return (*channel, *(index_place(across) or place[1:]))


def write_mean(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write a mean: over examples, over positions, over channels or those of a group."""
    return _average(writer, value, value.operands[0], place, lambda x, inside: writer.at(x, inside))


def write_deviation(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write the root of the mean square distance from the mean, and a little more."""
    (x,) = value.operands
    mean = Expression("mean", (x,), value.word, value.options)

    def square(x: Expression, inside: Place) -> ScalarFormula:
        return (writer.at(x, inside) - writer.at(mean, place)) ** "2"

    variance = _average(writer, value, x, place, square)
    return call_scalar("sqrt", variance + as_formula(EPSILON))


def _average(
    writer: IndexWriter,
    value: Expression,
    x: Expression,
    place: Place,
    write: Callable[[Expression, Place], ScalarFormula],
) -> ScalarFormula:
    channels, positions = _open_axes(writer, value.word, x)
    groups = read_groups(value.options)
    channels = tuple(n // groups for n in channels)
    count = as_formula(prod(channels) * prod(positions))
    outer = writer.example
    with (
        writer.letters.open_ranges(OTHER_EXAMPLE, [0] if "n" in value.word else []) as others,
        writer.letters.open_ranges(CHANNELS, channels) as over,
        writer.letters.open_ranges(POSITIONS, positions) as across,
    ):
        inside = _place_in_sum(place, over, across)
        if groups > 1:
            inside = (place[0] // channels[0] * channels[0] + inside[0], *inside[1:])
        if others:
            writer.example, count = letter(others[0].letter), letter(COUNT) * count
        body = write(x, inside)
        writer.example = outer
        return sum_over(body, *others, *over, *across) / count
