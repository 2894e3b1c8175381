"""The class that PyTorch code has for locally connected layers: with equal windows it is
torch.nn's convolution, and its tensors are those of the spec."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

import cnncost
from cnncost.formats.torch_out.torch_code import pytorch_code
from cnncost.verify.counted_passes import connections_of
from cnncost.verify.measure import build_network


@pytest.mark.parametrize(
    "line",
    [
        "locally_connected: 6, kernel: 3",
        "locally_connected: 4, kernel: [1, 3], stride: [2, 1], padding: [[1, 0], [0, 2]]",
        "locally_connected: 4, kernel: 2, dilation: [1, 2], groups: 2, bias: false",
        "locally_connected: 4, kernel: 3, padding: same, stride: 2",
    ],
)
def test_equal_windows_are_a_convolution(line: str) -> None:
    text = f"input: [4, 7, 8]\nlayers: [{{name: l, {line}}}]\n"
    network = cnncost.loads(text).network
    (node,) = network.layers
    model = build_network(pytorch_code(network))
    named = {key.rpartition(".")[2]: value for key, value in model.named_parameters()}
    assert {key: tuple(value.shape) for key, value in named.items()} == node.layer.tensor_shapes(
        node.inputs[0]
    )
    layer = node.layer
    windows = layer.resolve_windows(node.inputs[0])
    kernel = torch.randn(node.output.channels, 4 // layer.groups, *layer.kernel)
    with torch.no_grad():
        named["weight"].copy_(kernel[:, None, None].expand_as(named["weight"]))
    x = torch.randn(2, 4, 7, 8)
    padding = [n for window in reversed(windows) for n in (window.before, window.after)]
    expected = functional.conv2d(
        functional.pad(x, padding), kernel, None, layer.stride, 0, layer.dilation, layer.groups
    )
    torch.testing.assert_close(model(x), expected, rtol=1e-4, atol=1e-4)


def test_along_one_axis_and_three() -> None:
    for dims, line in (("[2, 9]", "kernel: 3, stride: 2"), ("[2, 4, 5, 3]", "kernel: 2")):
        text = f"input: {dims}\nlayers: [{{locally_connected: 3, {line}}}]\n"
        network = cnncost.loads(text).network
        model = build_network(pytorch_code(network))
        y = model(torch.randn(1, *network.inputs[0].output.dims))
        assert tuple(y.shape[1:]) == network.layers[0].output.dims


def test_pytorchs_counter_of_groups() -> None:
    """Forward each weight is used once; backward once for weights and once for the input."""
    text = "input: [4, 6, 5]\nlayers: [{locally_connected: 6, kernel: 3, groups: 2}]\n"
    network = cnncost.loads(text).network
    data = [torch.randn(2, 4, 6, 5, requires_grad=True)]
    uses = 6 * 4 * 3 * 2 * 9
    assert connections_of(build_network(pytorch_code(network)), data, 2) == (uses, 2 * uses)
