"""Convolutions and their gradients with their indices written out."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.study.backward.gradient_expression import Expression
from cnncost.study.backward.index_letters import CHANNELS, POSITIONS, TAPS
from cnncost.study.backward.index_writer import IndexWriter, index_place, turn_back
from cnncost.study.backward.option_reader import WindowReading, read_groups, read_windows
from cnncost.study.backward.scalar_formula import (
    ZERO,
    ScalarFormula,
    sum_over,
)
from cnncost.study.backward.unit_maps import Place


def write_convolution(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write a kernel's windows times the kernel, or what a transposed kernel paints."""
    kernel, x = value.operands
    inner, turned = turn_back(kernel)
    rows, seen, *taps = writer.dims(inner)
    windows = read_windows(value.options, len(taps), taps)
    if turned:
        return _write_painting(writer, value, place, windows)
    group = place[0] // (rows // read_groups(value.options))
    with (
        writer.letters.open_ranges(CHANNELS, [seen]) as over,
        writer.letters.open_ranges(TAPS, taps) as inside,
    ):
        (channel,), at = index_place(over), index_place(inside)
        source = [w.place_of_tap(p, u) for w, p, u in zip(windows, place[1:], at, strict=True)]
        first = group * seen if read_groups(value.options) > 1 else ZERO
        body = writer.at(inner, (place[0], channel, *at)) * writer.at(x, (first + channel, *source))
        return sum_over(body, *over, *inside)


def _write_painting(
    writer: IndexWriter, value: Expression, place: Place, windows: Sequence[WindowReading]
) -> ScalarFormula:
    """Write what units of y have painted on a place: its tap u is that of y at (p + padding - u) /
    stride, where that is a whole number."""
    kernel, y = value.operands
    inner, _ = turn_back(kernel)
    rows, seen, *taps = writer.dims(inner)
    groups = read_groups(value.options)
    with (
        writer.letters.open_ranges(CHANNELS, [rows // groups]) as over,
        writer.letters.open_ranges(TAPS, taps) as inside,
    ):
        at = index_place(inside)
        row, channel = index_place(over)[0], place[0]
        if groups > 1:
            row, channel = channel // seen * (rows // groups) + row, channel % seen
        source = [w.place_of_reader(p, u) for w, p, u in zip(windows, place[1:], at, strict=True)]
        body = writer.at(inner, (row, channel, *at)) * writer.at(y, (row, *source))
        return sum_over(body, *over, *inside)


def write_correlation(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write a kernel's gradient: y times what the tap reads of x, over all positions."""
    y, x = value.operands
    rows, seen, *taps = writer.left_dims
    windows = read_windows(value.options, len(taps), taps)
    groups = read_groups(value.options)
    with writer.letters.open_ranges(POSITIONS, writer.dims(y)[1:]) as across:
        at = index_place(across)
        source = [w.place_of_tap(p, u) for w, p, u in zip(windows, at, place[2:], strict=True)]
        first = place[0] // (rows // groups) * seen if groups > 1 else ZERO
        body = writer.at(y, (place[0], *at)) * writer.at(x, (first + place[1], *source))
        return sum_over(body, *across)
