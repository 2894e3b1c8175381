"""verify: the bundled networks' numbers are PyTorch's."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.verify.difference import exported, verify

EXACT = (
    *("minmax", "residual_mlp", "squeezenet1_1", "mobilenet_v2"),
    *("resnet18", "shufflenet_v2", "lenet5", "m5"),
    "alexnet_pooled",
)


@pytest.mark.parametrize("name", EXACT)
def test_no_number_differs(name: str) -> None:
    spec = cnncost.load(name)
    verdict = verify(spec.network, 4, lambda _: None)
    lines = (*verdict.lines, *exported(spec.network, spec.written, 4, lambda _: None))
    assert [line for line in lines if line.agrees is False] == []
    assert verdict.wrong_shapes == ()
