"""Copies that layers work on in their input's place, because of how it lies or is padded."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from cnncost.costs.memory.padding import padded_copy
from cnncost.costs.memory.strides import (
    Laid,
    is_channels_last,
    is_contiguous,
    like_channels_last,
    reshaped,
)
from cnncost.network import Node


class Copy(NamedTuple):
    """What stands in a layer's input's place; the backward pass keeps it instead."""

    bytes: int = 0
    before: bool = False
    """Whether made before the layer's operation, not within it: a kernel's own is workspace."""


def copy_of(node: Node, x: Laid, size: int) -> Copy:
    """The copy of its first input that a layer works on; of no bytes where there is none.

    Args:
        x: how the input lies.
        size: bytes of an element.
    """
    assert node.layer is not None
    padded = padded_copy(node, x.dims[0], size)
    if padded:
        return Copy(padded, before=True)
    word = node.layer.word
    fits = FITS.get(word)
    if fits is None or fits(x):
        return Copy()
    return Copy(size * prod(x.dims), before=word == "dense")


def _one_row(x: Laid) -> bool:
    """Whether an example can be seen as one row of numbers."""
    return reshaped(x, (x.dims[0], prod(x.dims[1:]))) is not None


def _rows_of_channels(x: Laid) -> bool:
    """Whether all positions can be seen as the rows of one matrix."""
    axes = (0, *range(2, len(x.dims)), 1)
    turned = Laid(tuple([x.dims[a] for a in axes]), tuple([x.strides[a] for a in axes]))
    return reshaped(turned, (prod(turned.dims[:-1]), x.dims[1])) is not None


def _in_one_piece(x: Laid) -> bool:
    return is_channels_last(x) if like_channels_last(x) else is_contiguous(x)


FITS = {
    "dense": lambda x: len(x.dims) == 2 or _one_row(x),
    "linear": lambda x: len(x.dims) == 2 or _rows_of_channels(x),
    "groupnorm": _in_one_piece,
    "instancenorm": is_contiguous,
}
"""For each type that does not work on every layout whether it works on one as it is."""
