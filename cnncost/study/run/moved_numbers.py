"""Layers that move numbers to other places and change none."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError
from cnncost.study.run.number_map import (
    Map,
    Number,
    Tensors,
    flat_index,
    list_places,
    map_of_columns,
    split_rows,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.layers.embedding import Embedding
    from cnncost.layers.reshaping import (
        ChannelShuffle,
        Crop,
        Pad,
        Permute,
        PixelShuffle,
        Slice,
        SpaceToDepth,
    )
    from cnncost.network import Node


def keep_numbers(node: Node, reads: list[Map]) -> Map:
    """Return the same numbers, perhaps in another shape."""
    return Map(node.output, reads[0].numbers)


def evaluate_permute(node: Node[Permute], reads: list[Map]) -> Map:
    """Put the axes in another order; they count from 1."""
    (x,) = reads
    found = []
    for place in list_places(node.output.dims):
        read = [0] * len(place)
        for at, axis in zip(place, node.layer.axes, strict=True):
            read[axis - 1] = at
        found.append(x.numbers[flat_index(read, x.shape.dims)])
    return Map(node.output, tuple(found))


def evaluate_pad(node: Node[Pad], reads: list[Map]) -> Map:
    """Put zeros around each channel."""
    return _shift_map(node, reads[0], -1)


def evaluate_crop(node: Node[Crop], reads: list[Map]) -> Map:
    """Cut the edges off each channel."""
    return _shift_map(node, reads[0], 1)


def _shift_map(node: Node[Pad | Crop], x: Map, sign: int) -> Map:
    """Output position p reads input position p + sign x before; zero outside."""
    places: list[int | None] = []
    for place in list_places(node.output.extents):
        pairs = zip(place, node.layer.amount, strict=True)
        read = [at + sign * before for at, (before, _) in pairs]
        inside = all(0 <= at < n for at, n in zip(read, x.shape.extents, strict=True))
        places.append(flat_index(read, x.shape.extents) if inside else None)
    return Map(
        node.output,
        tuple(0 if at is None else channel[at] for channel in x.split_channels() for at in places),
    )


def evaluate_slice(node: Node[Slice], reads: list[Map]) -> Map:
    """Keep some of the channels."""
    (x,) = reads
    first, end = node.layer.span
    size = x.shape.positions
    return Map(node.output, x.numbers[first * size : end * size])


def evaluate_concat(node: Node, reads: list[Map]) -> Map:
    """Put the channels of all inputs one input after the other."""
    return Map(node.output, tuple(number for x in reads for number in x.numbers))


def evaluate_channel_shuffle(node: Node[ChannelShuffle], reads: list[Map]) -> Map:
    """Take one channel of every group in turn (Zhang et al. 2018, sec. 3.1)."""
    channels, groups = reads[0].split_channels(), node.layer.groups
    each = len(channels) // groups
    order = [group * each + at for at in range(each) for group in range(groups)]
    return Map(node.output, tuple(number for at in order for number in channels[at]))


def evaluate_pixel_shuffle(node: Node[PixelShuffle], reads: list[Map]) -> Map:
    """Channels become the positions of a block (Shi et al. 2016, sec. 3.2)."""
    (x,), factor = reads, node.layer.factor
    found = []
    for channel, *place in list_places(node.output.dims):
        inside = [at % f for at, f in zip(place, factor, strict=True)]
        read = channel * prod(factor) + flat_index(inside, factor)
        outer = [at // f for at, f in zip(place, factor, strict=True)]
        found.append(x.numbers[flat_index([read, *outer], x.shape.dims)])
    return Map(node.output, tuple(found))


def evaluate_space_to_depth(node: Node[SpaceToDepth], reads: list[Map]) -> Map:
    """The positions of a block become channels."""
    (x,), factor = reads, node.layer.factor
    inside = list_places(factor)
    found = []
    for channel, *place in list_places(node.output.dims):
        tap = inside[channel % len(inside)]
        read = [at * f + step for at, f, step in zip(place, factor, tap, strict=True)]
        found.append(x.numbers[flat_index([channel // len(inside), *read], x.shape.dims)])
    return Map(node.output, tuple(found))


def evaluate_embedding(node: Node[Embedding], own: Tensors, reads: list[Map]) -> Map:
    """Take the table's row of each index.

    Raises:
        CnncostError: a number is no index of the table.
    """
    rows = split_rows(own["weight"], node.layer.dim)
    return map_of_columns(node.output, _take_rows(node, rows, reads[0].numbers))


def _take_rows(
    node: Node[Embedding], rows: list[tuple[Number, ...]], indices: Sequence[Number]
) -> list[tuple[Number, ...]]:
    found = []
    for index in indices:
        if index != index // 1 or not 0 <= index < len(rows):
            shown = int(index) if index == index // 1 else f"{float(index):g}"
            raise CnncostError(
                f"{node.name}: {shown} is no index of a vocabulary of {len(rows):,}",
                f"an embedding reads whole numbers from 0 to {len(rows) - 1:,}",
            )
        found.append(rows[int(index)])
    return found
