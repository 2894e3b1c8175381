"""verify: the bundled networks' numbers are PyTorch's."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.verify.difference import (
    FigureLine,
    excuse_strides,
    verify_exported_file,
    verify_network,
)

EXACT = (
    *("minmax", "residual_mlp", "squeezenet1_1", "mobilenet_v2"),
    *("resnet18", "shufflenet_v2", "lenet5", "m5"),
    "alexnet_pooled",
)


@pytest.mark.parametrize("name", EXACT)
def test_no_number_differs(name: str) -> None:
    spec = cnncost.load(name)
    verdict = verify_network(spec.network, 4, lambda _: None)
    lines = (*verdict.lines, *verify_exported_file(spec.network, spec.written, 4, lambda _: None))
    assert [line for line in lines if line.agrees is False or line.note] == []
    assert verdict.wrong_shapes == ()


CONVNEXT = """\
input: [3, 16, 16]
layers:
  - {conv: 8, kernel: 4, stride: 4}
  - layernorm
  - residual:
      - {depthwise_conv: 7, padding: 3}
      - layernorm
      - {linear: 32}
      - gelu
      - {linear: 8}
      - scale
  - global_avgpool
  - {dense: 3}
"""
"""Its norms and products along the channels read maps that PyTorch has position by position."""


@pytest.mark.parametrize("quantity", ["saved for backward", "peak activations, inference"])
def test_a_block_of_convnext_takes_what_pytorch_takes(quantity: str) -> None:
    verdict = verify_network(cnncost.loads(CONVNEXT).network, 2, lambda _: None)
    assert [line.agrees for line in verdict.lines if line.quantity == quantity] == [True]


TURNED = "input: [4, 8, 8]\nlayers: [{permute: [1, 3, 2]}, {dense: 3}]"


def test_what_strides_may_explain_is_not_compared() -> None:
    verdict = verify_network(cnncost.loads(TURNED).network, 2, lambda _: None)
    peak = next(line for line in verdict.lines if line.quantity == "peak activations, inference")
    # Two examples of 256 numbers and three outputs; PyTorch copies the 256 into a row.
    assert (peak.computed, peak.measured) == (2 * 4 * (256 + 3), 2 * 4 * (256 + 256 + 3))
    assert (peak.agrees, verdict.differences) == (None, 0)
    assert "strides" in peak.note


@pytest.mark.parametrize(
    ("layers", "agrees"),
    [
        ("[{permute: [1, 3, 2]}, {dense: 3}]", None),
        ("[{pixel_shuffle: [1, 2]}, {dense: 3}]", None),
        ("[{pixel_shuffle: 2}, {dense: 3}]", False),
        ("[{conv: 4, kernel: 3}, flatten, {dense: 3}]", False),
        ("[flatten, layernorm, {linear: 5}, {slice: [0, 2]}]", False),
    ],
)
def test_only_turned_and_sliced_maps_are_excused(layers: str, agrees: bool | None) -> None:
    network = cnncost.loads(f"input: [4, 8, 8]\nlayers: {layers}").network
    assert excuse_strides(network, FigureLine("bytes", 1, 2)).agrees is agrees
    assert excuse_strides(network, FigureLine("bytes", 2, 2)).agrees is True
