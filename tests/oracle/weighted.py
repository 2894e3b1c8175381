"""Layers with weights: every use of a weight is enumerated."""

from __future__ import annotations

from itertools import product

from oracle.cells import Axis, axes_of, painted, per_axis, windows
from oracle.tally import Arguments, Counted, Dims, Index, dealt, oracle, unit_ids


def sees(channels: int, filters: int, arguments: Arguments) -> list[tuple[int, int]]:
    """The (channel, filter) pairs that are connected."""
    if "connects" in arguments:
        return [(c, f) for f, maps in enumerate(arguments["connects"]) for c in maps]
    groups = arguments.get("groups", 1)
    groups = channels if groups == "depthwise" else groups
    both = zip(dealt(channels, groups), dealt(filters, groups), strict=True)
    return [pair for ours, theirs in both for pair in product(ours, theirs)]


def convolved(axes: list[Axis], filters: int, met: list[tuple[int, int]], bias: bool) -> Counted:
    per_axis_windows = [windows(axis) for axis in axes]
    shape = (filters, *map(len, per_axis_windows))
    weights: set[Index] = set()
    connections = inside = 0
    for window in product(*per_axis_windows):
        for tap in product(*(range(axis.kernel) for axis in axes)):
            real = all(cells[t] is not None for cells, t in zip(window, tap, strict=True))
            for pair in met:
                weights.add((*pair, *tap))
                connections += 1
                inside += real
    units = list(unit_ids(shape))
    biased = [unit[0] for unit in units if bias]
    return Counted(
        *(shape, len(units), len(weights), len(set(biased)), 0),
        *(connections, inside, len(biased)),
    )


@oracle("conv")
def conv(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    filters = arguments["conv"]
    axes = axes_of(dims, arguments, arguments["kernel"])
    met = sees(dims[0], filters, arguments)
    return convolved(axes, filters, met, arguments.get("bias", True))


@oracle("locally_connected")
def locally_connected(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    filters = arguments["locally_connected"]
    axes = axes_of(dims, arguments, arguments["kernel"])
    met, bias = sees(dims[0], filters, arguments), arguments.get("bias", True)
    shared = convolved(axes, filters, met, bias)
    # Each use of a weight, and of a bias, has one of its own.
    uses = shared.connections
    return shared._replace(weights=uses, biases=shared.units if bias else 0)


@oracle("depthwise_conv")
def depthwise_conv(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    axes = axes_of(dims, arguments, arguments["depthwise_conv"])
    every = product(range(dims[0]), range(arguments.get("multiplier", 1)))
    met = [(channel, f) for f, (channel, _) in enumerate(every)]
    return convolved(axes, len(met), met, arguments.get("bias", True))


@oracle("conv_transpose")
def conv_transpose(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    filters = arguments["conv_transpose"]
    axes = axes_of(dims, arguments, arguments["kernel"])
    extra = per_axis(arguments.get("output_padding", 0), len(axes))
    kept, paint = zip(*map(painted, axes, extra), strict=True)
    met = sees(dims[0], filters, arguments)
    weights: set[Index] = set()
    connections = inside = 0
    for spots in product(*paint):
        for tap in product(*(range(axis.kernel) for axis in axes)):
            lands = all(p[t] in k for p, t, k in zip(spots, tap, kept, strict=True))
            for pair in met:
                weights.add((*pair, *tap))
                connections += 1
                inside += lands
    shape = (filters, *map(len, kept))
    biased = [unit[0] for unit in unit_ids(shape) if arguments.get("bias", True)]
    return Counted(
        *(shape, len(list(unit_ids(shape))), len(weights), len(set(biased)), 0),
        *(connections, inside, len(biased)),
    )


@oracle("dense")
def dense(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    units = list(range(arguments["dense"]))
    uses = [(unit, source) for unit in units for source in unit_ids(dims)]
    biased = [unit for unit in units if arguments.get("bias", True)]
    return Counted(
        *((len(units),), len(units), len(set(uses)), len(set(biased)), 0),
        *(len(uses), len(uses), len(biased)),
    )


@oracle("linear")
def linear(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    shape = (arguments["linear"], *dims[1:])
    # A unit sees the channels at its own position, by weights that know no position.
    uses = [(unit[0], channel) for unit in unit_ids(shape) for channel in range(dims[0])]
    biased = [unit[0] for unit in unit_ids(shape) if arguments.get("bias", True)]
    return Counted(
        *(shape, len(list(unit_ids(shape))), len(set(uses)), len(set(biased)), 0),
        *(len(uses), len(uses), len(biased)),
    )


@oracle("subsample")
def subsample(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    kernel = arguments["subsample"]
    per_axis_windows = [windows(axis) for axis in axes_of(dims, {}, kernel, kernel)]
    every = list(product(range(dims[0]), *per_axis_windows))
    uses = [channel for channel, *window in every for _ in product(*window)]
    biased = [channel for channel, *_ in every]
    return Counted(
        *((dims[0], *map(len, per_axis_windows)), len(every), len(set(uses)), len(set(biased)), 0),
        *(len(uses), len(uses), len(biased)),
    )


@oracle("attention")
def attention(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    width = arguments.get("dim", dims[0])
    heads = arguments["attention"]
    few, biased = arguments.get("kv_heads", heads), arguments.get("bias", True)
    narrow = len([unit for group in dealt(width, heads)[:few] for unit in group])
    units = list(unit_ids(dims))
    places = sorted({unit[1:] for unit in units})
    weights, biases, uses, bias_uses = set(), set(), 0, 0
    for place in places:
        for role, reads, gives in [
            ("query", dims[0], width),
            *((role, dims[0], narrow) for role in ("key", "value")),
            ("out", width, dims[0]),
        ]:
            for made in range(gives):
                if biased:
                    biases.add((role, made))
                    bias_uses += 1
                for read in range(reads):
                    weights.add((role, read, made))
                    uses += 1
        for other in places:
            for head in range(heads):
                for part in range(head, width, heads):
                    uses += len([("score", place, other, part), ("mix", place, other, part)])
    return Counted(
        dims, len(units), len(weights), len(biases),
        connections=uses, inside=uses, bias_uses=bias_uses,
    )  # fmt: skip
