"""The error potential of a network by plain loops over all of its layers: shares no code with it.

Paths are walked forwards, from each layer, where `cnncost.accuracy` goes backwards once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from cnncost.accuracy import error_constants as c
from cnncost.network import Network

Nodes = list[Any]  # Any: a node's layer may have any fields

WITH_WEIGHTS = ("conv", "depthwise_conv", "conv_transpose", "dense", "linear")
LEARNING = (*WITH_WEIGHTS, "locally_connected", "attention", "lstm", "gru", "rnn")
BENDING = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "hardswish", "sigmoid"),
    *("hardsigmoid", "tanh", "softplus", "mish", "step", "prelu", "scaled_tanh"),
)


class Sums(NamedTuple):
    """What is summed over the layers."""

    weights: list[float]
    widths: list[float]
    groups: list[float]
    depths: list[float]
    maps: list[tuple[float, float]]
    """The weight of each map, and its extent."""
    heads: list[float]
    """The extent of each map that a dense layer reads."""
    dense: list[float]
    streams: list[float]
    """The channels of each that attention reads."""


def shallowness(layers: float) -> float:
    """The part for depth: below FEWEST_LAYERS the line through two points very near there."""

    def power(n: float) -> float:
        return c.DEPTH / (n + c.LEAST_DEPTH) ** c.DEPTH_POWER

    least, step = c.FEWEST_LAYERS, 1e-6
    if layers >= least:
        return power(layers)
    slope = (power(least + step) - power(least - step)) / (2 * step)
    return power(least) - slope * (least - layers)


def narrowness(channels: float) -> float:
    """What a stream costs: below LEAST_STREAM the line in ln C through two points near there."""
    least, step = float(c.LEAST_STREAM), 1e-6
    if channels >= least:
        return c.NARROW_STREAM / channels
    ends = [c.NARROW_STREAM / (least * math.exp(sign * step)) for sign in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * step)
    return c.NARROW_STREAM / least + slope * math.log(channels / least)


def word_of(node: Any) -> str:
    return "input" if node.layer is None else str(node.layer.word)


def readers_of(nodes: Nodes, index: int) -> list[Any]:
    return [node for node in nodes if node.layer is not None and index in node.reads]


def all_behind(nodes: Nodes, index: int) -> set[int]:
    """Every node that what one puts out reaches."""
    due, seen = [index], set[int]()
    while due:
        for reader in readers_of(nodes, due.pop()):
            if reader.index not in seen:
                seen.add(reader.index)
                due.append(reader.index)
    return seen


def first_behind(
    nodes: Nodes, index: int, words: tuple[str, ...] = (*LEARNING, *BENDING)
) -> Iterator[Any]:
    """The first layers of some types (with weights, and non-linearities) that one's output meets
    on each path."""
    due, seen = [index], set[int]()
    while due:
        for reader in readers_of(nodes, due.pop()):
            if reader.index in seen:
                continue
            seen.add(reader.index)
            if word_of(reader) in words:
                yield reader
            else:
                due.append(reader.index)


def follower_of(nodes: Nodes, index: int) -> str:
    met = list(first_behind(nodes, index))
    for one in met:
        learned = [word_of(nodes[i]) in LEARNING for i in all_behind(nodes, one.index)]
        if word_of(one) in BENDING and any(learned):
            return "bent"
    return "linear" if any(word_of(one) in LEARNING for one in met) else "output"


def tells_positions(nodes: Nodes, index: int) -> bool:
    """Whether anything behind a node tells the positions of a map apart."""
    due, seen = [index], {index}
    while due:
        read = due.pop()
        for reader in readers_of(nodes, read):
            word = word_of(reader)
            if word in ("global_avgpool", "global_maxpool"):
                continue
            if word in ("dense", "flatten") and math.prod(nodes[read].output.extents) > 1:
                return True
            if word in ("matmul", *LEARNING) and word not in WITH_WEIGHTS:
                return True
            if word in WITH_WEIGHTS and max(getattr(reader.layer, "kernel", [1])) > 1:
                return True
            if word != "dense" and reader.index not in seen:
                seen.add(reader.index)
                due.append(reader.index)
    return False


def side(extents: tuple[int, ...], nodes: Nodes) -> float:
    """The positions a side, of as many axes as a picture or the map itself has."""
    axes = [len(n.output.extents) for n in nodes if n.layer is None]
    root = max(len(extents), *axes)
    return math.exp(math.fsum(math.log(n) for n in extents) / root) if extents else 1.0


def entering_side(nodes: Nodes, index: int) -> float:
    """The side of the map that a dense layer reads; 0 behind another dense layer."""
    node = nodes[index]
    while True:
        if word_of(node) == "input":
            return side(node.output.extents, nodes)
        if word_of(node) == "dense":
            return 0.0
        source = nodes[node.reads[0]]
        if word_of(node) == "flatten":
            return side(source.output.extents, nodes)
        many = math.prod(node.output.extents) > 1 or math.prod(source.output.extents) > 1
        if many:
            return side(node.output.extents, nodes)
        node = source


def first_before(nodes: Nodes, index: int) -> Iterator[Any]:
    """The last layers with weights on each path to one."""
    due, seen = list(nodes[index].reads), set[int]()
    while due:
        node = nodes[due.pop()]
        if node.layer is None or node.index in seen:
            continue
        seen.add(node.index)
        if word_of(node) in WITH_WEIGHTS:
            yield node
        else:
            due.extend(node.reads)


def add_dense(sums: Sums, nodes: Nodes, node: Any) -> None:
    extent, follower = entering_side(nodes, node.reads[0]), follower_of(nodes, node.index)
    if extent:
        sums.heads.append(extent)
    narrow = -c.DENSE * math.log(node.output.channels / c.DENSE_UNITS)
    if follower == "bent":
        sums.depths.append(c.DENSE_DEPTH)
        sums.dense.append(narrow)
    if follower == "linear" and narrow > 0:
        sums.dense.append(narrow)


def add_sliding(sums: Sums, nodes: Nodes, node: Any) -> None:
    x, y, layer = node.inputs[0], node.output, node.layer
    groups = x.channels if word_of(node) == "depthwise_conv" else getattr(layer, "groups", 1)
    follower = follower_of(nodes, node.index)
    alone = groups == x.channels and groups > 1
    over = max(getattr(layer, "kernel", [1])) > 1
    linear = c.LINEAR_SHARE * (y.channels + c.NARROW) / y.channels
    if over and not alone:
        linear = c.LINEAR_KERNEL
    weight = {"bent": 1.0, "linear": linear, "output": 0.0}[follower]
    if follower == "bent" and alone:
        weight = c.DEPTHWISE_SHARE
    kernel = tuple(getattr(layer, "kernel", ()))
    long = [k for k in kernel if k > 1]
    axes = [n for n in x.extents if n > 1]
    if long and len(long) < len(axes):
        weight *= len(long) / len(axes)
    last = follower == "bent" and not tells_positions(nodes, node.index)
    extent = side(y.extents, nodes)
    if last or extent < c.SMALL_EXTENT:
        weight *= (1.0 if last else extent) / c.SMALL_EXTENT
    sums.weights.append(weight)
    sums.widths.append(weight * math.log(y.channels))
    share = {"bent": c.DEPTHWISE_SHARE if alone else 1.0, "linear": linear, "output": 0.0}[follower]
    whole = weight / share if share else 0.0
    few = c.GROUPS / (1 + x.channels / c.FEW_CHANNELS)
    price = whole * few * math.log(groups, x.channels) if groups > 1 else 0.0
    sums.groups.append(price)
    if follower == "bent":
        sums.maps.append((weight, extent))
        area = 1
        for k, n in zip(kernel, y.extents, strict=False):
            area *= min(k, 2 * n - 1)
        sums.depths.append(weight * (1 + c.KERNEL_SHARE * math.log(area) / math.log(9)))


def potential_by_loops(network: Network) -> tuple[float, float, float, float, float]:
    """Width, depth, resolution, groups and dense."""
    nodes: Nodes = list(network.nodes)
    sums = Sums([], [], [], [], [], [], [], [])
    for node in nodes:
        if word_of(node) == "dense":
            add_dense(sums, nodes, node)
        elif word_of(node) in WITH_WEIGHTS:
            add_sliding(sums, nodes, node)
        elif word_of(node) == "attention":  # as a 3x3: ln 9 / ln 9
            sums.depths.append(1 + c.KERNEL_SHARE)
            sums.streams.append(node.inputs[0].channels)
        elif word_of(node) == "matmul":
            sums.depths.append((1 + c.KERNEL_SHARE) / 2)
    whole = math.fsum(sums.weights)
    seen = [(c.HEAD_SHARE, extent) for extent in sums.heads]
    for extent in {extent for _, extent in sums.maps}:
        mine = math.fsum(w for w, one in sums.maps if one == extent)
        seen.append((mine / (mine + c.MAP_LAYERS), extent))
    fall = c.RESOLUTION_FALL
    coarse = [
        w * c.RESOLUTION / fall * (c.RESOLUTION_EXTENT / extent) ** fall for w, extent in seen
    ]
    shares = math.fsum(w for w, _ in seen)
    pictures = [n.output.extents for n in nodes if n.layer is None and n.output.extents]
    sides = [math.prod(one) ** (1 / len(one)) for one in pictures]
    seen_first = [c.RESOLUTION / fall * (c.RESOLUTION_EXTENT / one) ** fall for one in sides]
    picture = c.PICTURE * math.fsum(seen_first) / max(1, len(sides))
    typical = math.exp(math.fsum(sums.widths) / whole) if whole else 1.0
    narrow = [narrowness(channels) for channels in sums.streams]
    stream = math.fsum(narrow) / len(narrow) if narrow else 0.0
    return (
        c.WIDTH * math.log((typical + c.WIDE) / typical) + stream,
        shallowness(math.fsum(sums.depths)),
        (math.fsum(coarse) / shares if shares else 0.0) + picture,
        math.fsum(sums.groups) / whole if whole else 0.0,
        math.fsum(sums.dense),
    )
