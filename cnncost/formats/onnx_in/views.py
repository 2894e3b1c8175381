"""Views that a layer must take: found again as one layer, or written as reshape and permute."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

from cnncost.formats.torch_in.value import Shape, Step, Value

AXES = 4
"""Axes of a map of three extents and its channels."""

LARGEST = 2**24
"""Units; the moves of larger maps are not followed number by number."""


class Layer(NamedTuple):
    """A layer of the language that does what some views do together."""

    word: str
    main: str = ""
    value: Any = None  # Any: a number or a tuple of them
    shape: Shape = ()


def layers_of(value: Value) -> list[Layer] | None:
    """The layers that make what is seen out of what was made; none if it cannot be said so."""
    if len(value.shape) > AXES:
        return None
    if not any(step.order for step in value.steps):
        return [_reshape(value.shape)]
    found = _one_layer(value) if prod(value.made) <= LARGEST else None
    if found and found.word == "reshape" and value.shape == value.made:
        return []  # turned there and back
    return [found] if found else _literal(value.steps)


def _reshape(shape: Shape) -> Layer:
    if len(shape) == 1:
        return Layer("flatten", shape=shape)
    return Layer("reshape", "shape", shape, shape)


def _literal(steps: tuple[Step, ...]) -> list[Layer] | None:
    """Step by step; axes of one are left out where there would be too many."""
    layers = []
    for step in steps:
        shape, order = step.shape, step.order
        if len(shape) > AXES:
            if shape[0] != 1 or (order and order[0] != 0) or len(shape) > AXES + 1:
                return None
            shape, order = shape[1:], tuple(axis - 1 for axis in order[1:])
        if order:
            layers.append(Layer("permute", "axes", tuple(axis + 1 for axis in order), shape))
        else:
            layers.append(_reshape(shape))
    return layers


def _one_layer(value: Value) -> Layer | None:
    """A channel shuffle, pixel shuffle or space to depth that moves every number alike."""
    import numpy

    numbers = numpy.arange(prod(value.made)).reshape(value.made)
    seen = numbers
    for step in value.steps:
        seen = seen.transpose(step.order) if step.order else seen.reshape(step.shape)
    if numpy.array_equal(seen.reshape(-1), numbers.reshape(-1)):
        return _reshape(value.shape)
    for layer, moved in _candidates(numbers, value):
        if numpy.array_equal(moved, seen):
            return layer
    return None


def _candidates(numbers: Any, value: Value) -> Iterator[tuple[Layer, Any]]:  # Any: arrays
    made, shape = value.made, value.shape
    channels, *extents = made
    parts = sorted({size for step in value.steps for size in step.shape if size > 1})
    if shape == made:
        for groups in (size for size in parts if channels % size == 0):
            split = numbers.reshape(groups, channels // groups, *extents)
            layer = Layer("channel_shuffle", "groups", groups, shape)
            yield layer, split.swapaxes(0, 1).reshape(made)
    if len(made) == len(shape) == len(value.made) > 1 and len(made) <= 3:
        yield from _between_depth_and_space(numbers, made, shape, parts)
    if sorted(made) == sorted(shape) and len(made) == len(shape):
        yield from _turned(numbers, made)


def _turned(numbers: Any, made: Shape) -> Iterator[tuple[Layer, Any]]:  # Any: arrays
    from itertools import permutations

    for order in permutations(range(len(made))):
        moved = numbers.transpose(order)
        yield Layer("permute", "axes", tuple(axis + 1 for axis in order), moved.shape), moved


def _between_depth_and_space(
    numbers: Any, made: Shape, shape: Shape, parts: list[int]
) -> Iterator[tuple[Layer, Any]]:  # Any: arrays
    """Blocks of r x r positions to or from channels, with the block's axes before or after."""
    if len(made) != 3:
        return
    c, h, w = made
    for r in parts:
        if c % (r * r) == 0 and shape == (c // (r * r), h * r, w * r):
            layer = Layer("pixel_shuffle", "factor", r, shape)
            last = numbers.reshape(c // (r * r), r, r, h, w).transpose(0, 3, 1, 4, 2)
            yield layer, last.reshape(shape)
            first = numbers.reshape(r, r, c // (r * r), h, w).transpose(2, 3, 0, 4, 1)
            yield layer, first.reshape(shape)
        if h % r == 0 and w % r == 0 and shape == (c * r * r, h // r, w // r):
            blocks = numbers.reshape(c, h // r, r, w // r, r)
            layer = Layer("space_to_depth", "factor", r, shape)
            for order in ((0, 2, 4, 1, 3), (2, 4, 0, 1, 3), (4, 2, 0, 1, 3), (0, 4, 2, 1, 3)):
                yield layer, blocks.transpose(order).reshape(shape)
