"""Recurrent layers and embeddings run forward by PyTorch's own functions; the forms that PyTorch
lacks are written out step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from equations.shifts import indices
from torch import Tensor
from torch.nn import functional

from cnncost.network import Node

if TYPE_CHECKING:
    from forward import Forward


def recurrent(run: Forward, node: Node, x: Tensor) -> Tensor:
    own: dict[str, Tensor] = run.parameters[node.index]
    layer: Any = node.layer
    sides = ["", "_reverse"][: 2 if layer.bidirectional else 1]
    rows = list(x.unbind(2))
    ends: list[Tensor] = []
    for number in range(layer.layers):
        made = []
        for side in sides:
            part = {k.removesuffix(f"_l{number}{side}"): v for k, v in own.items()
                    if k.endswith(f"_l{number}{side}")}  # fmt: skip
            made.append(states(node, part, rows if not side else rows[::-1]))
        ends = [states_[-1] for states_ in made]
        if len(made) > 1:
            made[1].reverse()
        rows = [torch.cat(pair, dim=1) for pair in zip(*made, strict=True)]
    return torch.cat(ends, dim=1) if layer.last else torch.stack(rows, dim=2)


def states(node: Node, own: dict[str, Tensor], rows: list[Tensor]) -> list[Tensor]:
    """The states of one direction, by torch's cells where it has them."""
    layer: Any = node.layer
    word, batch = layer.word, rows[0].shape[0]
    h = rows[0].new_zeros(batch, own["weight_hh"].shape[1])
    c = rows[0].new_zeros(batch, layer.hidden)
    found = []
    for x in rows:
        ours = functional.linear(x, own["weight_ih"], own.get("bias_ih"))
        if word == "gru" and layer.bias and layer.single_bias:
            h = early_gru(ours, own["weight_hh"], h)
        elif word == "gru":
            h = torch.gru_cell(x, h, own["weight_ih"], own["weight_hh"], own.get("bias_ih"),
                               own.get("bias_hh"))  # fmt: skip
        else:
            gates = ours + functional.linear(h, own["weight_hh"], own.get("bias_hh"))
            if word == "rnn":
                h = getattr(torch, layer.activation)(gates)
            else:
                i, f, g, o = gates.chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
            if "weight_hr" in own:
                h = functional.linear(h, own["weight_hr"])
        found.append(h)
    return found


def early_gru(ours: Tensor, weight: Tensor, h: Tensor) -> Tensor:
    """Cho et al. 2014: the state is reset before it is multiplied."""
    (xr, xz, xn), (ur, uz, un) = ours.chunk(3, 1), weight.chunk(3, 0)
    r, z = (xr + h @ ur.T).sigmoid(), (xz + h @ uz.T).sigmoid()
    n = (xn + (r * h) @ un.T).tanh()
    return (1 - z) * n + z * h


def embedding(run: Forward, node: Node, x: Tensor) -> Tensor:
    table = run.parameters[node.index]["weight"]
    return functional.embedding(indices(x, table.shape[0]), table).transpose(1, 2)


def position_embedding(run: Forward, node: Node, x: Tensor) -> Tensor:
    table = run.parameters[node.index]["weight"]
    return x + table[: x[0, 0].numel()].T.reshape(x.shape[1:])


def rmsnorm(run: Forward, node: Node, x: Tensor) -> Tensor:
    own = run.parameters[node.index]
    y = functional.rms_norm(x.movedim(1, -1), (x.shape[1],), own.get("weight"), 1e-5)
    return y.movedim(-1, 1)


def attention(run: Forward, node: Node, x: Tensor) -> Tensor:
    """PyTorch's scaled dot product, on projections of its multi-head module's layout."""
    own, layer = run.parameters[node.index], node.layer
    heads, few = layer.heads, layer.kv_heads  # type: ignore[union-attr]  # an Attention
    rows = x.flatten(2).transpose(1, 2)
    projected = functional.linear(rows, own["in_proj_weight"], own.get("in_proj_bias"))
    width = own["out_proj.weight"].shape[1]
    narrow = (projected.shape[2] - width) // 2
    q, k, v = (
        part.unflatten(2, (count, -1)).transpose(1, 2)
        for part, count in zip(
            projected.split([width, narrow, narrow], 2), (heads, few, few), strict=True
        )
    )
    heard = functional.scaled_dot_product_attention(q, k, v, enable_gqa=few < heads)
    joined = heard.transpose(1, 2).flatten(2)
    y = functional.linear(joined, own["out_proj.weight"], own.get("out_proj.bias"))
    return y.transpose(1, 2).reshape(x.shape)


RECURRENT_RUNS = {
    "attention": attention,
    "position_embedding": position_embedding,
    "rmsnorm": rmsnorm,
    "lstm": recurrent,
    "gru": recurrent,
    "rnn": recurrent,
    "embedding": embedding,
}
