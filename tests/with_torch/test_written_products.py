"""What people write: products of activations, attention, and what is written into slices.

Each case: how it is built, its input, its parameters, its multiply-accumulates by hand.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as everybody does
from written import Case, Written, check_counts, learned

import cnncost
from cnncost.formats.torch_out.torch_code import pytorch_code


def assigned(net: Written, x: Tensor) -> Tensor:
    x = x.clone()
    x[:, :2] = net.c(x[:, :2])
    return net.d(x)


def added_to_a_slice(net: Written, x: Tensor) -> Tensor:
    y = x.clone()
    y[:, :2].add_(net.c(x))
    return net.d(y)


def multiplied_slice(net: Written, x: Tensor) -> Tensor:
    y = x.clone()
    y[:, 1:3].mul_(net.c(y[:, :2]))
    return net.d(y)


def copied_into_a_chunk(net: Written, x: Tensor) -> Tensor:
    y = x.clone()
    y.chunk(4, 1)[1].copy_(net.c(y[:, :2]))
    return net.d(y)


def added_to_a_select(net: Written, x: Tensor) -> Tensor:
    y = x.clone()
    y[:, 1] += net.c(x)[:, 0]
    return net.d(y)


WRITES: dict[str, Case] = {
    "assignment into a slice": (
        lambda: Written(
            assigned, c=nn.Conv2d(2, 2, 3, 1, 1, bias=False), d=nn.Conv2d(8, 4, 1)
        ),
        (8, 9, 9), 36 + 36, 36 * 81 + 32 * 81,
    ),
    "add_ into a slice": (
        lambda: Written(added_to_a_slice, c=nn.Conv2d(8, 2, 1), d=nn.Conv2d(8, 4, 1)),
        (8, 9, 9), 18 + 36, 16 * 81 + 32 * 81,
    ),
    "mul_ into a slice": (
        lambda: Written(multiplied_slice, c=nn.Conv2d(2, 2, 1), d=nn.Conv2d(8, 4, 1)),
        (8, 9, 9), 6 + 36, 4 * 81 + 32 * 81,
    ),
    "copy_ into a chunk": (
        lambda: Written(copied_into_a_chunk, c=nn.Conv2d(2, 2, 1), d=nn.Conv2d(8, 4, 1)),
        (8, 9, 9), 6 + 36, 4 * 81 + 32 * 81,
    ),
    "+= on a select": (
        lambda: Written(added_to_a_select, c=nn.Conv2d(8, 1, 1), d=nn.Conv2d(8, 4, 1)),
        (8, 9, 9), 9 + 36, 8 * 81 + 32 * 81,
    ),
}  # fmt: skip


def products(net: Written, x: Tensor) -> Tensor:
    a, b = net.q(x), net.k(x)
    s = torch.softmax(torch.bmm(a.transpose(1, 2), b), -1)
    u = torch.einsum("bci,bcj->bij", torch.matmul(b, s), a)
    return torch.baddbmm(u @ s, s, u)


def heads(net: Written, x: Tensor) -> Tensor:
    n, c = x.shape[1:]
    q, k, v = net.qkv(x).reshape(-1, n, 3, 3, 4).permute(2, 0, 3, 1, 4)
    mixed = F.scaled_dot_product_attention(q, k, v)
    return net.o(mixed.transpose(1, 2).reshape(-1, n, c))


def sequence_first(net: Written, x: Tensor) -> Tensor:
    x = x.transpose(0, 1)
    return net.a(x, x, x)[0].transpose(0, 1)


def tokens(net: Written, x: Tensor) -> Tensor:
    return net.o(net.c(net.e(x).transpose(1, 2)).amax(2))


def frames(net: Written, x: Tensor) -> Tensor:
    b, t, c, h, w = x.shape
    y = net.c(x.reshape(b * t, c, h, w)).mean((2, 3))
    return net.l(y.view(b, t, 5).mean(1))


PRODUCTS: dict[str, Case] = {
    "bmm, matmul, einsum, @, baddbmm": (
        lambda: Written(products, q=nn.Conv1d(6, 6, 1), k=nn.Conv1d(6, 6, 1)),
        # Two convolutions of 36 weights at 20 positions; three products of 20 x 20 x 6 and two
        # of 20 x 20 x 20.
        (6, 20), 2 * 42, 2 * 720 + 3 * 2400 + 2 * 8000,
    ),
    "scaled_dot_product_attention": (
        lambda: Written(heads, qkv=nn.Linear(12, 36), o=nn.Linear(12, 12)),
        (10, 12), 468 + 156, 10 * (432 + 144) + 2 * 10 * 10 * 12,
    ),
    "attention, the sequence first": (
        lambda: Written(sequence_first, a=nn.MultiheadAttention(32, 4)),
        (58, 32), 4 * 32 * 32 + 4 * 32, 58 * 4 * 1024 + 2 * 58 * 58 * 32,
    ),
    "attention with a learned key and value": (
        lambda: Written(
            lambda net, x: net.a(x, x, x)[0],
            a=nn.MultiheadAttention(16, 4, batch_first=True, add_bias_kv=True),
        ),
        # 7 queries meet 8 keys.
        (7, 16), 4 * 256 + 4 * 16 + 2 * 16, 7 * 4 * 256 + 2 * 7 * 8 * 16,
    ),
    "an encoder's layer": (
        lambda: nn.TransformerEncoderLayer(16, 4, 32, batch_first=True),
        (7, 16), 4 * 256 + 64 + 2 * 512 + 48 + 64, 7 * (4 * 256 + 2 * 512) + 2 * 49 * 16,
    ),
    "addmm of activations": (
        lambda: Written(lambda net, x: torch.addmm(x[0], x[0], x[0].t() @ x[0])),
        (6, 6), 0, 2 * 216,
    ),
    "addmm of parameters": (
        lambda: Written(lambda net, x: torch.addmm(net.b, x, net.w), b=learned(5), w=learned(7, 5)),
        (7,), 40, 35,
    ),
    "a learned matrix for each head": (
        lambda: Written(
            lambda net, x: torch.einsum("bnhk,hkm->bnhm", x, net.w), w=learned(3, 4, 5)
        ),
        (6, 3, 4), 60, 6 * 60,
    ),
    "token ids into an embedding": (
        lambda: Written(tokens, e=nn.Embedding(500, 16), c=nn.Conv1d(16, 8, 3), o=nn.Linear(8, 2)),
        (20,), 8000 + 392 + 18, 384 * 18 + 16,
    ),
    "frames folded into the batch": (
        lambda: Written(frames, c=nn.Conv2d(3, 5, 3), l=nn.Linear(5, 2)),
        (4, 3, 10, 10), 140 + 12, 4 * 135 * 64 + 10,
    ),
    "an LSTM": (
        lambda: nn.LSTM(8, 16, batch_first=True),
        (5, 8), 4 * 16 * (8 + 16) + 2 * 4 * 16, 5 * 4 * 16 * (8 + 16),
    ),
    "a GRU both ways, twice": (
        lambda: nn.GRU(8, 16, 2, batch_first=True, bidirectional=True),
        (5, 8), 2 * (48 * 24 + 96) + 2 * (48 * 48 + 96), 5 * (2 * 48 * 24 + 2 * 48 * 48),
    ),
    "a layer norm over several axes": (lambda: nn.LayerNorm([3, 4, 5]), (3, 4, 5), 120, 0),
    "a batch norm over steps": (lambda: nn.BatchNorm1d(7), (7, 5), 14, 0),
    "a slope per unit": (
        lambda: Written(lambda net, x: torch.where(x > 0, x, x * net.a), a=learned(3, 4, 4)),
        (3, 4, 4), 48, 0,
    ),
    "any maximum to a size": (
        lambda: Written(
            lambda net, x: net.l(nn.AdaptiveMaxPool2d(1)(x).flatten(1)), l=nn.Linear(3, 2)
        ),
        (3, 6, 6), 8, 6,
    ),
    "an output that is the input": (lambda: nn.Identity(), (3, 6, 6), 0, 0),
    "halves of numbers": (lambda: nn.Conv2d(3, 4, 3).half(), (3, 6, 6), 112, 108 * 16),
    "a number among the outputs": (
        lambda: Written(
            lambda net, x: (y := net.c(x), y.shape[1], True, "a"), c=nn.Conv2d(3, 4, 3)
        ),
        (3, 8, 8), 112, 108 * 36,
    ),
}  # fmt: skip
"""What people have."""

CASES = WRITES | PRODUCTS


@pytest.mark.parametrize("name", CASES)
def test_every_product_is_counted_once(name: str) -> None:
    check_counts(*CASES[name])


@pytest.mark.parametrize("letters", [10, 35, 60])
def test_a_product_whose_code_needs_lines_is_still_a_product(letters: int) -> None:
    k, q = "k" * letters, "q" * letters
    network = cnncost.loads(
        f"name: Product\ninput: [64, 49]\nlayers:\n  - {{name: {k}, reshape: [98, 32]}}\n"
        f"  - {{name: {q}, from: input, relu}}\n  - {{matmul: [{k}, {q}], groups: 2}}\n"
    ).network
    code = pytorch_code(network)
    built: dict[str, type[nn.Module]] = {}
    exec(code, built)
    x = torch.randn(3, 64, 49)
    expected = (x.reshape(3, 2, 49, 32) @ x.relu().reshape(3, 2, 32, 49)).reshape(3, 98, 49)
    assert torch.equal(built["Product"]()(x), expected)
    assert max(map(len, code.splitlines())) <= 100
