"""Layers without weights: only the shape and the units, or learned numbers a channel."""

from __future__ import annotations

from itertools import product

from oracle.cells import (
    axes_of,
    hanging_windows,
    pairs,
    per_axis,
    surrounded,
    windows,
)
from oracle.tally import Arguments, Counted, Dims, Index, dealt, of_units, oracle, unit_ids


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
    *("hardsigmoid", "tanh", "softplus", "mish", "step", "softmax", "logsoftmax", "identity"),
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
