"""The maps that are shifted by a position, of recurrent layers; and columns of an embedding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

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


MAPS = {"lastᵀ": _put(-1), "firstᵀ": _put(0)}
"""By name: the matrices that take the last column of a map, or the first one, transposed."""
