"""Modules as networks: parameters and multiply-accumulates are PyTorch's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as everybody does
from torch.utils.flop_counter import FlopCounterMode

import cnncost
from cnncost.api import load_graph
from cnncost.formats.spec_text import spec_text
from cnncost.formats.torch_in.operation_readers import HANDLERS
from cnncost.formats.torch_in.torch_trace import trace_module

Forward = Callable[[nn.Module, Tensor], Tensor]


class Net(nn.Module):
    """Parts by name, and how they are put together."""

    def __init__(self, forward: Forward, **parts: nn.Module | nn.Parameter) -> None:
        super().__init__()
        self._how = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Tensor:
        return self._how(self, x)


def conv(i: int, o: int, k: int = 3, **more: object) -> nn.Conv2d:
    return nn.Conv2d(i, o, k, padding=k // 2, **more)


def shuffled(net: nn.Module, x: Tensor) -> Tensor:
    b, _, h, w = x.shape
    x = net.a(x)
    turned = x.view(b, 2, 4, h, w).transpose(1, 2).reshape(b, 8, h, w)
    return net.b(turned)


def split(net: nn.Module, x: Tensor) -> Tensor:
    left, right = net.a(x).chunk(2, dim=1)
    return torch.cat([net.b(left), right, left * right], dim=1)


def gated(net: nn.Module, x: Tensor) -> Tensor:
    x = net.a(x)
    return x * torch.sigmoid(net.c(F.silu(net.b(x.mean((2, 3), keepdim=True)))))


def channel_attention(net: nn.Module, x: Tensor) -> Tensor:
    x = net.a(x)
    pooled = x.mean((2, 3)).view(x.shape[0], 1, -1)
    gate = torch.sigmoid(net.b(pooled)).view(x.shape[0], -1, 1, 1)
    return x * gate.expand_as(x)


def channels_last(net: nn.Module, x: Tensor) -> Tensor:
    y = net.a(x).permute(0, 2, 3, 1)
    y = net.c(F.gelu(net.b(net.n(y)))) * net.g
    return x + y.permute(0, 3, 1, 2)


def reused(net: nn.Module, x: Tensor) -> Tensor:
    x = net.a(x)
    return net.d((net.b(net.b(x)).relu_() + x).flatten(1))


def focus(net: nn.Module, x: Tensor) -> Tensor:
    parts = [x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]
    return net.a(torch.cat(parts, dim=1))


def resized(net: nn.Module, x: Tensor) -> Tensor:
    up = F.interpolate(net.a(F.max_pool2d(x, 2)), scale_factor=2)
    return net.b(F.pad(up, (1, 0, 2, 1))) + 2


def spatial_gate(net: nn.Module, x: Tensor) -> Tensor:
    x = net.a(x)
    return x * torch.sigmoid(net.b(x))


def standardised(net: nn.Module, x: Tensor) -> Tensor:
    weight = net.a.weight
    centred = weight - weight.mean((1, 2, 3), keepdim=True)
    return F.conv2d(x, centred, net.a.bias, padding=1)


CASES: dict[str, Net] = {
    "channel shuffle": Net(shuffled, a=conv(3, 8), b=conv(8, 8, groups=4)),
    "split, product, concat": Net(split, a=conv(3, 8), b=conv(4, 4)),
    "squeeze and excitation": Net(gated, a=conv(3, 8), b=conv(8, 2, 1), c=conv(2, 8, 1)),
    "convolution along channels": Net(
        channel_attention, a=conv(3, 8), b=nn.Conv1d(1, 1, 3, padding=1, bias=False)
    ),
    "channels last": Net(
        channels_last, a=conv(3, 3, 7, groups=3), n=nn.LayerNorm(3), b=nn.Linear(3, 12),
        c=nn.Linear(12, 3), g=nn.Parameter(torch.ones(3)),
    ),
    "a module used twice": Net(reused, a=conv(3, 8), b=conv(8, 8), d=nn.Linear(8 * 16 * 16, 5)),
    "every other position": Net(focus, a=conv(12, 8)),
    "resized and padded": Net(resized, a=conv(3, 6), b=nn.ConvTranspose2d(6, 4, 3, stride=2)),
    "a gate over channels": Net(spatial_gate, a=conv(3, 8), b=conv(8, 1)),
    "weights normed first": Net(standardised, a=conv(3, 8)),
    "modules": nn.Sequential(
        conv(3, 8), nn.BatchNorm2d(8), nn.PReLU(), nn.PixelUnshuffle(2), conv(32, 16),
        nn.GroupNorm(4, 16), nn.Hardswish(inplace=True), nn.PixelShuffle(2), nn.AvgPool2d(2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 3), nn.Softmax(1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_counts_are_pytorch_s(name: str) -> None:
    net = CASES[name].eval()
    x = torch.rand(1, 3, 16, 16)
    with FlopCounterMode(display=False) as flops, torch.no_grad():
        made = net(x)
    graph = trace_module(net.to("meta"), "net", {"input": (3, 16, 16)})
    report = cnncost.count(cnncost.loads(spec_text(graph)))
    assert graph.unknown == ()
    assert report.complete
    assert report.totals.connections == flops.get_total_flops() // 2
    assert report.totals.parameters == sum(p.numel() for p in net.parameters())
    last = report.network.nodes[report.network.outputs[-1]]
    assert last.output.dims == tuple(made.shape[1:])


def test_shared_frozen_and_named_as_in_the_source() -> None:
    net = Net(reused, a=conv(3, 8), b=conv(8, 8), d=nn.Linear(8 * 16 * 16, 5)).eval().to("meta")
    net.a.requires_grad_(False)
    text = spec_text(trace_module(net, "net", {"input": (3, 16, 16)}))
    assert "{name: a, conv: 8, kernel: 3, padding: 1, frozen: true}" in text
    assert "{name: b_2, conv: 8, kernel: 3, padding: 1, share: b}" in text
    assert "inplace" not in text  # it is what a relu does unless it is told not to


def test_what_cannot_be_said_is_opaque() -> None:
    net = Net(lambda net, x: torch.fft.fft(net.a(x)).real, a=conv(3, 4)).eval().to("meta")
    graph = trace_module(net, "net", {"input": (3, 8, 8)})
    assert graph.unknown
    assert not cnncost.count(cnncost.loads(spec_text(graph))).complete


def test_another_class_of_a_written_class_s_name_is_read_as_it_is() -> None:
    class Subsample(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(self.conv(x))

    graph = trace_module(nn.Sequential(Subsample(), nn.Tanh()), "net", {"input": (3, 4, 4)})
    assert [op.word for op in graph.ops] == ["conv", "relu", "tanh"]


def shaped_like(net: nn.Module, x: Tensor) -> Tensor:
    x = net.a(x)
    return x + net.p.view(1, 4, 1, 1).expand_as(x) * net.q.flatten().view_as(x).type_as(x)


def bounded(net: nn.Module, x: Tensor) -> Tensor:
    return torch.max(net.a(x).clamp(min=net.q) ** net.p.view(4, 1, 1), net.q)


def of_one(net: nn.Module, x: Tensor) -> Tensor:
    return torch.einsum("nchw->nc", net.a(x)) * net.p + net.q.mean((2, 3))


@pytest.mark.parametrize("how", [shaped_like, bounded, of_one], ids=lambda f: f.__name__)
def test_parameters_in_the_shape_of_an_activation_are_read(how: Forward) -> None:
    net = Net(
        how, a=conv(3, 4), p=nn.Parameter(torch.ones(4)), q=nn.Parameter(torch.ones(1, 4, 8, 8))
    ).eval()
    spec = load_graph(trace_module(net.to("meta"), "net", {"input": (3, 8, 8)}), "net")
    assert (spec.unknown, spec.audit) == ((), ())
    # The convolution's 108 weights and 4 biases, 4 numbers of p and 4 * 64 of q.
    assert cnncost.count(spec).totals.parameters == 112 + 4 + 256


def test_a_parameter_of_which_only_the_shape_is_read_is_unused() -> None:
    net = Net(
        lambda net, x: net.a(x).mean((2, 3), keepdim=True).expand_as(net.q),
        a=conv(3, 4), q=nn.Parameter(torch.ones(1, 4, 8, 8)),
    ).eval().to("meta")  # fmt: skip
    spec = load_graph(trace_module(net, "net", {"input": (3, 8, 8)}), "net")
    assert cnncost.count(spec).complete
    assert cnncost.count(spec).totals.parameters == 112
    assert "256 of q are unused" in spec.audit[0]


class StochasticDepth(nn.Module):
    """As torchvision has it: in inference it does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.p, self.mode = 0.25, "row"

    def forward(self, x: Tensor) -> Tensor:
        return x


def test_each_call_of_a_module_is_read_by_itself() -> None:
    def twice(net: nn.Module, x: Tensor) -> Tensor:
        x = x + net.drop(net.a(x))
        return x + net.drop(net.b(x))

    net = Net(twice, a=conv(3, 3), b=conv(3, 3, 1), drop=StochasticDepth()).eval().to("meta")
    graph = trace_module(net, "net", {"input": (3, 8, 8)})
    words = [op.word for op in graph.ops]
    assert words == ["conv", "drop_path", "add", "conv", "drop_path", "add"]
    # 9 weights for each of 3 inputs and 3 outputs, then one; 3 biases each.
    assert cnncost.count(load_graph(graph, "net")).totals.parameters == 84 + 12


def test_a_handler_s_fault_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(builder: object, call: object) -> object:
        raise AttributeError("no such field")

    monkeypatch.setitem(HANDLERS, "relu", fail)
    net = nn.Sequential(conv(3, 4), nn.ReLU()).eval().to("meta")
    graph = trace_module(net, "net", {"input": (3, 8, 8)})
    assert graph.unknown == ("1.relu: relu, whose reading failed: AttributeError: no such field",)
