"""Views that a layer must take: found again as one layer, or written as reshape and permute."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncost.formats.torch_in.value import Shape, Step, Value

if TYPE_CHECKING:
    import torch

LARGEST = 4
"""Axes of a map of three extents and its channels."""


class Layer(NamedTuple):
    """A layer of the language that does what some views do together."""

    word: str
    main: str = ""
    value: object = None
    shape: Shape = ()


def layers_of(value: Value) -> list[Layer] | None:
    """The layers that make what is seen out of what was made; none if it cannot be said so."""
    if not any(step.order for step in value.steps):
        return [_reshape(value.shape)]
    found = _one_layer(value)
    if found:
        return [found]
    return _literal(value.steps)


def _reshape(shape: Shape) -> Layer:
    if len(shape) == 1:
        return Layer("flatten", shape=shape)
    return Layer("reshape", "shape", shape, shape)


def _literal(steps: tuple[Step, ...]) -> list[Layer] | None:
    if any(len(step.shape) > LARGEST for step in steps):
        return None
    return [
        Layer("permute", "axes", tuple(axis + 1 for axis in step.order), step.shape)
        if step.order
        else _reshape(step.shape)
        for step in steps
    ]


def _one_layer(value: Value) -> Layer | None:
    """A channel shuffle, pixel shuffle or space to depth that moves every number alike."""
    import torch

    numbers = torch.arange(prod(value.made)).reshape(value.made)
    seen = _apply(numbers, value.steps)
    if torch.equal(seen.flatten(), numbers.flatten()):
        return _reshape(value.shape)
    for layer, moved in _candidates(numbers, value):
        if moved.shape == seen.shape and torch.equal(moved, seen):
            return layer
    return None


def _apply(numbers: torch.Tensor, steps: tuple[Step, ...]) -> torch.Tensor:
    for step in steps:
        numbers = numbers.permute(step.order) if step.order else numbers.reshape(step.shape)
    return numbers


def _candidates(numbers: torch.Tensor, value: Value) -> Iterator[tuple[Layer, torch.Tensor]]:
    made, shape = value.made, value.shape
    channels, *extents = made
    parts = sorted({size for step in value.steps for size in step.shape if size > 1})
    if shape == made:
        for groups in (size for size in parts if channels % size == 0):
            split = numbers.reshape(groups, channels // groups, *extents)
            layer = Layer("channel_shuffle", "groups", groups, shape)
            yield layer, split.transpose(0, 1).reshape(made)
    if len(made) == len(shape) == 3:
        yield from _between_depth_and_space(numbers, made, shape, parts)


def _between_depth_and_space(
    numbers: torch.Tensor, made: Shape, shape: Shape, parts: list[int]
) -> Iterator[tuple[Layer, torch.Tensor]]:
    """Blocks of r x r positions to or from channels, with the block's axes before or after."""
    c, h, w = made
    for r in parts:
        if c % (r * r) == 0 and shape == (c // (r * r), h * r, w * r):
            layer = Layer("pixel_shuffle", "factor", r, shape)
            last = numbers.reshape(c // (r * r), r, r, h, w).permute(0, 3, 1, 4, 2)
            yield layer, last.reshape(shape)
            first = numbers.reshape(r, r, c // (r * r), h, w).permute(2, 3, 0, 4, 1)
            yield layer, first.reshape(shape)
        if h % r == 0 and w % r == 0 and shape == (c * r * r, h // r, w // r):
            blocks = numbers.reshape(c, h // r, r, w // r, r)
            layer = Layer("space_to_depth", "factor", r, shape)
            for order in ((0, 2, 4, 1, 3), (2, 4, 0, 1, 3), (4, 2, 0, 1, 3), (0, 4, 2, 1, 3)):
                yield layer, blocks.permute(order).reshape(shape)
