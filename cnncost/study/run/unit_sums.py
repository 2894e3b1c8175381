"""The sums of products that units of many layers are, in the order of their units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from math import floor
from typing import TYPE_CHECKING, Any

from cnncost.study.run.number_map import (
    Map,
    Number,
    Tensors,
    count_taps,
    flat_index,
    list_painters,
    list_taps,
    list_windows,
    split_rows,
)
from cnncost.study.run.unit_formulas import UnitSum

if TYPE_CHECKING:
    from cnncost.layers.convolution import Conv, ConvTranspose, DepthwiseConv
    from cnncost.layers.joins import MatMul
    from cnncost.layers.pooling import Subsample
    from cnncost.layers.reshaping import Upsample
    from cnncost.layers.scaling import Scale
    from cnncost.layers.unshared import LocallyConnected
    from cnncost.network import Node

Sums = Callable[["Node[Any]", Tensors, list[Map]], Iterator[UnitSum]]  # Any: rules name types
"""From the node, the numbers that it carries and its inputs to its units' sums, in their order."""


def list_dense_sums(node: Node, own: Tensors, reads: list[Map]) -> Iterator[UnitSum]:
    """List the sums of y = W x + b over all units of the input."""
    (x,) = reads
    for row, bias in _list_rows(own, node.output.channels):
        yield UnitSum(tuple(zip(row, x.numbers, strict=True)), bias)


def list_linear_sums(node: Node, own: Tensors, reads: list[Map]) -> Iterator[UnitSum]:
    """List the sums of y = W x + b over the channels of each position."""
    columns = reads[0].split_columns()
    for row, bias in _list_rows(own, node.output.channels):
        for column in columns:
            yield UnitSum(tuple(zip(row, column, strict=True)), bias)


def list_convolution_sums(
    node: Node[Conv | DepthwiseConv], own: Tensors, reads: list[Map]
) -> Iterator[UnitSum]:
    """List each filter's weights with the taps of the channels that it sees, at each position."""
    (x,) = reads
    channels, filters = x.split_channels(), node.output.channels
    windows = iter(split_rows(own["weight"], count_taps(node)))
    places, biases = list(list_taps(node)), _list_biases(own, filters)
    for at, seen in enumerate(_list_seen_channels(node, x.shape.channels)):
        rows = [(channel, next(windows)) for channel in seen]
        for place in places:
            products = [
                (weight, channels[channel][position])
                for channel, row in rows
                for weight, position in zip(row, place, strict=True)
                if position is not None
            ]
            yield UnitSum(tuple(products), biases[at])


