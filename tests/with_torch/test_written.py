"""What people write: every learned number is counted once, whatever it is part of or made of.

Each case: how it is built, its input, its parameters, its multiply-accumulates by hand.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as everybody does
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from written import Case, Written, check_counts, learned, read


def rezero(net: Written, x: Tensor) -> Tensor:
    for i, part in enumerate((net.a, net.b, net.c)):
        x = x + net.gain[i] * torch.tanh(part(x))
    return x


def halves(net: Written, x: Tensor) -> Tensor:
    return torch.cat([F.conv2d(x, net.w[:4]), F.conv2d(x, net.w[4:])], 1)


def tied(net: Written, x: Tensor) -> Tensor:
    code = net.l(net.c(x).flatten(1))
    back = F.linear(code, net.l.weight.t()).view(-1, 6, 5, 5)
    return F.conv_transpose2d(back, net.c.weight, stride=2)


PARTS: dict[str, Case] = {
    "a vector, an element per block": (
        lambda: Written(
            rezero, gain=learned(3), a=nn.Linear(8, 8), b=nn.Linear(8, 8), c=nn.Linear(8, 8)
        ),
        (8,), 3 * (64 + 8) + 3, 3 * 64,
    ),
    "two halves of a kernel": (
        lambda: Written(halves, w=learned(8, 4, 3, 3)), (4, 8, 8), 8 * 4 * 9, 8 * 4 * 9 * 36
    ),
    "one kernel at two widths": (
        lambda: Written(
            lambda net, x: F.conv2d(F.conv2d(x, net.w[:4]), net.w), w=learned(8, 4, 3, 3)
        ),
        (4, 8, 8), 288, 144 * 36 + 288 * 16,
    ),
    "a part of a kernel alone": (
        lambda: Written(lambda net, x: F.conv2d(x, net.w[:4]), w=learned(8, 4, 3, 3)),
        (4, 8, 8), 288, 144 * 36,
    ),
    "an expanded kernel": (
        lambda: Written(
            lambda net, x: F.conv2d(x, net.w.expand(8, 4, 3, 3)), w=learned(1, 4, 3, 3)
        ),
        (4, 6, 6), 36, 8 * 36 * 16,
    ),
    "tied and transposed": (
        lambda: Written(tied, c=nn.Conv2d(3, 6, 3, 2, bias=False), l=nn.Linear(150, 20)),
        (3, 12, 12), 162 + 3020, 2 * 162 * 25 + 2 * 3000,
    ),
    "a matrix and its transpose on a vector": (
        lambda: Written(
            lambda net, x: F.linear(F.linear(x, net.w), net.w.t()), w=learned(10, 7)
        ),
        (7,), 70, 140,
    ),
    "a kernel summed over its window beside itself": (
        lambda: Written(
            lambda net, x: F.conv2d(x, net.w, padding=1)
            + F.conv2d(x, net.w.sum((2, 3), keepdim=True)),
            w=learned(4, 3, 3, 3),
        ),
        (3, 6, 6), 108, 36 * (108 + 12),
    ),
    "one weight, each its own bias": (
        lambda: Written(
            lambda net, x: F.conv2d(F.conv2d(x, net.w, net.a, padding=1), net.w, net.b, padding=1),
            w=learned(3, 3, 3, 3), a=learned(3), b=learned(3),
        ),
        (3, 4, 4), 81 + 3 + 3, 2 * 81 * 16,
    ),
    "an embedding read backwards": (
        lambda: Written(lambda net, x: F.linear(net.e(x), net.e.weight), e=nn.Embedding(50, 8)),
        (6,), 400, 6 * 400,
    ),
    "gates cut from one matrix": (
        lambda: Written(
            lambda net, x: net.l(x) * F.linear(x, net.w[:5]) + F.linear(x, net.w[5:]),
            l=nn.Linear(4, 5), w=learned(10, 4),
        ),
        (4,), 25 + 40, 20 + 40,
    ),
}  # fmt: skip
"""Parts of a parameter, and the same one at several places."""


MADE: dict[str, Case] = {
    "a merged low-rank update": (
        lambda: Written(
            lambda net, x: F.linear(x, net.w + net.b @ net.a),
            w=learned(20, 12), b=learned(20, 4), a=learned(4, 12),
        ),
        # Its own product is one of each forward pass.
        (12,), 240 + 80 + 48, 240 + 20 * 4 * 12,
    ),
    "weight norm": (lambda: weight_norm(nn.Linear(4, 6)), (4,), 24 + 6 + 6, 24),
    "weight norm of a convolution": (
        lambda: weight_norm(nn.Conv2d(4, 6, 3)), (4, 5, 5), 216 + 6 + 6, 216 * 9
    ),
    "spectral norm": (lambda: spectral_norm(nn.Conv2d(4, 6, 3)), (4, 5, 5), 216 + 6, 216 * 9),
    "a buffer for a weight": (
        lambda: Written(lambda net, x: net.l(x @ net.b), b=torch.zeros(40, 20), l=nn.Linear(20, 5)),
        (40,), 105, 800 + 100,
    ),
    "a fixed blur": (
        lambda: Written(
            lambda net, x: net.c(F.conv2d(x, net.k, groups=3)),
            k=torch.zeros(3, 1, 3, 3), c=nn.Conv2d(3, 4, 1),
        ),
        (3, 6, 6), 16, 27 * 16 + 12 * 16,
    ),
    "a buffer that broadcasts its partner": (
        lambda: Written(
            lambda net, x: net.c(x + net.b), b=torch.zeros(8, 1, 1), c=nn.Conv2d(8, 4, 3)
        ),
        (1, 6, 6), 288 + 4, 288 * 16,
    ),
    "a mask times a map": (
        lambda: Written(
            lambda net, x: net.c(x * net.m), m=torch.ones(1, 6, 6), c=nn.Conv2d(3, 4, 3)
        ),
        (3, 6, 6), 112, 108 * 16,
    ),
    "a kernel computed from the input": (
        lambda: Written(
            lambda net, x: F.conv2d(x, net.g(x.mean((2, 3))).view(3, 1, 3, 3), groups=3, padding=1),
            g=nn.Linear(3, 27),
        ),
        (3, 6, 6), 108, 81 + 27 * 36,
    ),
    "a batch norm's bias alone": (
        lambda: Written(
            lambda net, x: F.batch_norm(x, net.m, net.v, None, net.b),
            m=torch.zeros(6), v=torch.ones(6), b=learned(6),
        ),
        (6, 4, 4), 6, 0,
    ),
    "a layer norm's bias alone": (
        lambda: Written(lambda net, x: F.layer_norm(x, (12,), None, net.b), b=learned(12)),
        (5, 12), 12, 0,
    ),
    "a learned map added": (
        lambda: Written(lambda net, x: net.l(x + net.p), p=learned(1, 5, 12), l=nn.Linear(12, 3)),
        (5, 12), 60 + 39, 5 * 36,
    ),
    "a learned map times the input": (
        lambda: Written(
            lambda net, x: net.c(x * net.m), m=learned(1, 3, 6, 6), c=nn.Conv2d(3, 4, 3)
        ),
        (3, 6, 6), 108 + 112, 108 * 16,
    ),
    "a class token": (
        lambda: Written(
            lambda net, x: net.l(torch.cat([net.t.expand(len(x), -1, -1), x], 1) + net.p),
            t=learned(1, 1, 12), p=learned(1, 6, 12), l=nn.Linear(12, 3),
        ),
        (5, 12), 12 + 72 + 39, 6 * 36,
    ),
    "a bias looked up": (
        lambda: Written(
            lambda net, x: (x @ x.transpose(1, 2) + net.t[net.i]) @ x,
            t=learned(9), i=torch.zeros(5, 5, dtype=torch.long),
        ),
        (5, 4), 9, 2 * 5 * 5 * 4,
    ),
}  # fmt: skip
"""What a weight is made of, and what is no weight."""


CASES = PARTS | MADE


@pytest.mark.parametrize("name", CASES)
def test_every_number_is_counted_once(name: str) -> None:
    check_counts(*CASES[name])


def item_in_init() -> nn.Module:
    rates = [rate.item() for rate in torch.linspace(0, 0.2, 3)]
    parts = [nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.Dropout(rate)) for rate in rates]
    return nn.Sequential(*parts)


def test_numbers_may_be_taken_from_tensors_while_it_is_built() -> None:
    _, report = read(item_in_init, (3, 12, 12))
    assert report.totals.parameters == 3 * 84
    assert report.totals.connections == 3 * 81 * 144


def with_trained(module: nn.Module, end: str) -> nn.Module:
    for name, parameter in module.named_parameters():
        parameter.requires_grad = name.endswith(end)
    return module


def test_a_layer_may_be_trained_in_part() -> None:
    def bitfit() -> nn.Module:
        net = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.Flatten(),
            nn.Linear(320, 10),
        )  # fmt: skip
        return with_trained(net, "bias")

    _, report = read(bitfit, (3, 12, 12))
    assert report.complete
    assert report.totals.parameters == 112 + 8 + 185 + 3210
    assert report.totals.trainable_parameters == 4 + 4 + 5 + 10
    assert report.totals.connections == 108 * 100 + 180 * 64 + 3200


@pytest.mark.parametrize("used", [True, False])
def test_what_no_output_needs_is_said_and_is_no_cost(used: bool) -> None:
    def forward(net: Written, x: Tensor) -> Tensor:
        if used:
            net.l(x.flatten(1))  # computed, and thrown away
        return net.c(x)

    spec, report = read(
        lambda: Written(forward, c=nn.Conv2d(3, 4, 3), l=nn.Linear(192, 50)), (3, 8, 8)
    )
    assert spec.audit == (
        "the model holds 9,762 parameters, the graph 112: 9,650 of l are unused: "
        "no output depends on them",
    )
    assert report.complete
    assert report.totals.parameters == 112


def test_an_output_of_parameters_alone_makes_the_totals_lower_bounds() -> None:
    spec, report = read(
        lambda: Written(lambda net, x: (net.c(x), net.w * 2), c=nn.Conv2d(3, 4, 1), w=learned(5)),
        (3, 4, 4),
    )
    assert spec.audit == (
        "the model holds 21 parameters, the graph 16: 5 of w are unused or not understood",
    )
    assert not report.complete
    assert report.totals.parameters == 21


def test_an_opaque_operation_states_what_it_learns() -> None:
    spec, report = read(lambda: Written(lambda net, x: net.b(x, x), b=nn.Bilinear(4, 4, 3)), (4,))
    assert spec.unknown == ("b: bilinear",)
    assert not report.complete
    assert report.totals.parameters == 4 * 4 * 3 + 3


def test_inputs_may_be_a_dict_and_whole_numbers() -> None:
    def forward(net: Written, batch: dict[str, Tensor]) -> Tensor:
        return net.e(batch["ids"]) + net.l(batch["x"])

    _, report = read(
        lambda: Written(forward, e=nn.Embedding(20, 6), l=nn.Linear(3, 6)),
        {"x": (5, 3), "ids": (5,)},
    )
    assert report.complete
    assert report.totals.parameters == 120 + 24


def test_parts_may_be_empty_and_cut_by_their_length() -> None:
    """Eight maps of 7 x 5: five of them, then three; 3 x 3 x 3 numbers each."""

    def forward(net: Written, x: Tensor) -> Tensor:
        y = net.c(x)
        return torch.cat([y[:, :0], y[:, 3:], y.narrow(1, 0, 3)], 1)

    spec, report = read(lambda: Written(forward, c=nn.Conv2d(3, 8, 3)), (3, 9, 7))
    assert (spec.unknown, spec.audit) == ((), ())
    assert report.network.nodes[report.network.outputs[0]].output.dims == (8, 7, 5)
    assert report.totals.connections == 8 * 7 * 5 * 27
