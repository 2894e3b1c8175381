"""What a step costs that the language has no word for, where its weights tell."""

from __future__ import annotations

from typing import NamedTuple


class KnownCost(NamedTuple):
    """What a step without a word costs."""

    weights: int = 0
    biases: int = 0
    connections: int = 0
    bias_uses: int = 0
    extras: int = 0
