"""The maps that are shifted by a position, of recurrent layers; and columns of an embedding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from equations.maps import HEAD_AXES, as_map

if TYPE_CHECKING:
    from torch import Tensor

    from equations.printed import Node

WORDS = ("earlier", "later")


def symbols(node: Node) -> Iterator[str]:
    """The symbols of an expression."""
    if node.kind == "symbol":
        yield node.text
    for operand in node.operands:
        yield from symbols(operand)


def NOTHING() -> Tensor:  # noqa: N802  a constant, but for torch's import
    """A zero that stands for a map of any shape."""
    import torch

    return torch.zeros(1, dtype=torch.float64)


def is_nothing(value: Tensor) -> bool:
    return value.dim() == 1


def shift(x: Tensor, word: str) -> Tensor:
    """Each column holds the column before it, or behind it; the outermost one zeros."""
    import torch

    zeros = torch.zeros_like(x[:, :, :1])
    parts = [zeros, x[:, :, :-1]] if word == "earlier" else [x[:, :, 1:], zeros]
    return torch.cat(parts, dim=2)


def join(parts: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.cat(list(parts), dim=1)


def onehot(x: Tensor, words: int) -> Tensor:
    """A column per index, which is 1 in the row of its word."""
    import torch

    return torch.nn.functional.one_hot(indices(x, words), words).transpose(1, 2).to(x.dtype)


def indices(x: Tensor, words: int) -> Tensor:
    """The indices that random numbers stand for."""
    return (x.detach().abs() * 7).long() % words


def _put(at: int) -> object:
    def put(x: Tensor, options: str, shape: Sequence[int]) -> Tensor:
        import torch

        made = torch.zeros(tuple(shape), dtype=x.dtype)
        made[:, :, at] = x
        return made

    return put


def _table(x: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    """A map's columns as rows of a table, the rows behind them zeros."""
    import torch

    rows = x.flatten(2).transpose(1, 2)
    return torch.nn.functional.pad(rows, (0, 0, 0, int(options) - rows.shape[1]))


def _sizes(options: str) -> tuple[int, int]:
    heads, copies = (int(part.partition("=")[2]) for part in options.split(","))
    return heads, copies


def _copies(x: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    heads, copies = _sizes(options)
    return x.unflatten(1, (heads, -1)).repeat_interleave(copies, dim=1).flatten(1, 2)


def _add_copies(x: Tensor, options: str, shape: Sequence[int]) -> Tensor:
    heads, copies = _sizes(options)
    parts = as_map(x) if x.dim() == HEAD_AXES else x.flatten(2)
    return parts.unflatten(1, (heads, copies, -1)).sum(2).flatten(1, 2)


MAPS = {
    "lastᵀ": _put(-1),
    "firstᵀ": _put(0),
    "table": _table,
    "copies": _copies,
    "copiesᵀ": _add_copies,
}
"""By name, ᵀ behind it where it stands transposed: the matrices that take the last column of a map,
or the first one; that lay columns as rows of a table; that copy heads."""
