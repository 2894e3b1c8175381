"""Attention in PyTorch models: read whole where it is self-attention, else opaque, never wrong."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import cnncost
from cnncost.costs import Report
from cnncost.formats.graph import Graph
from cnncost.formats.spec_text import spec_text
from cnncost.formats.torch_in.trace import trace


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
    graph = trace(net.eval().to("meta"), "net", {"input": shape})
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


@pytest.mark.parametrize("how", ["another", "weights used"])
def test_other_attention_is_opaque(how: str) -> None:
    graph, report = read(Attending(how), (3, 5, 4))
    assert graph.unknown
    assert "attention" not in [op.word for op in graph.ops]
    assert not report.complete
    assert report.network.nodes[-1].output.dims == (8, 5, 4)


def test_attention_without_biases_is_opaque() -> None:
    graph, _ = read(Attending("itself", bias=False), (3, 5, 4))
    assert graph.unknown


def test_what_follows_the_batch_turned_away_is_opaque_until_it_is_back() -> None:
    graph, report = read(Windowed(), (3, 8, 8))
    assert not report.complete
    counted = {row.name: row.connections for row in report.layers if row.known and row.connections}
    assert counted == {"a": 64 * 3 * 16, "b": 64 * 16 * 8}  # nothing within the windows
    assert report.network.nodes[-1].output.dims == (8, 8, 8)
    assert all(len(op.arguments["output"]) <= 4 for op in graph.ops if op.word == "opaque")
