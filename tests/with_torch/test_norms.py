"""What norms keep: their statistics' type in halves."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.errors import CnncostError
from cnncost.verify.difference import verify_network

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
    verdict = verify_network(cnncost.load("resnet18").network, 2, lambda _: None, dtype)
    assert [line for line in verdict.lines if line.agrees is False] == []


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_what_pytorch_has_no_kernel_for_is_said(dtype: str) -> None:
    network = cnncost.loads("input: [4, 5, 6]\nlayers: [{conv: 4, kernel: 1}, {lrn: 3}]").network
    with pytest.raises(CnncostError, match=r"PyTorch cannot run .*not implemented for"):
        verify_network(network, 2, lambda _: None, dtype)
