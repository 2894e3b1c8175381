"""Rows of reshapes and transposes, written as layers, move every number as they do."""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncost.formats.tensor_value import Value
from cnncost.formats.tensor_views import ViewLayer, layers_of


def reshaped(draw: st.DrawFn, size: int) -> tuple[int, ...]:
    """Another shape of as many numbers, of at most five axes."""
    shape: list[int] = []
    while size > 1 and len(shape) < 4:
        shape.append(draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0])))
        size //= shape[-1]
    return (*shape, size)


@st.composite
def viewed(draw: st.DrawFn) -> tuple[Value, np.ndarray]:
    """A value under some views, and what an array makes of the same."""
    dims = tuple(draw(st.lists(st.sampled_from([1, 2, 3, 4, 6]), min_size=1, max_size=4)))
    value, array = Value("base", dims), np.arange(prod(dims)).reshape(dims)
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            order = tuple(draw(st.permutations(range(array.ndim))))
            value, array = value.permute_axes(order), array.transpose(order)
        else:
            shape = reshaped(draw, array.size)
            value, array = value.reshape_to(shape), array.reshape(shape)
    return value, array


def moved(layer: ViewLayer, x: np.ndarray) -> np.ndarray:
    if layer.word == "flatten":
        return x.reshape(-1)
    if layer.word == "reshape":
        return x.reshape(layer.value)
    if layer.word == "permute":
        return x.transpose([axis - 1 for axis in layer.value])
    if layer.word == "channel_shuffle":
        return x.reshape(layer.value, x.shape[0] // layer.value, -1).swapaxes(0, 1).reshape(x.shape)
    c, h, w = x.shape
    r = layer.value
    if layer.word == "pixel_shuffle":
        blocks = x.reshape(c // r**2, r, r, h, w).transpose(0, 3, 1, 4, 2)
        return blocks.reshape(c // r**2, h * r, w * r)
    return x.reshape(c, h // r, r, w // r, r).transpose(0, 2, 4, 1, 3).reshape(-1, h // r, w // r)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(viewed())
def test_layers_move_numbers_as_the_views_do(case: tuple[Value, np.ndarray]) -> None:
    value, array = case
    layers = layers_of(value)
    if layers is None:  # more axes than a map has, or an axis split at no divisor
        return
    x = np.arange(prod(value.made)).reshape(value.made)
    for layer in layers:
        x = moved(layer, x)
    assert x.shape == array.shape
    if {layer.word for layer in layers} <= {"flatten", "reshape", "permute", "channel_shuffle"}:
        assert (x == array).all(), layers
    else:  # blocks may lie in another order of their axes
        assert (np.sort(x, None) == np.sort(array, None)).all()
