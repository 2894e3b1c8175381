"""Strides: views and orders of axes, beside addresses written out one by one."""

from __future__ import annotations

from itertools import product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncost.costs.memory.strides import (
    Laid,
    channels_last,
    contiguous,
    elementwise,
    is_contiguous,
    is_dense,
    like_channels_last,
    ordered,
    reshaped,
)

Dims = tuple[int, ...]


def addresses(x: Laid) -> list[int]:
    """Where each number of a tensor lies, in the order of its indices."""
    places = product(*(range(n) for n in x.dims))
    return [sum(i * s for i, s in zip(at, x.strides, strict=True)) for at in places]


@st.composite
def tensors(draw: st.DrawFn) -> Laid:
    """A part of a tensor whose axes lie in any order."""
    dims = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    whole = tuple(n + draw(st.sampled_from([0, 0, 1])) for n in dims)
    order = draw(st.permutations(range(len(dims))))
    return Laid(dims, ordered(whole, order))


@st.composite
def shapes(draw: st.DrawFn, count: int) -> Dims:
    """A shape of so many numbers."""
    dims = []
    while count > 1 or draw(st.booleans()):
        factor = draw(st.sampled_from([n for n in range(1, count + 1) if count % n == 0]))
        dims.append(factor)
        count //= factor
        if len(dims) > 4:
            return (*dims, count)
    return tuple(dims) or (1,)


def evenly_spaced(found: list[int], dims: Dims) -> bool:
    """Whether addresses are those of a tensor of some strides: by trying the only ones."""
    strides = []
    for axis, n in enumerate(dims):
        apart = prod(dims[axis + 1 :])
        strides.append(found[apart] - found[0] if n > 1 else 0)
    return [a - found[0] for a in found] == addresses(Laid(dims, tuple(strides)))


@given(st.data())
def test_a_view_is_a_tensor_of_the_same_addresses(data: st.DataObject) -> None:
    x = data.draw(tensors())
    dims = data.draw(shapes(prod(x.dims)))
    strides = reshaped(x, dims)
    assert (strides is not None) == evenly_spaced(addresses(x), dims)
    if strides is not None:
        assert addresses(Laid(dims, strides)) == addresses(x)


@given(tensors())
def test_what_fills_its_storage_has_every_address_once(x: Laid) -> None:
    every = list(range(prod(x.dims)))
    assert is_dense(x) == (sorted(addresses(x)) == every)
    assert is_contiguous(x) == (addresses(x) == every)


def test_orders_of_axes_spelled_out() -> None:
    assert contiguous((2, 3, 4, 5)) == (60, 20, 5, 1)
    # Channels innermost: a step along the last axis passes 3, one along the one before 15.
    assert channels_last((2, 3, 4, 5)) == (60, 1, 15, 3)
    assert channels_last((2, 3, 4, 5, 6)) == (360, 1, 90, 18, 3)


@pytest.mark.parametrize(
    ("strides", "last"),
    [
        ((60, 1, 15, 3), True),
        ((60, 20, 5, 1), False),
        ((120, 1, 30, 6), True),  # every second column
        ((60, 1, 3, 12), False),  # channels innermost, but the axes changed
    ],
)
def test_channels_last_is_an_order_of_strides(strides: Dims, last: bool) -> None:
    assert like_channels_last(Laid((2, 3, 4, 5), strides)) is last


def test_permuted_maps_flatten_to_copies() -> None:
    # (2, 4, 8, 8) turned to (2, 4, 8, 8) by its last two axes: a row of one example steps by 8,
    # then by 1, so it is no view; turned back it is one again.
    turned = Laid((2, 4, 8, 8), (256, 64, 1, 8))
    assert reshaped(turned, (2, 256)) is None
    assert reshaped(Laid((2, 4, 8, 8), (256, 64, 8, 1)), (2, 256)) == (256, 1)
    # The channels of a map can be cut off from its rows without moving anything.
    assert reshaped(turned, (2, 2, 2, 8, 8)) == (256, 128, 64, 1, 8)


def test_the_first_operand_decides_the_order() -> None:
    dims = (2, 3, 4, 5)
    first, last = Laid(dims, contiguous(dims)), Laid(dims, channels_last(dims))
    assert elementwise(dims, [last, first]) == channels_last(dims)
    assert elementwise(dims, [first, last]) == contiguous(dims)
    gate = Laid((2, 3, 1, 1), (3, 1, 1, 1))
    assert elementwise(dims, [gate, last]) == channels_last(dims)  # it repeats, and leaves it open
