"""What one layer costs, by enumerating the units, taps and parameters of a tiny layer.

Nothing of cnncost is imported and no formula is used: windows slide over lists of cells,
transposed windows paint positions, shape changes move the ids of units about, and every
number is the length of a set or of a list. Arguments are those of a spec, as written there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count, product
from typing import Any, NamedTuple

Dims = tuple[int, ...]
Arguments = dict[str, Any]  # Any: a spec's values: numbers, words, lists of lists
Cells = list[int | None]
"""Positions along one axis; None is a zero of the padding."""
Index = tuple[int, ...]


class Counted(NamedTuple):
    """One layer's numbers, each counted one by one."""

    shape: Dims
    units: int
    weights: int = 0
    biases: int = 0
    others: int = 0
    """Learned numbers that are neither."""
    connections: int = 0
    inside: int = 0
    """Connections without those to padding, or onto what padding crops."""
    bias_uses: int = 0


Oracle = Callable[[list[Dims], Arguments], Counted]
ORACLES: dict[str, Oracle] = {}


def oracle(*words: str) -> Callable[[Oracle], Oracle]:
    def register(function: Oracle) -> Oracle:
        ORACLES.update(dict.fromkeys(words, function))
        return function

    return register


def counted(word: str, inputs: list[Dims], arguments: Arguments) -> Counted:
    """The numbers of a layer of that type over inputs of these shapes."""
    return ORACLES[word](inputs, arguments)


# Arguments as a spec writes them.


def per_axis(value: int | Sequence[int], axes: int) -> list[int]:
    return list(value) if isinstance(value, list) else [value] * axes


def pairs(value: Any, axes: int) -> list[tuple[int, int]]:
    if value == "valid":
        value = 0
    items = value if isinstance(value, list) else [value] * axes
    return [tuple(item) if isinstance(item, list) else (item, item) for item in items]


class Axis(NamedTuple):
    """One axis of a window as the spec gives it; `padding` may be the word `same`."""

    n: int
    kernel: int
    stride: int
    padding: tuple[int, int] | str
    dilation: int


def axes_of(dims: Dims, arguments: Arguments, kernel: Any, stride: Any = 1) -> list[Axis]:
    axes = len(dims) - 1
    padding = arguments.get("padding", 0)
    return [
        Axis(*values)
        for values in zip(
            dims[1:],
            per_axis(kernel, axes),
            per_axis(arguments.get("stride", stride), axes),
            ["same"] * axes if padding == "same" else pairs(padding, axes),
            per_axis(arguments.get("dilation", 1), axes),
            strict=True,
        )
    ]


# Windows along one axis.


def slide(cells: Cells, axis: Axis) -> list[Cells]:
    """The cells under each tap, window by window while all taps are on a cell."""
    windows: list[Cells] = []
    for start in range(0, len(cells), axis.stride):
        taps = [start + axis.dilation * tap for tap in range(axis.kernel)]
        if all(tap < len(cells) for tap in taps):
            windows.append([cells[tap] for tap in taps])
    return windows


def surrounded(n: int, before: int, after: int) -> Cells:
    return [None] * before + list(range(n)) + [None] * after


def same_zeros(axis: Axis) -> tuple[int, int]:
    """The fewest zeros with which as many windows fit as the stride has steps on the input,
    dealt out one after, one before, and so on (TensorFlow's `same`)."""
    wanted = len(range(0, axis.n, axis.stride))
    for total in count():
        if len(slide(surrounded(axis.n, 0, total), axis)) >= wanted:
            dealt = [turn % 2 for turn in range(total)]
            return dealt.count(1), dealt.count(0)
    raise AssertionError  # enough zeros hold any window


def zeros(axis: Axis) -> tuple[int, int]:
    return same_zeros(axis) if isinstance(axis.padding, str) else axis.padding


def windows(axis: Axis) -> list[Cells]:
    return slide(surrounded(axis.n, *zeros(axis)), axis)


def hanging_windows(axis: Axis) -> list[Cells]:
    """PyTorch's ceil mode: windows go on until one reaches the last cell, over the edge if
    need be, but none starts in the padding on the right."""
    before, after = zeros(axis)
    cells = surrounded(axis.n, before, after)
    found: list[Cells] = []
    start, reached = 0, False
    while start < before + axis.n and not reached:
        taps = [start + axis.dilation * tap for tap in range(axis.kernel)]
        reached = taps[-1] >= len(cells) - 1
        found.append([cells[tap] if tap < len(cells) else None for tap in taps])
        start += axis.stride
    return found


