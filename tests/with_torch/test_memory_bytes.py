"""Memory to the byte of PyTorch's allocator: what PyTorch pads by hand, random graphs, and the type
in which norms keep their statistics in halves."""

from __future__ import annotations

import random

import pytest
from graphs import graphs
from hypothesis import HealthCheck, example, given, settings

import cnncost
from cnncost.errors import CnncostError
from cnncost.verify.difference import FigureLine, verify_network

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


BATCH = 2

"""Of maps this small, kernels' own temporaries are a good part: larger networks hold it to
0.02 % (test_verify)."""

FEW = """\
input: [1, 8, 8]
layers:
  - {name: n0, tanh: , from: input}
  - {name: n1, lrn: 5, from: n0}
  - {name: end, conv: 3, kernel: 1, from: n1}
"""
"""Of few channels the padded squares of a response norm are the most."""


@settings(
    max_examples=400, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(graphs())
@example(FEW)
def test_random_graphs_take_what_pytorch_takes(text: str) -> None:
    network = cnncost.loads(text).network
    verdict = verify_network(network, BATCH, lambda _: None)
    wrong = [line for line in verdict.lines if _differs(line) and line.quantity != STEP]
    assert (wrong, verdict.wrong_shapes) == ([], ()), text


def _differs(line: FigureLine) -> bool:
    """A part of a map is read here by nothing that copies it: strides excuse no difference."""
    return line._replace(note="").agrees is False


SAVED = ("saved for backward", "peak activations, inference")

NORMS = (
    *("batchnorm", "{batchnorm, affine: false}", "layernorm", "{layernorm, affine: false}"),
    *("{groupnorm: 2}", "{groupnorm: 2, affine: false}"),
    *("instancenorm", "{instancenorm, affine: false}"),
)


def agrees(text: str, batch: int = 2, dtype: str = "fp32") -> None:
    verdict = verify_network(cnncost.loads(text).network, batch, lambda _: None, dtype)
    assert verdict.wrong_shapes == ()
    found = {one.quantity: one for one in verdict.lines}
    for quantity in SAVED:
        assert found[quantity].agrees, (text, found[quantity])


@pytest.mark.parametrize("dtype", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("dims", ["4, 9", "4, 3, 4, 5"])
@pytest.mark.parametrize("norm", NORMS)
def test_statistics_have_the_type_of_what_is_normed(norm: str, dims: str, dtype: str) -> None:
    layers = f"[{{conv: 4, kernel: 2}}, {norm}, {{conv: 2, kernel: 1}}, {{dense: 3}}]"
    agrees(f"input: [{dims}]\nlayers: {layers}", 2, dtype)


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_networks_of_halves(dtype: str) -> None:
    """Kept bytes and inference to the byte; of a step, as in fp32."""
    verdict = verify_network(cnncost.load("resnet20").network, 2, lambda _: None, dtype)
    assert [line for line in verdict.lines if line.agrees is False] == []


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_what_pytorch_has_no_kernel_for_is_said(dtype: str) -> None:
    network = cnncost.loads("input: [4, 5, 6]\nlayers: [{conv: 4, kernel: 1}, {lrn: 3}]").network
    with pytest.raises(CnncostError, match=r"PyTorch cannot run .*not implemented for"):
        verify_network(network, 2, lambda _: None, dtype)


@pytest.mark.parametrize(("lines", "hint"), [
    ("[{dense: 3}, step]", "verify what stands above it"),
    ("[{dense: 3}, batchnorm]", "needs --batch 2"),
])  # fmt: skip
def test_what_pytorch_cannot_train_has_a_hint(lines: str, hint: str) -> None:
    network = cnncost.loads(f"input: [4]\nlayers: {lines}").network
    with pytest.raises(CnncostError, match=r"PyTorch cannot run") as raised:
        verify_network(network, 1, lambda _: None)
    assert hint in raised.value.hint
