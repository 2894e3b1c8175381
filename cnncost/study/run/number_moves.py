"""Numbers moved to other places: permuted, padded, cropped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, cast

from cnncost.study.run.number_map import Map

if TYPE_CHECKING:
    from cnncost.language.carried import Carried
    from cnncost.layers.reshaping import Crop, Pad, Permute
    from cnncost.network import Node


def evaluate_permute(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """The axes in another order; they count from 1."""
    (x,) = reads
    order = [axis - 1 for axis in cast("Permute", node.layer).axes]
    steps = [prod(x.shape.dims[axis + 1 :]) for axis in order]
    places = product(*(range(n) for n in node.output.dims))
    return Map(node.output, tuple(x.numbers[_flat_index(place, steps)] for place in places))


def evaluate_pad(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """Zeros around each channel."""
    return _shift_map(node, reads[0], -1)


def evaluate_crop(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """Each channel without its edges."""
    return _shift_map(node, reads[0], 1)


def _shift_map(node: Node, x: Map, sign: int) -> Map:
    """Output position p reads input position p + sign x before; zero outside."""
    amount = cast("Pad | Crop", node.layer).amount
    steps = [prod(x.shape.extents[axis + 1 :]) for axis in range(len(amount))]
    places = []
    for place in product(*(range(n) for n in node.output.extents)):
        read = [at + sign * before for at, (before, _) in zip(place, amount, strict=True)]
        inside = all(0 <= at < n for at, n in zip(read, x.shape.extents, strict=True))
        places.append(_flat_index(read, steps) if inside else None)
    return Map(
        node.output,
        tuple(0 if at is None else channel[at] for channel in x.split_channels() for at in places),
    )


def _flat_index(place: Sequence[int], steps: Sequence[int]) -> int:
    return sum(at * step for at, step in zip(place, steps, strict=True))
