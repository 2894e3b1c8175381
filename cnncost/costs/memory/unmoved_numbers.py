"""Which layers that move numbers leave all of them where they are: views of their input."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from cnncost.network import Node

MOVING = ("channel_shuffle", "pixel_shuffle", "space_to_depth")


def moves_nothing(node: Node) -> bool:
    """Whether the layer reorders axes and only those of a single place: nothing moves then, as
    in a channel shuffle of one group, or a pixel shuffle along one axis of a single position."""
    if node.layer.word not in MOVING:
        return False
    sizes, order = split_axes(node)
    places = [axis for axis in order if sizes[axis] > 1]
    return places == sorted(places)


def split_axes(node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes that such a layer splits its input into, and their order in the output."""
    x, y, axes = node.inputs[0], node.output, len(node.output.extents)
    if node.layer.word == "channel_shuffle":
        groups = cast("int", vars(node.layer)["groups"])
        return (groups, x.channels // groups), (1, 0)
    factor = cast("tuple[int, ...]", vars(node.layer)["factor"])
    if node.layer.word == "pixel_shuffle":
        # Channels, the factors, positions: each factor goes behind its position.
        finer = [(1 + axes + axis, 1 + axis) for axis in range(axes)]
        return (y.channels, *factor, *x.extents), (0, *(i for pair in finer for i in pair))
    # Channels, and for each axis blocks and places in a block: the places come first.
    blocks = [size for pair in zip(y.extents, factor, strict=True) for size in pair]
    places, grid = range(2, 2 + 2 * axes, 2), range(1, 1 + 2 * axes, 2)
    return (x.channels, *blocks), (0, *places, *grid)
