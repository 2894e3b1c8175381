"""Attention in PyTorch models: read whole where it is self-attention, else as products."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import cnncost
from cnncost.costs import Report
from cnncost.formats.graph import Graph
from cnncost.formats.spec_text import spec_text
from cnncost.formats.torch_in.torch_trace import trace_module


class Attending(nn.Module):
    """A convolution, attention over its positions, another convolution."""

    def __init__(self, how: str, **options: object) -> None:
        super().__init__()
        self.how = how
        self.a = nn.Conv2d(3, 16, 3, padding=1)
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True, **options)
        self.b = nn.Conv2d(16, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x)
        rows = x.flatten(2).transpose(1, 2)
        if self.how == "itself":
            y, _ = self.attention(rows, rows, rows, need_weights=False)
        elif self.how == "another":
            y, _ = self.attention(rows, rows.relu(), rows.relu(), need_weights=False)
        else:
            y, weights = self.attention(rows, rows, rows)
            y = y * weights.mean()
        return self.b(y.transpose(1, 2).unflatten(2, x.shape[2:]))


class Windowed(nn.Module):
    """Attention within windows: they take the batch's place, as Swin's do."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 16, 1)
        self.qkv = nn.Linear(16, 48)
        self.b = nn.Conv2d(16, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x)
        windows = x.view(1, 16, 2, 4, 2, 4).permute(0, 2, 4, 3, 5, 1).reshape(4, 16, 16)
        query, key, value = self.qkv(windows).chunk(3, dim=-1)
        y = torch.softmax(query @ key.transpose(1, 2), -1) @ value
        y = y.view(1, 2, 2, 4, 4, 16).permute(0, 5, 1, 3, 2, 4).reshape(1, 16, 8, 8)
        return self.b(y)


def read(net: nn.Module, shape: tuple[int, ...]) -> tuple[Graph, Report]:
    graph = trace_module(net.eval().to("meta"), "net", {"input": shape})
    return graph, cnncost.count(cnncost.loads(spec_text(graph)))


def test_self_attention_is_one_layer() -> None:
    net = Attending("itself")
    graph, report = read(net, (3, 5, 4))
    assert graph.unknown == ()
    assert "attention" in [op.word for op in graph.ops]
    assert report.totals.parameters == sum(p.numel() for p in net.parameters())
    # 20 positions; four projections of 16 to 16 channels, and two products of all pairs.
    attention = 20 * 4 * 16 * 16 + 2 * 20 * 20 * 16
    assert report.totals.connections == 20 * 16 * 27 + attention + 20 * 8 * 16


def exact(net: nn.Module, shape: tuple[int, ...]) -> tuple[Graph, Report]:
    """The network, complete, with the module's own parameters and PyTorch's own products."""
    # With gradients PyTorch takes no fused way, which its counter does not see.
    with FlopCounterMode(display=False) as flops:
        made = net.eval()(torch.rand(1, *shape))
    held = sum(p.numel() for p in net.parameters())
    graph, report = read(net, shape)
    assert (graph.unknown, report.complete) == ((), True)
    assert report.totals.parameters == held
    assert report.totals.connections == flops.get_total_flops() // 2
    assert report.network.nodes[report.network.outputs[0]].output.dims == tuple(made.shape[1:])
    return graph, report


@pytest.mark.parametrize("how", ["another", "weights used"])
def test_other_attention_is_read_as_its_products(how: str) -> None:
    # Its math, not a fused kernel, is what PyTorch's counter sees.
    with sdpa_kernel(SDPBackend.MATH):
        graph, _ = exact(Attending(how), (3, 5, 4))
    assert [op.word for op in graph.ops].count("matmul") == 2


def test_attention_without_biases_has_none() -> None:
    with sdpa_kernel(SDPBackend.MATH):
        graph, _ = exact(Attending("itself", bias=False), (3, 5, 4))
    (found,) = [op for op in graph.ops if op.word == "attention"]
    assert found.arguments["bias"] is False


def test_windows_in_the_batch_s_place_are_positions() -> None:
    _, report = exact(Windowed(), (3, 8, 8))
    # 64 positions of 3 to 16, 16 to 48, 16 to 8; 4 windows of 16 x 16 pairs, twice.
    linear = 64 * (3 * 16 + 16 * 48 + 16 * 8)
    assert report.totals.connections == linear + 2 * 4 * 16 * 16 * 16
