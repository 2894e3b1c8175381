"""Layer types that move units, run forward by PyTorch's own functions."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from cnncost.network import Node

if TYPE_CHECKING:
    from forward import Forward


def get(node: Node, field: str) -> Any:  # Any: each field of each type has its own
    return getattr(node.layer, field)


def flat_pads(pads: Any) -> list[int]:
    return [n for pair in reversed(pads) for n in pair]


def permute(run: Forward, node: Node, x: Tensor) -> Tensor:
    return x.permute(0, *get(node, "axes"))


def pad(run: Forward, node: Node, x: Tensor) -> Tensor:
    return functional.pad(x, flat_pads(get(node, "amount")))


def crop(run: Forward, node: Node, x: Tensor) -> Tensor:
    return functional.pad(x, [-n for n in flat_pads(get(node, "amount"))])


def channel_shuffle(run: Forward, node: Node, x: Tensor) -> Tensor:
    return functional.channel_shuffle(x[..., None], get(node, "groups"))[..., 0]


def pixel_shuffle(run: Forward, node: Node, x: Tensor) -> Tensor:
    """Axis by axis, the first one's factor slowest among the channels."""
    factors = get(node, "factor")
    for axis, factor in enumerate(factors):
        rest = prod(factors[axis + 1 :])
        x = x.unflatten(1, (-1, factor, rest)).movedim(2, 3 + axis + 1)
        x = x.flatten(1, 2).flatten(2 + axis, 3 + axis)
    return x


def space_to_depth(run: Forward, node: Node, x: Tensor) -> Tensor:
    """Each position of a block as a slice, all of them stacked behind their channel."""
    factors = get(node, "factor")
    parts = [
        x[(..., *(slice(start, None, f) for start, f in zip(at, factors, strict=True)))]
        for at in torch.cartesian_prod(*map(torch.arange, factors)).reshape(-1, len(factors))
    ]
    return torch.stack(parts, dim=2).flatten(1, 2)


def upsample(run: Forward, node: Node, x: Tensor) -> Tensor:
    linear_mode = {3: "linear", 4: "bilinear", 5: "trilinear"}[x.dim()]
    mode = "nearest" if get(node, "mode") == "nearest" else linear_mode
    return functional.interpolate(x, size=node.output.extents, mode=mode)
