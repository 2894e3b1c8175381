"""Copies that layers work on in their input's place, because of how it lies or is padded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

from cnncost.costs.memory.layout import Lie, shuffles_itself
from cnncost.costs.memory.padding import padded_copy
from cnncost.costs.memory.still import still
from cnncost.costs.memory.strides import (
    Laid,
    is_channels_last,
    is_contiguous,
    like_channels_last,
    reshaped,
)
from cnncost.network import Network, Node


class Copy(NamedTuple):
    """What stands in a layer's input's place; the backward pass keeps it instead."""

    bytes: int = 0
    before: bool = False
    """Whether it lives beside the output; what a product or a norm copies is its workspace."""


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
    if fits is None or fits(node, x):
        return Copy()
    return Copy(size * prod(x.dims), before=word not in WITHIN)


def copies(network: Network, lies: Sequence[Lie], size: int) -> list[Copy]:
    """For each node the copy that its layer works on; inputs have none."""
    return [
        Copy() if node.layer is None else copy_of(node, lies[node.reads[0]].laid, size)
        for node in network.nodes
    ]


def _one_row(node: Node, x: Laid) -> bool:
    """Whether an example can be seen as one row of numbers."""
    return len(x.dims) == 2 or reshaped(x, (x.dims[0], prod(x.dims[1:]))) is not None


def _rows_of_channels(node: Node, x: Laid) -> bool:
    """Whether all positions can be seen as the rows of one matrix."""
    if len(x.dims) == 2:
        return True
    axes = (0, *range(2, len(x.dims)), 1)
    turned = Laid(tuple([x.dims[a] for a in axes]), tuple([x.strides[a] for a in axes]))
    return reshaped(turned, (prod(turned.dims[:-1]), x.dims[1])) is not None


def _in_one_piece(node: Node, x: Laid) -> bool:
    return is_channels_last(x) if like_channels_last(x) else is_contiguous(x)


def _in_order(node: Node, x: Laid) -> bool:
    return is_contiguous(x)


def _as_shuffled(node: Node, x: Laid) -> bool:
    """PyTorch's kernels want one piece; elsewhere the copy is the output itself."""
    return still(node) or not shuffles_itself(node) or _in_one_piece(node, x)


WITHIN = ("linear", "groupnorm", "instancenorm")
"""Types whose copies are made and, unless they are kept, freed within the operation."""

FITS: dict[str, Callable[[Node, Laid], bool]] = {
    "dense": _one_row,
    "linear": _rows_of_channels,
    "groupnorm": _in_one_piece,
    "instancenorm": _in_order,
    "pixel_shuffle": _as_shuffled,
    "space_to_depth": _as_shuffled,
}
"""For each type that does not work on every layout whether it works on one as it is."""
