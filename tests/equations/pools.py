"""The maps of pooling in the gradient equations: back from outputs to their windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

from equations.taps import windows

if TYPE_CHECKING:
    from torch import Tensor

    from equations.maps import Map


def largest(word: str, options: str, x: Tensor, y: Tensor) -> Tensor:
    """The Jacobian of a maximum at x, transposed, times y."""
    if word == "maxpool":
        return _largest_of_window(options, x, y)
    return _largest_of_cell(x, y)


def _largest_of_window(options: str, x: Tensor, y: Tensor) -> Tensor:
    """Each y goes to the first tap that saw the largest value."""
    window = windows(options, x.dim() - 2)
    best, first = y.new_full(y.shape, float("-inf")), y.new_full(y.shape, -1)
    for tap, seen in enumerate(window.seen(x, y.shape[2:], empty=float("-inf"))):
        first[seen > best] = tap
        best = best.maximum(seen)
    count = len(list(window.taps()))
    strokes = (y * (first == tap) for tap in range(count))
    return window.painted(strokes, x.shape)


def _largest_of_cell(x: Tensor, y: Tensor) -> Tensor:
    """The same for the cells of adaptive and global pooling."""
    found = x.new_zeros(x.shape)
    for index, cell in _cells(x.shape[2:], y.shape[2:]):
        part = x[(..., *cell)].flatten(2)
        at = part.argmax(2, keepdim=True)
        marks = part.new_zeros(part.shape).scatter(2, at, y[(..., *index)][..., None])
        found[(..., *cell)] += marks.reshape(x[(..., *cell)].shape)
    return found


def _cells(
    n: Sequence[int], y: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For each output its cell: from floor(o n / y) to ceil((o + 1) n / y), axis by axis."""
    for index in product(*map(range, y)):
        spans = zip(index, n, y, strict=True)
        yield index, tuple(slice(o * m // k, -(-(o + 1) * m // k)) for o, m, k in spans)


def _adaptive_back(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    found = y.new_zeros(shape)
    for index, cell in _cells(shape[2:], y.shape[2:]):
        part = found[(..., *cell)]
        part += (y[(..., *index)] / part[0, 0].numel())[(..., *(None,) * len(cell))]
    return found


def _avgpool_back(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    """A mean is over the window's positions on the padded map, not over those beyond it."""
    window = windows(options, y.dim() - 2)
    for axis, o in enumerate(y.shape[2:]):
        padded = shape[2 + axis] + window.before[axis] + window.after[axis]
        starts = [i * window.stride[axis] for i in range(o)]
        counts = [min(window.kernel[axis], padded - start) for start in starts]
        share = 1 / y.new_tensor(counts)
        y = y * share.reshape(-1, *(1,) * (y.dim() - 3 - axis))
    return window.painted((y for _ in window.taps()), shape)


def _window_sum(x: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    """Windows side by side."""
    window = windows(options, x.dim() - 2)
    window = window._replace(stride=window.kernel)
    y = [n // k for n, k in zip(x.shape[2:], window.kernel, strict=True)]
    first, *others = window.seen(x, y)
    return sum(others, first)


def _window_sum_back(y: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    window = windows(options, y.dim() - 2)
    window = window._replace(stride=window.kernel)
    return window.painted((y for _ in window.taps()), shape)


MAPS: dict[str, Map] = {
    "window_sum": _window_sum,
    "window_sumᵀ": _window_sum_back,
    "avgpoolᵀ": _avgpool_back,
    "adaptive_avgpoolᵀ": _adaptive_back,
}
"""By name, ᵀ behind it where it stands transposed."""
