"""Layers that move numbers in general but none of them here: their output is a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from cnncost.layers.reshaping import ChannelShuffle, PixelShuffle, SpaceToDepth
    from cnncost.network import Node

    Axes = tuple[tuple[int, ...], tuple[int, ...]]
    """The axes that a layer splits its input into, and their order in the output."""


def moves_nothing(node: Node) -> bool:
    """Whether the layer only reorders axes that have a single place, so that nothing moves.

    Examples: a channel shuffle with one group; a pixel shuffle along an axis of one position.
    """
    split = _SPLITS.get(node.layer.word)
    if split is None:
        return False
    sizes, order = split(node)
    places = [axis for axis in order if sizes[axis] > 1]
    return places == sorted(places)


def has_factor(node: Node) -> TypeGuard[Node[PixelShuffle | SpaceToDepth]]:
    """Whether the layer trades channels for positions, by a factor for each axis."""
    return node.layer.word in ("pixel_shuffle", "space_to_depth")


def _split_groups(node: Node[ChannelShuffle]) -> Axes:
    groups = node.layer.groups
    return (groups, node.inputs[0].channels // groups), (1, 0)


def _split_finer(node: Node[PixelShuffle]) -> Axes:
    """The input splits into channels, factors and positions; each factor goes behind its axis."""
    axes = len(node.output.extents)
    finer = [i for axis in range(axes) for i in (1 + axes + axis, 1 + axis)]
    return (node.output.channels, *node.layer.factor, *node.inputs[0].extents), (0, *finer)


def _split_coarser(node: Node[SpaceToDepth]) -> Axes:
    """The input splits into channels and, per axis, blocks and places in them; places go first."""
    axes = len(node.output.extents)
    blocks = zip(node.output.extents, node.layer.factor, strict=True)
    places, grid = range(2, 2 + 2 * axes, 2), range(1, 1 + 2 * axes, 2)
    sizes = (node.inputs[0].channels, *(size for pair in blocks for size in pair))
    return sizes, (0, *places, *grid)


_SPLITS: dict[str, Callable[[Node[Any]], Axes]] = {  # Any: each rule names its layer type
    "channel_shuffle": _split_groups,
    "pixel_shuffle": _split_finer,
    "space_to_depth": _split_coarser,
}
