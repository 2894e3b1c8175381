"""Lists of cells along an axis: windows that slide over them, transposed ones that paint them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, NamedTuple

from oracle.tally import Arguments, Dims

Cells = list[int | None]
"""Positions along one axis; None is a zero of the padding."""


# Arguments as a spec writes them.


def per_axis(value: int | Sequence[int], axes: int) -> list[int]:
    return list(value) if isinstance(value, list) else [value] * axes


def pairs(value: Any, axes: int) -> list[tuple[int, int]]:
    if value == "valid":
        value = 0
    items = value if isinstance(value, list) else [value] * axes
    return [tuple(item) if isinstance(item, list) else (item, item) for item in items]


class Axis(NamedTuple):
    """One axis of a window as the spec gives it; `padding` may be the word `same`."""

    n: int
    kernel: int
    stride: int
    padding: tuple[int, int] | str
    dilation: int


def axes_of(dims: Dims, arguments: Arguments, kernel: Any, stride: Any = 1) -> list[Axis]:
    axes = len(dims) - 1
    padding = arguments.get("padding", 0)
    return [
        Axis(*values)
        for values in zip(
            dims[1:],
            per_axis(kernel, axes),
            per_axis(arguments.get("stride", stride), axes),
            ["same"] * axes if padding == "same" else pairs(padding, axes),
            per_axis(arguments.get("dilation", 1), axes),
            strict=True,
        )
    ]


# Windows along one axis.


def slide(cells: Cells, axis: Axis) -> list[Cells]:
    """The cells under each tap, window by window while all taps are on a cell."""
    windows: list[Cells] = []
    for start in range(0, len(cells), axis.stride):
        taps = [start + axis.dilation * tap for tap in range(axis.kernel)]
        if all(tap < len(cells) for tap in taps):
            windows.append([cells[tap] for tap in taps])
    return windows


def surrounded(n: int, before: int, after: int) -> Cells:
    return [None] * before + list(range(n)) + [None] * after


def same_zeros(axis: Axis) -> tuple[int, int]:
    """The fewest zeros with which as many windows fit as the stride has steps on the input,
    dealt out one after, one before, and so on (TensorFlow's `same`)."""
    wanted = len(range(0, axis.n, axis.stride))
    for total in count():
        if len(slide(surrounded(axis.n, 0, total), axis)) >= wanted:
            dealt = [turn % 2 for turn in range(total)]
            return dealt.count(1), dealt.count(0)
    raise AssertionError  # enough zeros hold any window


def zeros(axis: Axis) -> tuple[int, int]:
    return same_zeros(axis) if isinstance(axis.padding, str) else axis.padding


def windows(axis: Axis) -> list[Cells]:
    return slide(surrounded(axis.n, *zeros(axis)), axis)


def hanging_windows(axis: Axis) -> list[Cells]:
    """PyTorch's ceil mode: windows go on until one reaches the last cell, over the edge if
    need be, but none starts in the padding on the right."""
    before, after = zeros(axis)
    cells = surrounded(axis.n, before, after)
    found: list[Cells] = []
    start, reached = 0, False
    while start < before + axis.n and not reached:
        taps = [start + axis.dilation * tap for tap in range(axis.kernel)]
        reached = taps[-1] >= len(cells) - 1
        found.append([cells[tap] if tap < len(cells) else None for tap in taps])
        start += axis.stride
    return found


def painted(axis: Axis, extra: int) -> tuple[list[int], list[list[int]]]:
    """The positions that a transposed window's output keeps, and those each input paints."""
    paint = [
        [i * axis.stride + axis.dilation * tap for tap in range(axis.kernel)] for i in range(axis.n)
    ]
    if isinstance(axis.padding, str):
        # The strided `same` convolution from the most positions that give n: backwards.
        most = max(m for m in range(1, axis.n * axis.stride + 9) if steps(m, axis) == axis.n)
        before, _ = same_zeros(axis._replace(n=most))
        return list(range(before, before + most)), paint
    before, after = axis.padding
    canvas = list(range(max(map(max, paint)) + 1 + extra))
    canvas = canvas[before:]
    canvas = canvas[: max(len(canvas) - after, 0)]
    return canvas, paint


def steps(m: int, axis: Axis) -> int:
    return len(range(0, m, axis.stride))
