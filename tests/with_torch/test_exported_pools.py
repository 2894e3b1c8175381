"""Pools as exported code: padding of any kind, with and without ceil, beside loops over windows."""

from __future__ import annotations

import math
import random
from itertools import product

import pytest
import torch

import cnncost
from cnncost.formats.torch_out.torch_code import pytorch_code
from cnncost.verify.difference import verify_network
from cnncost.verify.measure import build_network

CASES = 50
"""Draws a kind and number of axes."""


def draw(rng: random.Random, word: str, axes: int) -> tuple[list[int], str]:
    """The input's extents and the pool's line: any that fits."""
    kernel = [rng.randint(1, 4) for _ in range(axes)]
    stride = [rng.randint(1, 5) for _ in range(axes)]
    spread = [rng.randint(1, 2) if word == "maxpool" else 1 for _ in range(axes)]
    pads = [[rng.randint(0, 4), rng.randint(0, 4)] for _ in range(axes)]
    if rng.random() < 0.3:
        pads = [[before, before] for before, _ in pads]
    if rng.random() < 0.3:
        pads = [[0, 0]] * axes
    reach = [d * (k - 1) + 1 for d, k in zip(spread, kernel, strict=True)]
    ceil = rng.random() < 0.7
    least = [r - sum(p) for r, p in zip(reach, pads, strict=True)]
    if ceil and word == "avgpool" and axes == 3:
        # avg_pool3d refuses what is smaller than its window; uneven padding is added before.
        least = [r if p[0] == p[1] else f for f, r, p in zip(least, reach, pads, strict=True)]
    elif ceil:
        # Less than a stride of the only window may hang over.
        least = [few - s + 1 for few, s in zip(least, stride, strict=True)]
    extents = [max(1, few, rng.randint(1, 7)) for few in least]
    if rng.random() < 0.5:
        extents = [max(1, few) for few in least]
    dilation = f", dilation: {spread}" if word == "maxpool" else ""
    line = f"{{{word}: {kernel}, stride: {stride}, padding: {pads}{dilation}, ceil: true}}"
    return extents, line if ceil else line.replace("true", "false")


def starts(n: int, key: dict[str, int], *, ceil: bool) -> list[int]:
    """Where windows start: those that fit the padded axis; with ceil one more that hangs over
    its end, but none that starts behind the input (PyTorch's rule, `pooling_output_shape`)."""
    reach = key["dilation"] * (key["kernel"] - 1) + 1
    found, at = [], -key["before"]
    while at + reach <= n + key["after"]:
        found.append(at)
        at += key["stride"]
    # The last window that fits may leave positions of the padded axis behind it; of a window
    # that is larger, less than a stride may be missing.
    end = n + key["after"]
    if ceil and (found[-1] + reach < end if found else at + reach < end + key["stride"]):
        found.append(at)
    return [at for at in found if at < n or not ceil]


def pooled(x: torch.Tensor, word: str, axes: list[dict[str, int]], *, ceil: bool) -> torch.Tensor:
    """The pool of a map without batch, window by window and tap by tap."""
    places = [starts(n, axis, ceil=ceil) for n, axis in zip(x.shape[1:], axes, strict=True)]
    y = x.new_empty(x.shape[0], *map(len, places))
    for channel in range(x.shape[0]):
        for o in product(*(range(len(at)) for at in places)):
            y[channel, *o] = _window(x[channel], word, _at(places, o), axes)
    return y


def _at(places: list[list[int]], o: tuple[int, ...]) -> list[int]:
    return [starts[i] for starts, i in zip(places, o, strict=True)]


def _window(x: torch.Tensor, word: str, start: list[int], axes: list[dict[str, int]]) -> float:
    seen, counted = [], 0
    taps = [
        [s + t * a["dilation"] for t in range(a["kernel"])]
        for s, a in zip(start, axes, strict=True)
    ]
    for at in product(*taps):
        inside = all(0 <= i < n for i, n in zip(at, x.shape, strict=True))
        # A mean counts zeros of the padding, and nothing beyond it.
        counted += all(i < n + a["after"] for i, n, a in zip(at, x.shape, axes, strict=True))
        if inside:
            seen.append(float(x[*at]))
    if word == "maxpool":
        return max(seen, default=-math.inf)
    return sum(seen) / counted


def _axes(spec: cnncost.Spec) -> tuple[list[dict[str, int]], bool]:
    """The pool's numbers as the file gives them, axis by axis."""
    layer = spec.network.layers[-1].layer
    names = ("kernel", "stride", "padding", "dilation")
    values = [getattr(layer, name, None) or (1,) * len(layer.kernel) for name in names]
    axes = [
        {"kernel": k, "stride": s, "before": p[0], "after": p[1], "dilation": d}
        for k, s, p, d in zip(*values, strict=True)
    ]
    return axes, layer.ceil


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("word", ["maxpool", "avgpool"])
def test_pools_equal_loops(word: str, axes: int) -> None:
    rng = random.Random(f"{word} {axes}")
    uneven = hanging = 0
    for _ in range(CASES):
        extents, line = draw(rng, word, axes)
        spec = cnncost.loads(f"input: [2, {str(extents)[1:-1]}]\nlayers: [{line}]")
        numbers, ceil = _axes(spec)
        uneven += ceil and any(a["before"] != a["after"] for a in numbers)
        hanging += any(
            a["dilation"] * (a["kernel"] - 1) + 1 > n + a["before"] + a["after"]
            for a, n in zip(numbers, extents, strict=True)
        )
        x = torch.randn(2, *extents, dtype=torch.float64)
        expected = pooled(x, word, numbers, ceil=ceil)
        assert spec.network.nodes[-1].output.dims == tuple(expected.shape), line
        found = build_network(pytorch_code(spec.network))(x[None])[0]
        assert found.shape == expected.shape, line
        torch.testing.assert_close(found, expected)
    assert uneven >= CASES // 5
    assert hanging >= 3 or (word, axes) == ("avgpool", 3)


@pytest.mark.parametrize(
    "line",
    [
        # Uneven, and the last start lies in the padding: the end is padded less.
        "{maxpool: 2, stride: 2, padding: [[0, 3], [1, 0]], ceil: true}",
        # What is left is even: the pool pads itself, and keeps no copy.
        "{maxpool: 3, stride: 2, padding: [[1, 3], [1, 3]], ceil: true}",
        "{avgpool: 3, stride: 3, padding: [[0, 2], [0, 1]], ceil: true}",
        "{avgpool: 2, stride: 1, padding: 2, ceil: true}",
        "{maxpool: 3, stride: 2, padding: [[2, 2], [1, 2]]}",
        # A window that is larger than the map, and hangs over its end.
        "{maxpool: [8, 3], stride: 3, ceil: true}",
        "{avgpool: [9, 3], stride: [4, 2], padding: [[0, 1], [0, 0]], ceil: true}",
    ],
)
def test_what_a_padded_pool_keeps(line: str) -> None:
    text = f"input: [4, 9, 8]\nlayers: [{{conv: 4, kernel: 3}}, {line}, {{dense: 3}}]"
    verdict = verify_network(cnncost.loads(text).network, 2, lambda what: None)
    assert verdict.wrong_shapes == ()
    found = {one.quantity: one for one in verdict.lines}
    for quantity in ("saved for backward", "peak activations, inference"):
        assert found[quantity].agrees, found[quantity]
