"""What one layer adds to the sums that the error potential is made of."""

from __future__ import annotations

from collections.abc import Iterable
from math import log, prod
from typing import NamedTuple

from cnncost.accuracy import error_constants as constants
from cnncost.accuracy.roles import WEIGHTED, Follower, Role, mean_extent
from cnncost.layers import Layer
from cnncost.shape import Shape


class LayerTerms(NamedTuple):
    """Sums over layers; those of a network are the sums of its layers'."""

    weight: float = 0.0
    """How much the layers count in the averages."""
    log_widths: float = 0.0
    """Weight x ln(channels written)."""
    log_groups: float = 0.0
    """Weight x ln(groups)."""
    depth: float = 0.0
    """Layers with a non-linearity, those with kernels more."""
    coarseness: float = 0.0
    """Weight x what the extent costs, the map that the dense layers read included."""
    map_weight: float = 0.0
    """The weight of all that has a map."""
    dense: float = 0.0
    """What the hidden dense layers cost."""


NO_TERMS = LayerTerms()


def add_terms(terms: Iterable[LayerTerms]) -> LayerTerms:
    """Add up the terms of several layers."""
    return LayerTerms(*map(sum, zip(*(NO_TERMS, *terms), strict=True)))


def layer_terms(layer: Layer, x: Shape, y: Shape, role: Role) -> LayerTerms:
    """Return the terms of one layer over an input of shape `x`, with an output of shape `y`."""
    if layer.word not in WEIGHTED:
        return NO_TERMS
    if layer.word == "dense":
        return _dense_terms(y, role)
    extent = mean_extent(y.extents)
    groups = _count_groups(layer, x)
    share = _share_of(role, depthwise=groups == x.channels and groups > 1)
    non_linear = role.follower is Follower.NON_LINEARITY
    last = non_linear and not role.positions_used
    small = min(1.0, (1.0 if last else extent) / constants.SMALL_EXTENT)
    weight = share * small * _covered_axes(layer, x)
    return LayerTerms(
        weight,
        weight * log(y.channels),
        weight * log(groups),
        weight * (1 + constants.KERNEL_SHARE * _kernel_size(layer, y)) if non_linear else 0.0,
        weight * coarseness_of(extent),
        weight,
    )


def _dense_terms(y: Shape, role: Role) -> LayerTerms:
    """Return the terms of a dense layer: its width if it is hidden, and the map that it reads."""
    reads = constants.HEAD_SHARE if role.map_extent else 0.0
    coarse = reads * coarseness_of(role.map_extent) if reads else 0.0
    if role.follower is Follower.NOTHING:
        return LayerTerms(coarseness=coarse, map_weight=reads)
    narrow = -constants.DENSE * log(y.channels / constants.DENSE_UNITS)
    if role.follower is Follower.LINEAR:  # a rank: wide or not, it adds nothing
        return LayerTerms(coarseness=coarse, map_weight=reads, dense=max(0.0, narrow))
    return LayerTerms(depth=1.0, coarseness=coarse, map_weight=reads, dense=narrow)


def coarseness_of(extent: float) -> float:
    """Return what a map of so many positions a side costs.

    Its slope in ln(extent) is -RESOLUTION at RESOLUTION_EXTENT and steeper for smaller maps.
    """
    fall = constants.RESOLUTION_FALL
    coarse: float = (constants.RESOLUTION_EXTENT / extent) ** fall
    return constants.RESOLUTION / fall * coarse


def _share_of(role: Role, *, depthwise: bool) -> float:
    if role.follower is Follower.NON_LINEARITY:
        return constants.DEPTHWISE_SHARE if depthwise else 1.0
    return constants.LINEAR_SHARE if role.follower is Follower.LINEAR else 0.0


def _covered_axes(layer: Layer, x: Shape) -> float:
    """Return the part of the axes that a kernel slides over with more than one position: 1 x k
    and k x 1 together are one layer. A 1x1 is whole."""
    kernel: tuple[int, ...] = getattr(layer, "kernel", ())
    wide = sum(k > 1 for k in kernel)
    axes = sum(n > 1 for n in x.extents)
    return min(1.0, wide / axes) if wide and axes else 1.0


def _count_groups(layer: Layer, x: Shape) -> int:
    if layer.word == "depthwise_conv":
        return x.channels
    groups: int = getattr(layer, "groups", 1)
    return groups


def _kernel_size(layer: Layer, y: Shape) -> float:
    """Return ln(area) / ln 9 of a kernel: 0 for 1x1, 1 for 3x3; no more than reaches its map.

    From one end of a map of n positions to the other a kernel of 2 n - 1 reaches.
    """
    kernel: tuple[int, ...] = getattr(layer, "kernel", ())
    reached = zip(kernel, y.extents, strict=False)
    return log(prod(min(k, 2 * n - 1) for k, n in reached)) / log(9)
