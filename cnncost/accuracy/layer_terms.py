"""What one layer adds to the sums that the error potential is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log, prod
from operator import add
from types import MappingProxyType
from typing import NamedTuple

from cnncost.accuracy import error_constants as constants
from cnncost.accuracy.roles import ATTENDING, PRICED, Follower, Role, mean_extent
from cnncost.layers import Layer
from cnncost.shape import Shape


class LayerTerms(NamedTuple):
    """Sums over layers; those of a network are the sums of its layers'."""

    weight: float = 0.0
    """How much the layers count in the averages."""
    log_widths: float = 0.0
    """Weight x ln(channels written)."""
    groups: float = 0.0
    """Weight x what its groups cost."""
    depth: float = 0.0
    """Layers with a non-linearity, those with kernels more."""
    heads: float = 0.0
    """The share of the maps that dense layers read."""
    head_coarseness: float = 0.0
    """Share x what such a map's extent costs."""
    dense: float = 0.0
    """What the hidden dense layers cost."""
    attentions: float = 0.0
    """Layers of attention."""
    streams: float = 0.0
    """What it costs that the streams which they read are narrow."""
    picture: float = 0.0
    """What the extents of the inputs cost, on average."""
    maps: Mapping[float, float] = MappingProxyType({})
    """For each extent, in positions a side, the weight of the layers with a non-linearity there."""


NO_TERMS = LayerTerms()


def add_terms(terms: Iterable[LayerTerms], *, less: Iterable[LayerTerms] = ()) -> LayerTerms:
    """Add up the terms of several layers, less those of others.

    Of a network of many equal layers those of each kind are added once, as often as there are.
    """
    times: dict[int, int] = {}
    known: dict[int, LayerTerms] = {}
    for sign, listed in ((1, terms), (-1, less)):
        for one in listed:
            times[id(one)] = times.get(id(one), 0) + sign
            known[id(one)] = one
    sums: Iterable[float] = [0.0] * (len(NO_TERMS) - 1)
    maps: dict[float, float] = {}
    for place, one in known.items():
        count = times[place]
        # `maps`, the last field, has no sum to go to: `map` ends before it.
        sums = map(add, sums, one if count == 1 else [count * amount for amount in one[:-1]])
        for extent, weight in one.maps.items():
            maps[extent] = maps.get(extent, 0.0) + count * weight
    return LayerTerms._make([*sums, maps])


def layer_terms(layer: Layer, x: Shape, y: Shape, role: Role) -> LayerTerms:
    """Return the terms of one layer over an input of shape `x`, with an output of shape `y`."""
    if layer.word not in PRICED:
        return NO_TERMS
    if layer.word in ATTENDING:
        return _attention_terms(layer, x)
    if layer.word == "dense":
        return _dense_terms(y, role)
    extent = mean_extent(y.extents, role.axes)
    groups = _count_groups(layer, x)
    wide = max(getattr(layer, "kernel", (1,))) > 1
    depthwise = groups == x.channels and groups > 1
    share = _share_of(role, y.channels, depthwise=depthwise, projection=depthwise or not wide)
    non_linear = role.follower is Follower.NON_LINEARITY
    last = non_linear and not role.positions_used
    small = min(1.0, (1.0 if last else extent) / constants.SMALL_EXTENT)
    counted = small * _covered_axes(layer, x)
    weight = share * counted
    return LayerTerms(
        weight,
        weight * log(y.channels),
        counted * _grouping_cost(groups, x.channels) if share else 0.0,
        weight * (1 + constants.KERNEL_SHARE * _kernel_size(layer, y)) if non_linear else 0.0,
        maps={extent: weight} if non_linear else {},
    )


def input_terms(inputs: Sequence[Shape]) -> LayerTerms:
    """Return the terms of a network's inputs: how coarse its picture is; vectors have none."""
    costs = [coarseness_of(mean_extent(x.extents)) for x in inputs if x.extents]
    return LayerTerms(picture=constants.PICTURE * sum(costs) / len(costs) if costs else 0.0)


def _attention_terms(layer: Layer, x: Shape) -> LayerTerms:
    """Return the terms of attention, a layer with a non-linearity and a kernel: 1 + KERNEL_SHARE.

    Written out it is two products of maps, each half of that; the stream is not known there.
    """
    depth = 1 + constants.KERNEL_SHARE
    if layer.word == "matmul":
        return LayerTerms(depth=depth / 2)
    return LayerTerms(depth=depth, attentions=1, streams=_stream_cost(x.channels))


def _stream_cost(channels: int) -> float:
    """Return what a stream of so few channels costs: A / C, below LEAST_STREAM its tangent in ln C.

    The derivative of A / C in ln C is -A / C.
    """
    known = max(channels, constants.LEAST_STREAM)
    return constants.NARROW_STREAM / known * (1 + log(known / channels))


def _dense_terms(y: Shape, role: Role) -> LayerTerms:
    """Return the terms of a dense layer: its width if it is hidden, and the map that it reads."""
    reads = constants.HEAD_SHARE if role.map_extent else 0.0
    coarse = reads * coarseness_of(role.map_extent) if reads else 0.0
    head = LayerTerms(heads=reads, head_coarseness=coarse)
    if role.follower is Follower.NOTHING:
        return head
    narrow = -constants.DENSE * log(y.channels / constants.DENSE_UNITS)
    if role.follower is Follower.LINEAR:  # a rank: wide or not, it adds nothing
        return head._replace(dense=max(0.0, narrow))
    return head._replace(depth=constants.DENSE_DEPTH, dense=narrow)


def coarseness_of(extent: float) -> float:
    """Return what a map of so many positions a side costs.

    Its slope in ln(extent) is -RESOLUTION at RESOLUTION_EXTENT and steeper for smaller maps.
    """
    fall = constants.RESOLUTION_FALL
    coarse: float = (constants.RESOLUTION_EXTENT / extent) ** fall
    return constants.RESOLUTION / fall * coarse


def _share_of(role: Role, channels: int, *, depthwise: bool, projection: bool) -> float:
    """Return what a layer that writes so many channels counts beside one with a non-linearity."""
    if role.follower is Follower.NON_LINEARITY:
        return constants.DEPTHWISE_SHARE if depthwise else 1.0
    if role.follower is Follower.LINEAR:
        if projection:
            return constants.LINEAR_SHARE * (1 + constants.NARROW / channels)
        return constants.LINEAR_KERNEL
    return 0.0


def _grouping_cost(groups: int, channels: int) -> float:
    """Return what it costs that each filter sees one of so many groups of the channels.

    It grows with ln(groups): nothing for one group, GROUPS x FEW_CHANNELS / (FEW_CHANNELS +
    channels) for as many groups as channels.
    """
    few = constants.FEW_CHANNELS / (constants.FEW_CHANNELS + channels)
    return constants.GROUPS * few * log(groups) / log(channels) if groups > 1 else 0.0


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
