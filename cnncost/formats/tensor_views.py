"""Views that a layer must take: found again as one layer, or written as reshape and permute."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any, NamedTuple

from cnncost.formats.importing import AXES
from cnncost.formats.number_order import NumberOrder, order_of, split_into_moves
from cnncost.formats.tensor_value import Shape, Value


class ViewLayer(NamedTuple):
    """A layer of the language that does what some views do together."""

    word: str
    main: str = ""
    value: Any = None  # Any: a number or a tuple of them
    shape: Shape = ()
    """What it gives."""

    @property
    def arguments(self) -> dict[str, Any]:
        """Its only argument by name, if it has one."""
        return {self.main: self.value} if self.main else {}


def layers_of(value: Value) -> list[ViewLayer] | None:
    """The layers that make what is seen out of what was made; none if it cannot be said so."""
    if len(value.shape) > AXES:
        return None
    if not any(step.order for step in value.steps):
        return [] if value.shape == value.made else [_reshape_layer(value.shape)]
    order = order_of(value.made, value.steps)
    if order is None:
        return None
    if order.is_identity:
        return [] if value.shape == value.made else [_reshape_layer(value.shape)]
    for layer, seen in _candidate_layers(value.made, value.shape, order):
        if seen.shape == value.shape and order_of(seen.made, seen.steps) == order:
            return [layer._replace(shape=value.shape)]
    return _literal_layers(value, order)


def _reshape_layer(shape: Shape) -> ViewLayer:
    if len(shape) == 1:
        return ViewLayer("flatten", shape=shape)
    return ViewLayer("reshape", "shape", shape, shape)


def _literal_layers(value: Value, order: NumberOrder) -> list[ViewLayer]:
    """Reshape, permute and reshape again; more than once where there are many axes."""
    layers, shape = [], value.made
    for move in split_into_moves(order, AXES):
        if shape != move.shape:
            layers.append(_reshape_layer(move.shape))
        shape = tuple(move.shape[axis] for axis in move.axes)
        axes = tuple(axis + 1 for axis in move.axes)
        layers.append(ViewLayer("permute", "axes", axes, shape))
    if shape != value.shape:
        layers.append(_reshape_layer(value.shape))
    return layers


def _candidate_layers(
    made: Shape, shape: Shape, order: NumberOrder
) -> Iterator[tuple[ViewLayer, Value]]:
    """Single layers that may do the same, each with the views that it is."""
    plain = Value("", made)
    channels, *extents = made
    if len(made) == len(shape):
        for axes in permutations(range(len(made))):
            yield ViewLayer("permute", "axes", tuple(a + 1 for a in axes)), plain.permute_axes(axes)
    if shape == made and channels % order.sizes[0] == 0:
        groups = order.sizes[0]
        split = plain.reshape_to((groups, channels // groups, *extents))
        turned = split.permute_axes((1, 0, *range(2, len(made) + 1)))
        yield ViewLayer("channel_shuffle", "groups", groups), turned.reshape_to(made)
    if len(made) == len(shape) == 3:
        yield from _pixel_shuffles(plain, shape)
        yield from _space_to_depths(plain, shape)


def _pixel_shuffles(plain: Value, shape: Shape) -> Iterator[tuple[ViewLayer, Value]]:
    """Channels to blocks of r x r positions, the block's axes behind or before the rest."""
    c, h, w = plain.made
    r = shape[1] // h
    if r < 2 or shape != (c // (r * r), h * r, w * r):
        return
    layer, rest = ViewLayer("pixel_shuffle", "factor", r), c // (r * r)
    yield (
        layer,
        plain.reshape_to((rest, r, r, h, w)).permute_axes((0, 3, 1, 4, 2)).reshape_to(shape),
    )
    yield (
        layer,
        plain.reshape_to((r, r, rest, h, w)).permute_axes((2, 3, 0, 4, 1)).reshape_to(shape),
    )


def _space_to_depths(plain: Value, shape: Shape) -> Iterator[tuple[ViewLayer, Value]]:
    """Blocks of r x r positions to channels, in any order of the block's axes."""
    c, h, w = plain.made
    r = h // shape[1]
    if r < 2 or (shape[0], shape[1] * r, shape[2] * r) != (c * r * r, h, w):
        return
    blocks = plain.reshape_to((c, h // r, r, w // r, r))
    for order in ((0, 2, 4, 1, 3), (2, 4, 0, 1, 3), (4, 2, 0, 1, 3), (0, 4, 2, 1, 3)):
        yield ViewLayer("space_to_depth", "factor", r), blocks.permute_axes(order).reshape_to(shape)
