"""The linear maps of the gradient equations: matrices, convolutions, means, moves of units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from equations.taps import pairs, windows

if TYPE_CHECKING:
    from torch import Tensor

Map = Callable[["Tensor", str, Sequence[int]], "Tensor"]
"""From what a map is applied to, its options, and the shape of what comes out."""


def axes(text: str, x: Tensor) -> tuple[int, ...]:
    """The axes of subscripts: n examples, i channels, p positions."""
    found = tuple(axis for axis, sign in enumerate("ₙᵢ") if sign in text)
    return found + tuple(range(2, x.dim())) if "ₚ" in text else found


def mean(x: Tensor, text: str, options: str) -> Tensor:
    """The mean over those axes, at every unit that took part; by groups of channels."""
    if options:
        groups = int(options.removeprefix("g="))
        parts = x.unflatten(1, (groups, -1)).flatten(2)
        means: Tensor = parts.mean(2, keepdim=True).expand_as(parts)
        return means.reshape(x.shape)
    over = axes(text, x)
    return x.mean(over, keepdim=True) if over else x


def columns(matrix: Tensor, x: Tensor) -> Tensor:
    """A matrix times each position's column."""
    import torch

    return torch.einsum("oi,ni...->no...", matrix, x)


def by_head(left: tuple[Tensor, bool], right: tuple[Tensor, bool], heads: int) -> Tensor:
    """A product head by head; each side says whether it is transposed.

    A map's heads are parts of its channels. A matrix a head has the axes (batch, row,
    column, head, 1, 1), more than any map: its rows stand where a map has its channels.
    """
    import torch

    a, b = (_head(value, heads, turned=turned) for value, turned in (left, right))
    found = torch.einsum("nijh,njkh->nikh", a, b)
    if left[1]:
        return found[..., None, None]
    return as_map(found[..., None, None])


def as_map(found: Tensor) -> Tensor:
    """A matrix a head, one below the other: rows are channels, columns positions."""
    return found[..., 0, 0].permute(0, 3, 1, 2).flatten(1, 2)


def _head(x: Tensor, heads: int, *, turned: bool) -> Tensor:
    """The axes (batch, row, column, head)."""
    if x.dim() == HEAD_AXES:
        x = x[..., 0, 0]
    else:
        x = x.flatten(2).unflatten(1, (heads, -1)).permute(0, 2, 3, 1)
    return x.transpose(1, 2) if turned else x


HEAD_AXES = 6


