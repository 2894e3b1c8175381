"""How outputs lie in memory: the strides of every layer of random graphs beside PyTorch's."""

from __future__ import annotations

import pytest
import torch
from graphs import graphs
from hypothesis import HealthCheck, given, settings

import cnncost
from cnncost.costs.memory.layout import RULES, layouts
from cnncost.formats.torch_out import pytorch_code
from cnncost.layers import TYPES
from cnncost.network import Network
from cnncost.verify.measure import build


def strides(network: Network, batch: int, *, training: bool) -> dict[str, tuple[int, ...]]:
    """The strides of every layer's output as PyTorch has them, nothing in place."""
    found: dict[str, tuple[int, ...]] = {}
    model = build(pytorch_code(network, tapped=True))

    def tap(name: str, y: torch.Tensor) -> torch.Tensor:
        found[name] = y.stride()
        return y

    model.tap = tap
    model.train(training)
    data = [torch.randn(batch, *node.output.dims) for node in network.inputs]
    with torch.set_grad_enabled(training):
        model(*data)
    return found


@pytest.mark.parametrize("training", [False, True])
@settings(
    max_examples=300, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(graphs())
def test_every_output_lies_as_pytorch_lays_it(training: bool, text: str) -> None:
    network = cnncost.loads(text).network
    lies = layouts(network, 2, [False] * len(network.nodes), training=training)
    expected = strides(network, 2, training=training)
    found = {node.name: lies[node.index].laid.strides for node in network.layers}
    assert found == expected, text


def test_every_type_has_a_rule() -> None:
    assert set(RULES) == set(TYPES)
