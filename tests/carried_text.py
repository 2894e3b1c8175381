"""Numbers as a spec carries them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any

Dims = tuple[int, ...]


def draw_tensor(dims: Dims, generator: random.Random) -> Any:
    """Nested lists of numbers that decimals write exactly."""
    if not dims:
        return Fraction(generator.randint(-48, 48), 32)
    return [draw_tensor(dims[1:], generator) for _ in range(dims[0])]


def values_text(tensors: Mapping[str, Any]) -> str:
    """The tensors under `values`; PyTorch's `weight` is `weights` there."""
    keys = {"weight": "weights"}
    parts = (f"{keys.get(key, key)}: {list_text(t)}" for key, t in tensors.items())
    return f"values: {{{', '.join(parts)}}}"


def list_text(tensor: Any) -> str:
    if isinstance(tensor, Sequence):
        return f"[{', '.join(map(list_text, tensor))}]"
    return repr(float(tensor))


def flat(tensor: Any) -> list[Any]:
    if isinstance(tensor, Sequence):
        return [number for part in tensor for number in flat(part)]
    return [tensor]


def draw_input(dims: Dims, generator: random.Random) -> list[Fraction]:
    return flat(draw_tensor((prod(dims),), generator))
