"""What norms keep: their statistics' type in halves, and copies of what has gaps or is turned."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.errors import CnncostError
from cnncost.verify.difference import verify

SAVED = ("saved for backward", "peak activations, inference")

NORMS = (
    *("batchnorm", "{batchnorm, affine: false}", "layernorm", "{layernorm, affine: false}"),
    *("{groupnorm: 2}", "{groupnorm: 2, affine: false}"),
    *("instancenorm", "{instancenorm, affine: false}"),
)


def agrees(text: str, batch: int = 2, dtype: str = "fp32") -> None:
    verdict = verify(cnncost.loads(text).network, batch, lambda _: None, dtype)
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
    verdict = verify(cnncost.load("resnet18").network, 2, lambda _: None, dtype)
    assert [line for line in verdict.lines if line.agrees is False] == []


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_what_pytorch_has_no_kernel_for_is_said(dtype: str) -> None:
    network = cnncost.loads("input: [4, 5, 6]\nlayers: [{conv: 4, kernel: 1}, {lrn: 3}]").network
    with pytest.raises(CnncostError, match=r"PyTorch cannot run .*not implemented for"):
        verify(network, 2, lambda _: None, dtype)


PIECES = [
    *("{slice: [1, 3]}", "{slice: [0, 4]}", "{crop: 1}", "{crop: 0}", "{pad: 1}"),
    *("{linear: 4}", "{linear: 6}, {slice: [2, 6]}", "{linear: 4}, relu", "layernorm"),
    *("{slice: [0, 2]}, relu", "{slice: [0, 2]}, identity", "{slice: [0, 2]}, {dropout: 0.5}"),
    *("{slice: [0, 2]}, {crop: 1}", "{channel_shuffle: 1}"),
]
TURNED = [
    *(("4, 8", "{permute: [2, 1]}"), ("4, 8, 6", "{permute: [1, 3, 2]}")),
    *(("4, 8, 6", "{permute: [2, 3, 1]}"), ("4, 8, 6", "{linear: 4}, {permute: [2, 3, 1]}")),
]


@pytest.mark.parametrize(
    ("dims", "piece"),
    [*(("4, 8", piece) for piece in PIECES), *(("4, 8, 6", piece) for piece in PIECES), *TURNED],
)
@pytest.mark.parametrize("norm", ["{groupnorm: 2}", "instancenorm"])
def test_norms_of_pieces_keep_copies(dims: str, piece: str, norm: str) -> None:
    tail = "{conv: 2, kernel: 1}, {dense: 3}"
    agrees(f"input: [{dims}]\nlayers: [{{conv: 4, kernel: 1}}, {piece}, {norm}, {tail}]")


@pytest.mark.parametrize("piece", ["{slice: [1, 3]}", "{crop: 1}"])
def test_a_slice_of_one_example_has_no_gaps(piece: str) -> None:
    tail = "{conv: 2, kernel: 1}, {dense: 3}"
    layers = f"[{{conv: 4, kernel: 1}}, {piece}, {{groupnorm: 2}}, {tail}]"
    agrees(f"input: [4, 8, 6]\nlayers: {layers}", batch=1)
