"""Layers are equal where their types and all their fields are."""

from __future__ import annotations

from itertools import combinations

import cnncost
from cnncost.layers import Layer

LINES = (
    "conv: 4, kernel: 3", "conv: 4, kernel: 2", "conv: 6, kernel: 3",
    "conv: 4, kernel: 3, bias: false", "conv_transpose: 4, kernel: 3", "relu: ", "relu6: ",
    "tanh: ",
)  # fmt: skip


def _layer(line: str) -> Layer:
    layer = cnncost.loads(f"input: [2, 5, 5]\nlayers: [{{{line}}}]\n").network.nodes[1].layer
    assert layer is not None
    return layer


def test_equal_layers() -> None:
    for line in LINES:
        one, other = _layer(line), _layer(line)
        assert one is not other
        assert (one == other, one != other, hash(one) == hash(other)) == (True, False, True)
    assert _layer("conv: 4, kernel: 3") == _layer("conv: 4, kernel: [3, 3], stride: 1")


def test_unlike_layers() -> None:
    for line, other in combinations(LINES, 2):
        assert (_layer(line) == _layer(other), _layer(line) != _layer(other)) == (False, True)
