"""What PyTorch pads by hand has a gradient of its padded size: peaks to the allocator's byte."""

from __future__ import annotations

import random

import pytest

import cnncost
from cnncost.verify.difference import verify_network

STEP = "peak of a training step"
LOSS = 8
"""Bytes of the loss and of its gradient, which live through the backward pass."""
CASES = 8
"""Networks drawn for each kind and number of axes."""


def held(text: str) -> dict[str, int]:
    """Each figure in bytes, once it agrees with what PyTorch allocates."""
    found = {}
    for one in verify_network(cnncost.loads(text).network, 2, lambda what: None).lines:
        if one.quantity in (STEP, "saved for backward", "peak activations, inference"):
            assert one.measured == one.computed, (text, one)
            found[one.quantity] = one.computed or 0
    return found


def test_a_pool_padded_at_its_end_by_hand() -> None:
    text = (
        "input: [3, 8, 8]\nlayers: [{conv: 4, kernel: 3, padding: 1}, "
        "{maxpool: 3, stride: 2, padding: same}]"
    )
    # Of two examples: 4x9x9 padded, of which the gradient is as large, 4x4x4 out, 8 bytes an index.
    x, padded, y, indices = 2 * 3 * 64 * 4, 2 * 4 * 81 * 4, 2 * 4 * 16 * 4, 2 * 4 * 16 * 8
    parameters = (4 * 27 + 4) * 4
    target = 2 * 16 * 8
    # When the pool runs backward: what it kept, both gradients, the output, the loss's weight.
    live = x + padded + indices + y + y + padded
    assert held(text)[STEP] == parameters + live + target + LOSS


def drawn(rng: random.Random, word: str, axes: int) -> str:
    """A network with such a layer in its midst, padded in any way."""
    kernel = [rng.randint(2, 4) for _ in range(axes)]
    stride = [rng.randint(1, 3) for _ in range(axes)]
    pairs = [[rng.randint(0, 3), rng.randint(0, 3)] for _ in range(axes)]
    wide = [rng.randint(0, 3) for _ in range(axes)]
    padding = rng.choice(["same", pairs, pairs, wide])
    main = f"conv: 4, kernel: {kernel}" if word == "conv" else f"{word}: {kernel}"
    ceil = f", ceil: {rng.choice(['true', 'false'])}" if word.endswith("pool") else ""
    before = rng.choice(["identity", "relu", "sigmoid", "silu", "batchnorm"])
    behind = rng.choice(["identity", "relu", "{conv: 3, kernel: 1}"])
    extents = [rng.randint(9, 14) if axes < 3 else rng.randint(6, 8) for _ in range(axes)]
    line = f"{{{main}, stride: {stride}, padding: {padding}{ceil}}}"
    return (
        f"input: {[3, *extents]}\nlayers: [{{conv: 4, kernel: 3, padding: 1}}, {before}, {line}, "
        f"{behind}, {{conv: 5, kernel: 1}}]"
    )


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("word", ["maxpool", "avgpool", "conv", "depthwise_conv"])
def test_padded_layers(word: str, axes: int) -> None:
    rng = random.Random(f"{word} {axes}")
    for _ in range(CASES):
        held(drawn(rng, word, axes))


@pytest.mark.parametrize(
    "line",
    [
        "{maxpool: 3}", "{avgpool: 2, padding: [[0, 1]]}", "{adaptive_maxpool: 4}",
        "{adaptive_avgpool: 3}",
    ],
)  # fmt: skip
def test_an_activation_behind_a_pool_along_one_axis(line: str) -> None:
    """It is a view of a map of one row: written in place, it would be copied for the gradient."""
    held(
        "input: [3, 13]\nlayers: [{conv: 4, kernel: 3, padding: 1}, "
        f"{line}, relu, {{conv: 5, kernel: 1}}]"
    )
