"""A convolution as a matrix: y = W x over all units, and the smaller product of im2col."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple, cast

from cnncost.errors import CnncostError
from cnncost.layers.convolution import Conv, Convolving, ConvTranspose, DepthwiseConv
from cnncost.shape import Shape, Window
from cnncost.study.explanation import Working
from cnncost.term import Term, exact_quotient, trace_layer, trace_shape

if TYPE_CHECKING:
    from cnncost.network import Node

FLOAT = 4
"""Bytes of a number in fp32."""

MOST_CELLS = 1600
"""The most entries of a matrix that is written out."""

MOST_COLUMNS = 40


class Entry(NamedTuple):
    """One entry of the matrix that is not zero: where it stands, and which weight it is."""

    row: int
    column: int
    weight: tuple[int, ...]
    """The filter, its channel, then the tap along each axis; all from 0."""


class ConvolutionMatrix(NamedTuple):
    """A convolution's matrix: its sizes, and its entries where it is small."""

    node: Node[Convolving]
    sizes: tuple[Working, ...]
    im2col: tuple[Working, ...]
    groups: int
    entries: tuple[Entry, ...] | None
    """None where there are too many to write out."""

    @property
    def transposed(self) -> bool:
        return isinstance(self.node.layer, ConvTranspose)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns: output units and input units."""
        return self.node.output.units, self.node.inputs[0].units


def describe_matrix(
    node: Node, most: int = MOST_CELLS, widest: int = MOST_COLUMNS
) -> ConvolutionMatrix:
    """Describe the matrix of a convolution, with its entries if it has at most `most` cells and
    `widest` columns.

    Raises:
        CnncostError: the layer is no convolution.
    """
    if not isinstance(node.layer, Convolving):
        raise CnncostError(
            f"{node.name} is {node.layer.word}, no convolution",
            "--matrix takes conv, depthwise_conv and conv_transpose",
        )
    layer: Node[Convolving] = cast("Node[Convolving]", node)
    rows, columns = node.output.units, node.inputs[0].units
    small = rows * columns <= most and columns <= widest
    entries = tuple(list_entries(layer)) if small else None
    groups = count_groups(layer.layer, node.inputs[0])
    sizes, im2col = tuple(_work_out_sizes(layer)), tuple(_work_out_columns(layer, groups))
    return ConvolutionMatrix(layer, sizes, im2col, groups, entries)


def count_groups(layer: Convolving, x: Shape) -> int:
    """Count the groups of channels that are multiplied apart."""
    return x.channels if isinstance(layer, DepthwiseConv) else int(getattr(layer, "groups", 1))


def list_entries(node: Node[Convolving]) -> Iterator[Entry]:
    """List the entries that are not zero, filter by filter."""
    layer, x, y = node.layer, node.inputs[0], node.output
    axes = [
        _list_taps(window, n, m, transposed=isinstance(layer, ConvTranspose))
        for window, n, m in zip(layer.resolve_windows(x), x.extents, y.extents, strict=True)
    ]
    for out, (channels, filters) in enumerate(_list_channels(layer, x, y)):
        for channel, seen in zip(channels, filters, strict=True):
            for steps in product(*axes):
                row = _number_unit(y, out, [o for o, _, _ in steps])
                column = _number_unit(x, channel, [i for _, i, _ in steps])
                yield Entry(row, column, (out, seen, *(tap for _, _, tap in steps)))


def _list_taps(window: Window, n: int, m: int, *, transposed: bool) -> list[tuple[int, int, int]]:
    """List output, input and tap of all that meet along one axis of n inputs and m outputs."""
    taps = []
    for slid in range(n if transposed else m):
        for tap in range(window.kernel):
            met = slid * window.stride + tap * window.dilation - window.before
            if 0 <= met < (m if transposed else n):
                taps.append((met, slid, tap) if transposed else (slid, met, tap))
    return sorted(taps)


def _list_channels(
    layer: Convolving, x: Shape, y: Shape
) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """List, for each output channel, the input channels that it sees, and their numbers among the
    weights of that filter."""
    if isinstance(layer, Conv) and layer.connects:
        for maps in layer.connects:
            yield maps, maps
        return
    groups = count_groups(layer, x)
    each, filters = x.channels // groups, y.channels // groups
    for out in range(y.channels):
        first = out // filters * each
        yield range(first, first + each), range(each)


def _number_unit(shape: Shape, channel: int, position: Sequence[int]) -> int:
    """Number a unit from 0, channel by channel and row by row."""
    number = channel
    for at, extent in zip(position, shape.extents, strict=True):
        number = number * extent + at
    return number


def _work_out_sizes(node: Node[Convolving]) -> Iterator[Working]:
    layer, x, y = trace_layer(node.layer), trace_shape(node.inputs[0]), trace_shape(node.output)
    rows, columns = y.units, x.units
    yield Working("rows", rows)
    yield Working("columns", columns)
    entries = Term(rows, name="rows") * Term(columns, name="columns")
    yield Working("entries", entries)
    yield Working("not zero", layer.inside_connections(x, y))
    yield Working("independent", _count_independent(node, layer.weights(x)))
    yield Working("bytes", Term(entries, name="entries") * Term(FLOAT, name="4 bytes"))


def _count_independent(node: Node[Convolving], weights: int) -> int:
    """Count the weights that stand in the matrix: not those that meet nothing but padding."""
    layer, x, y = node.layer, node.inputs[0], node.output
    slid, met = (x, y) if isinstance(layer, ConvTranspose) else (y, x)
    windows = layer.resolve_windows(x)
    used = list(map(_count_used_taps, windows, slid.extents, met.extents))
    if used == list(layer.kernel):
        return weights
    return exact_quotient(weights, Term(prod(layer.kernel))) * prod(
        Term(n, name="taps that meet inputs") for n in used
    )


def _count_used_taps(window: Window, slid: int, met: int) -> int:
    """Count the taps that meet one of `met` positions in one of `slid` places of the window."""
    used = 0
    for tap in range(window.kernel):
        first = tap * window.dilation - window.before
        # The first place from which it lies on the map.
        place = max(0, -(first // window.stride))
        used += place < slid and first + place * window.stride < met
    return used


def _work_out_columns(node: Node[Convolving], groups: int) -> Iterator[Working]:
    """Work out the matrix of columns: for a convolution each window's inputs, for a transposed
    one what each input paints."""
    layer = trace_layer(node.layer)
    slid = node.output if not isinstance(layer, ConvTranspose) else node.inputs[0]
    width = node.inputs[0] if not isinstance(layer, ConvTranspose) else node.output
    split = Term(groups, name="groups")
    channels = Term(width.channels, name="channels")
    rows = prod(layer.kernel) * (exact_quotient(channels, split) if groups > 1 else channels)
    columns = trace_shape(slid).positions
    yield Working("rows", rows)
    yield Working("columns", columns)
    each = Term(rows, name="rows") * Term(columns, name="columns")
    entries = split * each if groups > 1 else each
    yield Working("entries", entries)
    yield Working("bytes", Term(entries, name="entries") * Term(FLOAT, name="4 bytes"))


def find_transposed_twin(node: Node[Convolving]) -> Conv | None:
    """Find the convolution whose matrix is the transpose of a transposed one's; None if padding
    has no such form."""
    layer = node.layer
    if not isinstance(layer, ConvTranspose):
        return None
    windows = layer.resolve_windows(node.inputs[0])
    if min(min(w.before, w.after) for w in windows) < 0:
        return None
    padding = tuple((w.before, w.after) for w in windows)
    twin = Conv(
        node.inputs[0].channels, layer.kernel, layer.stride, padding, layer.dilation, layer.groups,
        False, None,
    )  # fmt: skip
    return twin if twin.infer_shape((node.output,)) == node.inputs[0] else None


def measure_product(node: Node[Convolving], groups: int) -> tuple[int, int, int]:
    """Measure the product that computes a group: rows, columns and length of its sums."""
    layer, x, y = node.layer, node.inputs[0], node.output
    if isinstance(layer, ConvTranspose):
        return prod(layer.kernel) * y.channels // groups, x.positions, x.channels // groups
    return y.channels // groups, y.positions, prod(layer.kernel) * x.channels // groups