def slide(weights: Tensor, x: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    """W ∗ x: every output is the kernel times the window that it sees."""
    import torch

    window = windows(options, x.dim() - 2, weights.shape[2:])
    y, kernel = shape[2:], weights.unflatten(0, (window.groups, -1)).flatten(3)
    total = x.new_zeros(shape).unflatten(1, (window.groups, -1))
    for tap, seen in enumerate(window.seen(x, y)):
        parts = seen.unflatten(1, (window.groups, -1))
        total += torch.einsum("goi,ngi...->ngo...", kernel[..., tap], parts)
    return total.flatten(1, 2)


def paint(weights: Tensor, y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    """Wᵀ ∗ y: every unit of y adds its kernel to what the kernel has seen."""
    import torch

    window = windows(options, y.dim() - 2, weights.shape[2:])
    kernel = weights.unflatten(0, (window.groups, -1)).flatten(3)
    parts = y.unflatten(1, (window.groups, -1))
    strokes = (
        torch.einsum("goi,ngo...->ngi...", kernel[..., tap], parts).flatten(1, 2)
        for tap in range(kernel.shape[3])
    )
    return window.painted(strokes, shape)


def correlate(y: Tensor, x: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    """y ⋆ x: for each weight, what its output holds times what its tap sees, added up."""
    import torch

    window = windows(options, x.dim() - 2, shape[3:])  # behind batch, filters, channels
    parts = y.unflatten(1, (window.groups, -1)).flatten(3)
    taps = []
    for seen in window.seen(x, y.shape[2:]):
        sees = seen.unflatten(1, (window.groups, -1)).flatten(3)
        taps.append(torch.einsum("ngop,ngip->goi", parts, sees).flatten(0, 1))
    return torch.stack(taps, dim=-1).reshape(shape)


def _neighbours(x: Tensor, options: str, *, turned: bool) -> Tensor:
    """The mean of n channels around each, n // 2 of them before it; zeros at the ends."""
    n, channels = int(options.removeprefix("n=")), x.shape[1]
    band = x.new_zeros(channels, channels)
    for row in range(channels):
        first = row - n // 2
        band[row, max(first, 0) : first + n] = 1 / n
    return columns(band.T if turned else band, x)


def _reshape(x: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    return x.reshape(x.shape[0], *map(int, options.split("x")))


def _permute_back(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    order = [0, *map(int, options.split(","))]
    return y.permute([order.index(axis) for axis in range(len(order))])


def _pad_back(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    spans = zip(pairs(options, y.dim() - 2), shape[2:], strict=True)
    return y[(..., *(slice(before, before + n) for (before, _), n in spans))]


def _crop_back(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    found = y.new_zeros(shape)
    spans = zip(pairs(options, y.dim() - 2), y.shape[2:], strict=True)
    found[(..., *(slice(before, before + n) for (before, _), n in spans))] = y
    return found


def _slice_back(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    start, end = map(int, options.split(":"))
    found = y.new_zeros(shape)
    found[:, start:end] = y
    return found


def _unshuffle(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    groups = int(options.removeprefix("g="))
    return y.unflatten(1, (-1, groups)).transpose(1, 2).flatten(1, 2)


def _coarser(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    """Positions into channels: each block's positions become channels, the last axis fastest."""
    blocks = y
    factors = _factors(options, y)
    for axis, factor in reversed(list(enumerate(factors))):
        blocks = blocks.unflatten(2 + axis, (-1, factor))
    count = len(factors)
    inner, outer = range(3, 3 + 2 * count, 2), range(2, 2 + 2 * count, 2)
    return blocks.permute(0, 1, *inner, *outer).flatten(1, 1 + count)


def _finer(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    """Channels into positions: what _coarser did, undone."""
    factors = _factors(options, y)
    count = len(factors)
    blocks = y.unflatten(1, (-1, *factors))
    order = [axis for pair in zip(range(2 + count, 2 + 2 * count), range(2, 2 + count), strict=True)
             for axis in pair]  # fmt: skip
    found = blocks.permute(0, 1, *order)
    for axis in range(count):
        found = found.flatten(2 + axis, 3 + axis)
    return found


def _factors(options: str, y: Tensor) -> tuple[int, ...]:
    numbers = tuple(map(int, options.split("x")))
    return numbers * (y.dim() - 2) if len(numbers) == 1 else numbers


def _upsample_back(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    """Each axis' matrix of shares, transposed."""
    import torch

    shares = _nearest if options.endswith("nearest") else _between
    for axis, n in enumerate(shape[2:], start=2):
        matrix = y.new_tensor(shares(n, y.shape[axis]))
        y = torch.tensordot(y, matrix, dims=([axis], [0])).movedim(-1, axis)
    return y


def _nearest(n: int, outputs: int) -> list[list[float]]:
    return [[float(o * n // outputs == i) for i in range(n)] for o in range(outputs)]


def _between(n: int, outputs: int) -> list[list[float]]:
    """Shares of the two positions between which an output's middle lies."""
    rows = []
    for o in range(outputs):
        row = [0.0] * n
        at = max((o + 0.5) * n / outputs - 0.5, 0.0)
        low = int(at)
        row[low] += 1 - (at - low)
        row[min(low + 1, n - 1)] += at - low
        rows.append(row)
    return rows


MAPS: dict[str, Map] = {
    "reshape": _reshape,
    "neighbours": lambda x, options, shape: _neighbours(x, options, turned=False),
    "neighboursᵀ": lambda x, options, shape: _neighbours(x, options, turned=True),
    "permuteᵀ": _permute_back,
    "padᵀ": _pad_back,
    "cropᵀ": _crop_back,
    "sliceᵀ": _slice_back,
    "channel_shuffleᵀ": _unshuffle,
    "pixel_shuffleᵀ": _coarser,
    "space_to_depthᵀ": _finer,
    "upsampleᵀ": _upsample_back,
}
"""By name, ᵀ behind it where it stands transposed."""