def painted(axis: Axis, extra: int) -> tuple[list[int], list[list[int]]]:
    """The positions that a transposed window's output keeps, and those each input paints."""
    paint = [
        [i * axis.stride + axis.dilation * tap for tap in range(axis.kernel)] for i in range(axis.n)
    ]
    if isinstance(axis.padding, str):
        # The strided `same` convolution from the most positions that give n: backwards.
        most = max(m for m in range(1, axis.n * axis.stride + 9) if steps(m, axis) == axis.n)
        before, _ = same_zeros(axis._replace(n=most))
        return list(range(before, before + most)), paint
    before, after = axis.padding
    canvas = list(range(max(map(max, paint)) + 1 + extra))
    canvas = canvas[before:]
    canvas = canvas[: max(len(canvas) - after, 0)]
    return canvas, paint


def steps(m: int, axis: Axis) -> int:
    return len(range(0, m, axis.stride))


# Which channels meet which.


def dealt(channels: int, groups: int) -> list[list[int]]:
    """The channels in so many runs of equal length."""
    (size,) = [size for size in range(1, channels + 1) if size * groups == channels]
    every = list(range(channels))
    return [[every.pop(0) for _ in range(size)] for _ in range(groups)]


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
    units = list(unit_ids(dims))
    places = sorted({unit[1:] for unit in units})
    weights, biases, uses, bias_uses = set(), set(), 0, 0
    for place in places:
        for role, reads, gives in [
            *((role, dims[0], width) for role in ("query", "key", "value")),
            ("out", width, dims[0]),
        ]:
            for made in range(gives):
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


# Layers without weights: only the shape and the units, or learned numbers a channel.


def unit_ids(dims: Dims) -> Iterable[Index]:
    return product(*map(range, dims))


def of_units(units: Iterable[Index], others: int = 0) -> Counted:
    """The shape is that of the box which the units fill, every place once."""
    placed = list(units)
    shape = tuple(len(set(along)) for along in zip(*placed, strict=True))
    assert sorted(placed) == list(unit_ids(shape))
    return Counted(shape, len(placed), others=others)


