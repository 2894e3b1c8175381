"""Receptive fields against the support of PyTorch's gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import cnncost
from cnncost.costs.receptive_field import find_receptive_fields

N = 61

CASES: dict[str, tuple[str, nn.Module]] = {
    "strided and dilated": (
        "[{conv: 2, kernel: [3, 5], stride: [2, 1], dilation: [1, 2]}, {avgpool: 3, stride: 2}]",
        nn.Sequential(nn.Conv2d(1, 2, (3, 5), (2, 1), dilation=(1, 2)), nn.AvgPool2d(3, 2)),
    ),
    "transposed": (
        "[{conv: 2, kernel: 3, stride: 2}, {conv_transpose: 2, kernel: [4, 3], stride: 2}]",
        nn.Sequential(nn.Conv2d(1, 2, 3, 2), nn.ConvTranspose2d(2, 2, (4, 3), 2)),
    ),
    "nearest": (
        "[{avgpool: 2}, {upsample: 2}, {conv: 2, kernel: [3, 4]}]",
        nn.Sequential(nn.AvgPool2d(2), nn.Upsample(scale_factor=2), nn.Conv2d(1, 2, (3, 4))),
    ),
    "bilinear": (
        "[{avgpool: 2}, {upsample: 3, mode: bilinear}, {conv: 2, kernel: 2}]",
        nn.Sequential(
            nn.AvgPool2d(2), nn.Upsample(scale_factor=3, mode="bilinear"), nn.Conv2d(1, 2, 2)
        ),
    ),
    "shuffled": (
        "[{conv: 4, kernel: 3, stride: 3}, {pixel_shuffle: 2}, {conv: 1, kernel: 2}]",
        nn.Sequential(nn.Conv2d(1, 4, 3, 3), nn.PixelShuffle(2), nn.Conv2d(1, 1, 2)),
    ),
}


class Branches(nn.Module):
    """Two paths of which the second reaches further, and not around the same centre."""

    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Conv2d(1, 2, 3, padding=1)
        self.far = nn.Sequential(nn.ZeroPad2d((6, 0, 0, 6)), nn.Conv2d(1, 2, 3, dilation=3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.near(x) + self.far(x)


CASES["branches"] = (
    "[{parallel: [[{conv: 2, kernel: 3, padding: 1}],"
    " [{pad: [[0, 6], [6, 0]]}, {conv: 2, kernel: 3, dilation: 3}]], join: add}]",
    Branches(),
)


def support(module: nn.Module) -> tuple[int, int]:
    """The largest extents of a middle unit's gradient: all units of a pattern are tried."""
    for parameter in module.parameters():
        nn.init.constant_(parameter, 1.0)  # nothing cancels
    x = torch.ones(1, 1, N, N, requires_grad=True)
    y = module(x)
    rows = columns = 0
    for i in range(6):
        for j in range(6):
            unit = y[0, :, y.shape[2] // 2 - 3 + i, y.shape[3] // 2 - 3 + j].sum()
            (gradient,) = torch.autograd.grad(unit, x, retain_graph=True)
            at = gradient[0, 0].nonzero()
            extents = (at.max(0).values - at.min(0).values + 1).tolist()
            rows, columns = max(rows, extents[0]), max(columns, extents[1])
    return rows, columns


@pytest.mark.parametrize("name", CASES)
def test_gradients_support(name: str) -> None:
    lines, module = CASES[name]
    network = cnncost.loads(f"input: [1, {N}, {N}]\nlayers: {lines}\n").network
    reach = find_receptive_fields(network)[network.outputs[0]]
    assert reach.field == (support(module),)
