"""Chooses which axes of a tensor are a layer's channels and positions, and puts its output's axes
back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from cnncost.formats.importing import AXES, Inexpressible
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_joins import channel_axis
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.tensor_value import Value

Back = Callable[[Value], Value]
"""From what the layer made to what stands in the tensor's place."""


def emit_as_channels(
    importer: OnnxImporter, step: OnnxNode, tensor: str, channel: int
) -> tuple[str, Back]:
    """Emit the views that make an axis of a tensor the channels, for a layer that treats all
    positions alike, those of a batch too. Returns the operation, and how its output is put back."""
    value = importer.emit_value(tensor)
    order = (channel, *(axis for axis in range(len(value.shape)) if axis != channel))
    turned = value.permute_axes(order)
    inner = turned.shape[2:] if turned.shape[1:2] == (1,) else turned.shape[1:]
    extents = inner if len(inner) < AXES else (prod(inner),)
    name = importer.emit_views(step, turned.reshape_to((turned.shape[0], *extents)))

    def restore_channels(made: Value) -> Value:
        return _restore_order(made.reshape_to((made.made[0], *turned.shape[1:])), order)

    return name, restore_channels


def emit_as_positions(
    importer: OnnxImporter, step: OnnxNode, value: Value, axes: Sequence[int]
) -> tuple[str, tuple[int, ...], Back]:
    """Emit the views that put these axes among a tensor's positions, for a layer that changes their
    extents. Returns the operation, the axis that each position was, and how the output is put back.

    Raises:
        Inexpressible: there are more than three.
    """
    rank, channel = len(value.shape), channel_axis(value)
    if value.shape[0] == 1 and 2 < rank <= AXES + 1 and channel not in axes and 0 not in axes:
        order = (0, channel, *(axis for axis in range(1, rank) if axis not in (0, channel)))
        kept = 2
    else:
        # What stays as it is makes up the channels.
        order = (*(axis for axis in range(rank) if axis not in axes), *axes)
        kept = rank - len(axes)
    turned = value.permute_axes(order)
    channels = prod(turned.shape[:kept])
    if len(order) - kept >= AXES:
        raise Inexpressible(f"{len(axes)} axes at once")
    name = importer.emit_views(step, turned.reshape_to((channels, *turned.shape[kept:])))

    def restore_positions(made: Value) -> Value:
        return _restore_order(made.reshape_to((*turned.shape[:kept], *made.made[1:])), order)

    return name, order[kept:], restore_positions


def _restore_order(value: Value, order: tuple[int, ...]) -> Value:
    """Put axes that stand in this order back in their places."""
    return value.permute_axes(tuple(order.index(axis) for axis in range(len(order))))
