"""Modules of torch.nn alone, with odd arguments: exact, or opaque, never wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from written import read

Single = tuple[Callable[[], nn.Module], tuple[int, ...]]

EXACT: dict[str, Single] = {
    "Conv1d dilated": (lambda: nn.Conv1d(4, 6, 3, dilation=2, padding=1), (4, 11)),
    "Conv1d same": (lambda: nn.Conv1d(4, 6, 4, padding="same"), (4, 11)),
    "Conv1d circular": (lambda: nn.Conv1d(4, 6, 3, padding=1, padding_mode="circular"), (4, 11)),
    "Conv2d oblong": (lambda: nn.Conv2d(4, 6, (1, 3), (2, 1), (0, 1)), (4, 9, 7)),
    "Conv2d grouped": (lambda: nn.Conv2d(4, 6, 3, groups=2, bias=False), (4, 9, 7)),
    "Conv2d depthwise": (lambda: nn.Conv2d(4, 8, 3, groups=4), (4, 9, 7)),
    "Conv2d reflect": (lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), (4, 9, 7)),
    "Conv2d replicate": (
        lambda: nn.Conv2d(4, 6, 3, padding=2, padding_mode="replicate"), (4, 9, 7)
    ),
    "Conv2d valid": (lambda: nn.Conv2d(4, 6, 3, padding="valid"), (4, 9, 7)),
    "Conv3d": (lambda: nn.Conv3d(2, 3, (1, 2, 3), stride=(1, 2, 1)), (2, 4, 6, 5)),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(4, 6, 3, stride=2, output_padding=1), (4, 7)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(4, 6, 3, 2, 1, groups=2), (4, 5, 6)),
    "ConvTranspose3d": (lambda: nn.ConvTranspose3d(2, 3, 2, stride=2), (2, 3, 4, 2)),
    "Linear": (lambda: nn.Linear(5, 3, bias=False), (5,)),
    "Linear along the last axis": (lambda: nn.Linear(5, 3), (2, 4, 5)),
    "Linear on four axes": (lambda: nn.Linear(5, 3), (3, 2, 4, 5)),
    "Identity": (lambda: nn.Identity(3), (4, 5)),
    "MaxPool1d": (lambda: nn.MaxPool1d(3, 2, ceil_mode=True), (4, 10)),
    "MaxPool2d": (lambda: nn.MaxPool2d((3, 2), (2, 1), (1, 0)), (4, 9, 7)),
    "MaxPool2d dilated": (lambda: nn.MaxPool2d(2, 1, dilation=2), (4, 9, 7)),
    "MaxPool2d with indices": (lambda: nn.MaxPool2d(2, return_indices=True), (4, 8, 6)),
    "MaxPool3d": (lambda: nn.MaxPool3d(2), (2, 4, 4, 4)),
    "AvgPool1d": (lambda: nn.AvgPool1d(3), (4, 10)),
    "AvgPool2d": (lambda: nn.AvgPool2d(3, 2, 1, ceil_mode=True), (4, 10, 7)),
    "AvgPool3d": (lambda: nn.AvgPool3d((1, 2, 2)), (2, 4, 4, 4)),
    "AdaptiveMaxPool1d": (lambda: nn.AdaptiveMaxPool1d(3), (4, 10)),
    "AdaptiveMaxPool2d": (lambda: nn.AdaptiveMaxPool2d((3, None)), (4, 9, 7)),
    "AdaptiveMaxPool2d to one": (lambda: nn.AdaptiveMaxPool2d(1), (4, 9, 7)),
    "AdaptiveMaxPool3d": (lambda: nn.AdaptiveMaxPool3d(2), (2, 4, 5, 6)),
    "AdaptiveAvgPool1d": (lambda: nn.AdaptiveAvgPool1d(3), (4, 10)),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((2, 3)), (4, 9, 7)),
    "AdaptiveAvgPool3d": (lambda: nn.AdaptiveAvgPool3d(1), (2, 4, 5, 6)),
    "LPPool2d": (lambda: nn.LPPool2d(2, 3), (4, 9, 7)),
    "ZeroPad2d": (lambda: nn.ZeroPad2d((1, 2, 0, 3)), (4, 9, 7)),
    "ConstantPad1d": (lambda: nn.ConstantPad1d((1, -2), 3.5), (4, 9)),
    "ReflectionPad2d": (lambda: nn.ReflectionPad2d(2), (4, 9, 7)),
    "ReplicationPad3d": (lambda: nn.ReplicationPad3d(1), (2, 4, 3, 5)),
    "CircularPad2d": (lambda: nn.CircularPad2d((1, 1, 2, 0)), (4, 9, 7)),
    "ELU": (lambda: nn.ELU(0.5), (4, 3)),
    "GLU": (lambda: nn.GLU(1), (4, 3)),
    "Hardshrink": (lambda: nn.Hardshrink(), (4, 3)),
    "Hardtanh": (lambda: nn.Hardtanh(-2, 2), (4, 3)),
    "LogSigmoid": (lambda: nn.LogSigmoid(), (4, 3)),
    "PReLU": (lambda: nn.PReLU(), (4, 3, 2)),
    "PReLU a channel": (lambda: nn.PReLU(4), (4, 3, 2)),
    "PReLU on a vector": (lambda: nn.PReLU(6), (6,)),
    "RReLU": (lambda: nn.RReLU(), (4, 3)),
    "Softmin": (lambda: nn.Softmin(1), (4, 3)),
    "Softmax2d": (lambda: nn.Softmax2d(), (4, 3, 3)),
    "Tanhshrink": (lambda: nn.Tanhshrink(), (4, 3)),
    "Threshold": (lambda: nn.Threshold(0.1, 2), (4, 3)),
    "BatchNorm1d on vectors": (lambda: nn.BatchNorm1d(6), (6,)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(6, affine=False), (6, 4)),
    "BatchNorm3d": (lambda: nn.BatchNorm3d(2), (2, 4, 5, 6)),
    "GroupNorm": (lambda: nn.GroupNorm(3, 6), (6, 4, 5)),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(6, affine=True), (6, 4, 5)),
    "LayerNorm": (lambda: nn.LayerNorm([4, 5]), (6, 4, 5)),
    "LayerNorm without a bias": (lambda: nn.LayerNorm(5, bias=False), (6, 4, 5)),
    "LocalResponseNorm": (lambda: nn.LocalResponseNorm(3), (6, 4, 5)),
    "RMSNorm": (lambda: nn.RMSNorm(5), (6, 4, 5)),
    "Dropout2d": (lambda: nn.Dropout2d(0.3), (6, 4, 5)),
    "AlphaDropout": (lambda: nn.AlphaDropout(0.3), (6,)),
    "Embedding": (lambda: nn.Embedding(9, 4, padding_idx=0), (6,)),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), (8, 3, 4)),
    "PixelUnshuffle": (lambda: nn.PixelUnshuffle(3), (2, 6, 9)),
    "ChannelShuffle": (lambda: nn.ChannelShuffle(3), (6, 4, 5)),
    "Upsample nearest": (lambda: nn.Upsample(scale_factor=(2, 3)), (2, 4, 5)),
    "Upsample bicubic": (lambda: nn.Upsample(size=(7, 9), mode="bicubic"), (2, 4, 5)),
    "Upsample linear": (lambda: nn.Upsample(scale_factor=2, mode="linear"), (2, 5)),
    "Flatten": (lambda: nn.Flatten(2), (2, 4, 5)),
    "Unflatten": (lambda: nn.Unflatten(1, (2, 3)), (6, 4)),
    "Fold": (lambda: nn.Fold((4, 5), 2), (8, 12)),
    "Unfold": (lambda: nn.Unfold((2, 3), padding=1), (2, 4, 5)),
    "MultiheadAttention within an encoder": (
        lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True), (5, 8)
    ),
    "an encoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2),
        (5, 8),
    ),
    "LSTM": (lambda: nn.LSTM(4, 6, 2, batch_first=True, bidirectional=True), (5, 4)),
    "LSTM projected": (lambda: nn.LSTM(4, 6, proj_size=3, batch_first=True), (5, 4)),
    "GRU without biases": (lambda: nn.GRU(4, 6, bias=False, batch_first=True), (5, 4)),
    "RNN": (lambda: nn.RNN(4, 6, nonlinearity="relu", batch_first=True), (5, 4)),
}  # fmt: skip

UNCOUNTED = ("LSTM", "LSTM projected", "GRU without biases", "RNN")
"""PyTorch's counter does not see their products; tests of their own have the arithmetic. Their
states are read off the steps, which are no output of a spec then."""

OPAQUE: dict[str, Single] = {
    "Bilinear of one input": (lambda: _TwiceRead(nn.Bilinear(4, 4, 3)), (4,)),
    "LSTMCell": (lambda: _First(nn.LSTMCell(4, 6)), (4,)),
    "FractionalMaxPool2d": (lambda: nn.FractionalMaxPool2d(2, output_size=(3, 3)), (2, 8, 8)),
}


class _TwiceRead(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x, x)


class _First(_TwiceRead):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)[0]


def outcome(module: nn.Module, x: torch.Tensor) -> tuple[torch.Size, int]:
    """The first output's shape and the products of a pass, with no fused attention."""
    with FlopCounterMode(display=False) as flops, sdpa_kernel(SDPBackend.MATH):
        made = module.eval()(x)
    first = made[0] if isinstance(made, tuple) else made
    return first.shape, flops.get_total_flops() // 2


@pytest.mark.parametrize("name", EXACT)
def test_a_module_is_read_exactly(name: str) -> None:
    build, shape = EXACT[name]
    spec, report = read(build, shape)
    dtype = torch.long if name == "Embedding" else torch.float32
    made, products = outcome(build(), torch.ones((1, *shape), dtype=dtype))
    assert (spec.unknown, spec.audit) == ((), ())
    assert report.complete
    assert report.totals.parameters == sum(p.numel() for p in build().parameters())
    if name not in UNCOUNTED:
        assert report.totals.connections == products
        units = report.network.nodes[report.network.outputs[0]].output.units
        assert units == made.numel()


@pytest.mark.parametrize("name", OPAQUE)
def test_another_is_exact_or_a_lower_bound_with_all_its_parameters(name: str) -> None:
    build, shape = OPAQUE[name]
    _, report = read(build, shape)
    _, products = outcome(build(), torch.ones((1, *shape)))
    assert report.totals.parameters == sum(p.numel() for p in build().parameters())
    assert report.totals.connections == products or not report.complete
