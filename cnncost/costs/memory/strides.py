"""Strides: how far apart a tensor's neighbours along each axis lie, by PyTorch's rules.

Strides are in elements, one an axis, the batch's first. That a tensor of given strides can be
seen under another shape, and in which order of axes an operation lays out what it makes, are
rules of ATen (TensorImpl.cpp, TensorUtils.cpp `computeStride`, TensorIterator.cpp
`reorder_dimensions`, c10/core/MemoryFormat.h); the tests hold them against PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import NamedTuple

Strides = tuple[int, ...]
Dims = tuple[int, ...]

LAST_2D, LAST_3D = (1, 3, 2, 0), (1, 4, 3, 2, 0)
"""The axes of a map with its channels last, the innermost first."""


class Laid(NamedTuple):
    """A tensor's extents, the batch's first, and its strides."""

    dims: Dims
    strides: Strides


def ordered(dims: Dims, axes: Sequence[int]) -> Strides:
    """A tensor that fills its storage, its axes from the outermost to the innermost."""
    strides, apart = [0] * len(dims), 1
    for axis in reversed(axes):
        strides[axis] = apart
        apart *= dims[axis]
    return tuple(strides)


def contiguous(dims: Dims) -> Strides:
    """A tensor that fills its storage, its last axis innermost."""
    return ordered(dims, range(len(dims)))


def channels_last(dims: Dims) -> Strides:
    """A tensor that fills its storage position by position."""
    return ordered(dims, (0, *range(2, len(dims)), 1))


def is_contiguous(x: Laid) -> bool:
    """Whether a tensor fills its storage, its last axis innermost; an axis of a single place
    may have any stride."""
    return _fills(x, range(len(x.dims) - 1, -1, -1))


def is_channels_last(x: Laid) -> bool:
    """Whether a map of two or three axes fills its storage position by position."""
    return len(x.dims) in (4, 5) and _fills(x, _last_order(x))


def _fills(x: Laid, order: Sequence[int]) -> bool:
    apart = 1
    for axis in order:
        if x.dims[axis] != 1:
            if x.strides[axis] != apart:
                return False
            apart *= x.dims[axis]
    return True


def _last_order(x: Laid) -> tuple[int, ...]:
    return LAST_2D if len(x.dims) == 4 else LAST_3D


def is_dense(x: Laid) -> bool:
    """Whether a tensor fills its storage in some order of its axes."""
    return _fills(x, sorted(range(len(x.dims)), key=lambda axis: x.strides[axis]))


def like_channels_last(x: Laid) -> bool:
    """Whether the strides of a map of two or three axes ascend as with its channels last, gaps
    or not; where an axis of one place leaves it open, they do not."""
    if len(x.dims) not in (4, 5) or x.strides[1] == 0:
        return False
    least = 0
    for axis in _last_order(x):
        if x.strides[axis] < least or (axis == 0 and least == x.strides[1]):
            return False
        least = x.strides[axis] * x.dims[axis]
    return True


def reshaped(x: Laid, dims: Dims) -> Strides | None:
    """The strides of the same storage seen under another shape; None where it cannot be.

    An axis of the new shape must fall within axes of the old one that lie in one piece: from
    the innermost on, pieces are split by the new extents one after another.
    """
    found, left = [0] * len(dims), len(dims) - 1
    for base, size in reversed(_pieces(x)):
        count = 1
        while left >= 0 and (count < size or dims[left] == 1):
            found[left] = count * base
            count *= dims[left]
            left -= 1
        if count != size:
            return None
    return tuple(found) if left < 0 else None


def _pieces(x: Laid) -> list[tuple[int, int]]:
    """Runs of axes that lie in one piece, the outermost first: innermost stride and places."""
    if prod(x.dims) == 1:
        return [(1, 1)]
    pieces = [(x.strides[-1], x.dims[-1])]
    for (outer, stride), _ in reversed(list(pairwise(zip(x.dims, x.strides, strict=True)))):
        base, size = pieces[-1]
        if outer == 1 or stride == size * base:
            pieces[-1] = base, size * outer
        else:
            pieces.append((stride, outer))
    return pieces[::-1]


def elementwise(dims: Dims, operands: Sequence[Laid]) -> Strides:
    """What an operation unit by unit makes: operands alike are kept to, else the axes are
    ordered by the operands' strides, the first operand's before the next one's."""
    if all(x.dims == dims for x in operands):
        if all(is_contiguous(x) for x in operands):
            return contiguous(dims)
        if len(dims) == 4 and all(is_channels_last(x) for x in operands):
            return channels_last(dims)
        first = operands[0]
        if is_dense(first) and all(x.strides == first.strides for x in operands):
            return first.strides
    return ordered(dims, _axes(dims, [_repeated(dims, x) for x in operands])[::-1])


def _repeated(dims: Dims, x: Laid) -> Strides:
    """An operand's strides along the axes of the result: 0 where it is repeated."""
    missing = len(dims) - len(x.dims)
    both = zip(x.dims, x.strides, dims[missing:], strict=True)
    return (0,) * missing + tuple([0 if n == 1 != out else s for n, s, out in both])


def _axes(dims: Dims, operands: Sequence[Strides]) -> list[int]:
    """The axes, innermost first; an insertion sort, as PyTorch's, since not all can be compared."""
    found = list(range(len(dims) - 1, -1, -1))
    for start in range(1, len(found)):
        at = start
        for i in range(start - 1, -1, -1):
            order = _compared(dims, operands, found[i], found[at])
            if order > 0:
                found[i], found[at] = found[at], found[i]
                at = i
            elif order < 0:
                break
    return found


def _compared(dims: Dims, operands: Sequence[Strides], a: int, b: int) -> int:
    """Whether axis a lies outside axis b (1), within it (-1), or neither can be said (0)."""
    for strides in operands:
        if strides[a] == 0 or strides[b] == 0:
            continue
        if strides[a] != strides[b]:
            return 1 if strides[a] > strides[b] else -1
        if dims[a] > dims[b]:
            return 1
    return 0


def like(x: Laid) -> Strides:
    """What has just the layout of a tensor that fills its storage, else its axes in order."""
    return x.strides if is_dense(x) else elementwise(x.dims, [x])


def suggested(x: Laid, dims: Dims) -> Strides:
    """What windows and norms make, of extents `dims`: with channels last as their input."""
    if like_channels_last(x):
        return channels_last(dims)
    return contiguous(dims)


def flat_suggested(x: Laid, dims: Dims) -> Strides:
    """The same of a map along one axis, which PyTorch treats as one of two axes."""
    if len(dims) != 3:
        return suggested(x, dims)
    batch, channels, n = x.dims
    above = Laid((batch, channels, 1, n), (*x.strides[:2], n * x.strides[2], x.strides[2]))
    b, c, _, i = suggested(above, (*dims[:2], 1, dims[2]))
    return b, c, i