def _list_seen_channels(node: Node[Any], channels: int) -> list[range | tuple[int, ...]]:
    """List the channels that each filter sees: those of its group, or those of `connects`."""
    filters = node.output.channels
    if getattr(node.layer, "connects", None):
        return list(node.layer.connects)
    groups = channels if node.layer.word == "depthwise_conv" else node.layer.groups
    seen = channels // groups
    starts = [at * groups // filters * seen for at in range(filters)]
    return [range(start, start + seen) for start in starts]


def list_unshared_sums(
    node: Node[LocallyConnected], own: Tensors, reads: list[Map]
) -> Iterator[UnitSum]:
    """List each unit's own window of weights with what it reads."""
    (x,), y = reads, node.output
    channels, taps = x.split_channels(), count_taps(node)
    places = list(list_taps(node))
    windows = iter(split_rows(own["weight"], taps))
    biases = iter(_list_biases(own, y.units))
    for seen in _list_seen_channels(node, x.shape.channels):
        for place in places:
            products = [
                (weight, channels[channel][position])
                for channel in seen
                for weight, position in zip(next(windows), place, strict=True)
                if position is not None
            ]
            yield UnitSum(tuple(products), next(biases))


def list_transposed_sums(
    node: Node[ConvTranspose], own: Tensors, reads: list[Map]
) -> Iterator[UnitSum]:
    """List what paints each unit: the weights are those of input channel, filter, tap."""
    (x,), layer = reads, node.layer
    taps, each = count_taps(node), layer.filters // layer.groups
    seen = x.shape.channels // layer.groups
    channels, painters = x.split_channels(), list_painters(node)
    rows = split_rows(own["weight"], taps)
    for at, bias in enumerate(_list_biases(own, layer.filters)):
        first = at // each * seen
        for painted in painters:
            products = [
                (rows[channel * each + at % each][tap], channels[channel][position])
                for channel in range(first, first + seen)
                for position, tap in painted
            ]
            yield UnitSum(tuple(products), bias)


def list_subsample_sums(node: Node[Subsample], own: Tensors, reads: list[Map]) -> Iterator[UnitSum]:
    """List the map's coefficient times each unit of a window, and its bias."""
    windows = list(list_windows(node, reads[0], zeros=False))
    each = node.output.positions
    for at, window in enumerate(windows):
        channel = at // each
        coefficient = own["weight"][channel]
        yield UnitSum(tuple((coefficient, v) for v in window), (own["bias"][channel],))


def list_scale_sums(node: Node[Scale], own: Tensors, reads: list[Map]) -> Iterator[UnitSum]:
    """List each unit times the factor of its channel."""
    for at, channel in enumerate(reads[0].split_channels()):
        factor = own["weight"][0 if node.layer.shared else at]
        for value in channel:
            yield UnitSum(((factor, value),))


def list_position_sums(node: Node, own: Tensors, reads: list[Map]) -> Iterator[UnitSum]:
    """List each unit and what is added at its position."""
    (x,) = reads
    table = split_rows(own["weight"], x.shape.channels)
    for at, channel in enumerate(x.split_channels()):
        for position, value in enumerate(channel):
            yield UnitSum((), (value, table[position][at]))


def list_matmul_sums(node: Node[MatMul], own: Tensors, reads: list[Map]) -> Iterator[UnitSum]:
    """List the rows of the first matrix times the columns of the second, group by group."""
    first, second = reads
    columns, inner = second.split_columns(), first.shape.positions
    rows = first.shape.channels // node.layer.groups
    for at, row in enumerate(first.split_channels()):
        start = at // rows * inner
        for column in columns:
            yield UnitSum(tuple(zip(row, column[start : start + inner], strict=True)))


def list_upsample_sums(node: Node[Upsample], own: Tensors, reads: list[Map]) -> Iterator[UnitSum]:
    """List the shares of the positions around each output's middle; of `nearest` one has all."""
    (x,), nearest = reads, node.layer.mode == "nearest"
    along = [
        [_list_shares(at, n, m, nearest=nearest) for at in range(m)]
        for n, m in zip(x.shape.extents, node.output.extents, strict=True)
    ]
    places = [
        [_join_shares(pairs, x.shape.extents) for pairs in product(*axes)]
        for axes in product(*along)
    ]
    for channel in x.split_channels():
        for place in places:
            yield UnitSum(tuple((share, channel[position]) for position, share in place))


def _list_shares(at: int, n: int, m: int, *, nearest: bool) -> list[tuple[int, Number]]:
    """List the positions of one axis, of n, that output `at` of m reads, with their shares."""
    if nearest:
        return [(at * n // m, 1)]
    # The output's middle in input positions, which no corner is aligned with; held at the edges.
    middle = max(Fraction(2 * at + 1, 2) * n / m - Fraction(1, 2), Fraction(0))
    low = min(floor(middle), n - 1)
    share = middle - low if low < n - 1 else Fraction(0)
    pairs = ((low, 1 - share), (low + 1, share))
    return [(position, part) for position, part in pairs if part]


def _join_shares(
    pairs: tuple[tuple[int, Number], ...], extents: tuple[int, ...]
) -> tuple[int, Number]:
    share: Number = 1
    for _, part in pairs:
        share = share * part
    return flat_index([position for position, _ in pairs], extents), share


def _list_rows(own: Tensors, units: int) -> Iterator[tuple[tuple[Number, ...], tuple[Number, ...]]]:
    rows = split_rows(own["weight"], len(own["weight"]) // units)
    yield from zip(rows, _list_biases(own, units), strict=True)


def _list_biases(own: Tensors, units: int) -> list[tuple[Number, ...]]:
    """List what is added to each unit: its bias, or nothing."""
    return [(bias,) for bias in own["bias"]] if "bias" in own else [()] * units


SUMS: dict[str, Sums] = {
    "dense": list_dense_sums,
    "linear": list_linear_sums,
    "conv": list_convolution_sums,
    "depthwise_conv": list_convolution_sums,
    "conv_transpose": list_transposed_sums,
    "locally_connected": list_unshared_sums,
    "subsample": list_subsample_sums,
    "scale": list_scale_sums,
    "position_embedding": list_position_sums,
    "matmul": list_matmul_sums,
    "upsample": list_upsample_sums,
}
"""The layer types whose units are sums of products."""