@oracle("maxpool", "avgpool")
def pool(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    kernel = arguments["maxpool"] if "maxpool" in arguments else arguments["avgpool"]
    hangs = arguments.get("ceil", False) and arguments.get("padding") != "same"
    rule = hanging_windows if hangs else windows
    axes = axes_of(dims, arguments, kernel, kernel)
    starts = [range(len(rule(axis))) for axis in axes]
    return of_units(product(range(dims[0]), *starts))


@oracle("global_avgpool", "global_maxpool")
def global_pool(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    return of_units({(unit[0], *(0 for _ in unit[1:])) for unit in unit_ids(dims)})


@oracle("adaptive_avgpool", "adaptive_maxpool")
def adaptive_pool(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    size = arguments.get("adaptive_avgpool", arguments.get("adaptive_maxpool"))
    windows_of = [
        [range(i * n // out, -(-(i + 1) * n // out)) for i in range(out)]
        for n, out in zip(dims[1:], per_axis(size, len(dims) - 1), strict=True)
    ]
    assert all(map(all, windows_of))  # no window is empty
    return of_units(product(range(dims[0]), *(range(len(w)) for w in windows_of)))


@oracle("batchnorm", "layernorm", "groupnorm", "instancenorm")
def norm(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    units = list(unit_ids(dims))
    learned = {(role, unit[0]) for role in ("scale", "shift") for unit in units}
    return of_units(units, len(learned) if arguments.get("affine", True) else 0)


@oracle("prelu", "scale")
def factor_a_channel(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    units = list(unit_ids(dims))
    shared = arguments.get("shared", False)
    return of_units(units, len({"every" if shared else unit[0] for unit in units}))


@oracle(
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "hardswish", "sigmoid"),
    *("hardsigmoid", "tanh", "softplus", "mish", "softmax", "logsoftmax", "identity"),
    *("dropout", "drop_path", "lrn"),
)
def unit_by_unit(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    return of_units(unit_ids(dims))


@oracle("flatten")
def flatten(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    return of_units((i,) for i, _ in enumerate(unit_ids(dims)))


@oracle("reshape")
def reshape(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    sources = list(unit_ids(dims))
    for left_over in range(1, len(sources) + 1):
        shape = tuple(left_over if n == -1 else n for n in arguments["reshape"])
        places = list(unit_ids(shape))
        if len(places) == len(sources):
            return of_units(places)
    raise AssertionError("no such shape")


@oracle("permute")
def permute(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    return of_units(tuple(unit[a - 1] for a in arguments["permute"]) for unit in unit_ids(dims))


@oracle("pad")
def pad(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    around = zip(dims[1:], pairs(arguments["pad"], len(dims) - 1), strict=True)
    cells = [surrounded(n, *amount) for n, amount in around]
    return of_units(product(range(dims[0]), *(range(len(c)) for c in cells)))


@oracle("crop")
def crop(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    kept = []
    for n, (before, after) in zip(dims[1:], pairs(arguments["crop"], len(dims) - 1), strict=True):
        # A position stays if enough others lie on either side of it.
        stays = [p for p in range(n) if len(range(p)) >= before and len(range(p + 1, n)) >= after]
        kept.append([p - stays[0] for p in stays])
    return of_units(product(range(dims[0]), *kept))


@oracle("slice")
def sliced(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    start, end = arguments["slice"]
    kept = [unit for unit in unit_ids(dims) if start <= unit[0] < end]
    return of_units((unit[0] - start, *unit[1:]) for unit in kept)


@oracle("channel_shuffle")
def channel_shuffle(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    groups = dealt(dims[0], arguments["channel_shuffle"])
    order = [channel for turn in zip(*groups, strict=True) for channel in turn]
    return of_units((order.index(unit[0]), *unit[1:]) for unit in unit_ids(dims))


@oracle("pixel_shuffle")
def pixel_shuffle(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    factors = per_axis(arguments["pixel_shuffle"], len(dims) - 1)
    offsets = list(product(*map(range, factors)))
    places = []
    for channel, *place in unit_ids(dims):
        offset = offsets[channel % len(offsets)]
        fine = (p * f + o for p, f, o in zip(place, factors, offset, strict=True))
        places.append((channel // len(offsets), *fine))
    return of_units(places)


@oracle("space_to_depth")
def space_to_depth(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    factors = per_axis(arguments["space_to_depth"], len(dims) - 1)
    offsets = list(product(*map(range, factors)))
    places = []
    for channel, *place in unit_ids(dims):
        offset = tuple(p % f for p, f in zip(place, factors, strict=True))
        coarse = (p // f for p, f in zip(place, factors, strict=True))
        places.append((offsets.index(offset) * dims[0] + channel, *coarse))
    return of_units(places)


@oracle("upsample")
def upsample(inputs: list[Dims], arguments: Arguments) -> Counted:
    (dims,) = inputs
    axes = len(dims) - 1
    if "size" in arguments:
        grids = [list(range(n)) for n in per_axis(arguments["size"], axes)]
    else:
        factors = per_axis(arguments["upsample"], axes)
        copies = zip(dims[1:], factors, strict=True)
        grids = [[p * f + copy for p in range(n) for copy in range(f)] for n, f in copies]
    return of_units(product(range(dims[0]), *grids))


@oracle("add")
def add(inputs: list[Dims], arguments: Arguments) -> Counted:
    first, *others = inputs
    assert all(list(unit_ids(other)) == list(unit_ids(first)) for other in others)
    return of_units(unit_ids(first))


@oracle("mul")
def mul(inputs: list[Dims], arguments: Arguments) -> Counted:
    # Every input's units, a gate's copied to all positions: the places they cover together.
    covered: set[Index] = set()
    for dims in inputs:
        covered |= set(unit_ids(dims))
    return of_units(covered)


@oracle("concat")
def concat(inputs: list[Dims], arguments: Arguments) -> Counted:
    stacked = [(i, channel) for i, dims in enumerate(inputs) for channel in range(dims[0])]
    units = ((i, unit) for i, dims in enumerate(inputs) for unit in unit_ids(dims))
    return of_units((stacked.index((i, unit[0])), *unit[1:]) for i, unit in units)


@oracle("matmul")
def matmul(inputs: list[Dims], arguments: Arguments) -> Counted:
    # Unit (i, j) is a sum of products, one for each row k of the second in the group of i.
    (rows, inner), (below, columns) = inputs
    of_group = rows // arguments.get("groups", 1)
    uses = [
        (i, i // of_group * inner + k, j)
        for i in range(rows)
        for j in range(columns)
        for k in range(inner)
    ]
    assert {k for _, k, _ in uses} == {*range(below)}
    counted = of_units(product(range(rows), range(columns)))
    return counted._replace(connections=len(uses), inside=len(uses))
