"""Convolutions, pools and paddings of torch.nn with odd arguments."""

from __future__ import annotations

import random
from typing import Any

from drawn_module import DrawnModule, called, extents, layer_class, per_axis
from torch import nn


def conv(rng: random.Random) -> DrawnModule:
    axes, groups = rng.randint(1, 3), rng.choice([1, 1, 2, 3])
    kernel, dilation = per_axis(rng, axes, 1, 4), per_axis(rng, axes, 1, 2)
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    padding: Any = rng.choice([0, 1, "valid", "same", per_axis(rng, axes, 0, 2)])
    stride = 1 if padding == "same" else rng.choice([1, 2, per_axis(rng, axes, 1, 3)])
    given = {
        "groups": groups, "dilation": dilation, "padding": padding, "stride": stride,
        "bias": rng.random() < 0.6,
        "padding_mode": rng.choice(["zeros", "zeros", "reflect", "replicate", "circular"]),
    }  # fmt: skip
    ins, outs = groups * rng.randint(1, 3), groups * rng.randint(1, 3)
    build = lambda: layer_class("Conv", axes)(ins, outs, kernel, **given)  # noqa: E731
    return DrawnModule(build, ((ins, *extents(rng, tuple(r + 3 for r in reach))),))


def conv_transpose(rng: random.Random) -> DrawnModule:
    axes, groups = rng.randint(1, 3), rng.choice([1, 1, 2, 3])
    stride = per_axis(rng, axes, 1, 3)
    given = {
        "stride": stride, "groups": groups, "bias": rng.random() < 0.6,
        "padding": rng.choice([0, 1]), "dilation": rng.choice([1, 1, 2]),
        "output_padding": tuple(rng.randint(0, s - 1) for s in stride),
    }  # fmt: skip
    ins, outs, kernel = groups * 2, groups * rng.randint(1, 3), per_axis(rng, axes, 1, 4)
    build = lambda: layer_class("ConvTranspose", axes)(ins, outs, kernel, **given)  # noqa: E731
    return DrawnModule(build, ((ins, *per_axis(rng, axes, 3, 6)),))


def pool(rng: random.Random) -> DrawnModule:
    axes, kernel = rng.randint(1, 3), rng.randint(2, 4)
    name = rng.choice(["MaxPool", "AvgPool", "LPPool"])
    given: dict[str, Any] = {"ceil_mode": rng.random() < 0.5}
    given["stride"] = rng.choice([None, 1, 2, 3])
    if name != "LPPool":
        given["padding"] = rng.randint(0, kernel // 2)
    if name == "MaxPool":
        given |= {"dilation": rng.choice([1, 2]), "return_indices": rng.random() < 0.3}
    if name == "AvgPool":
        given["count_include_pad"] = rng.random() < 0.5
    args = (rng.choice([1, 2]),) if name == "LPPool" else ()
    build = lambda: layer_class(name, axes)(*args, kernel, **given)  # noqa: E731
    return DrawnModule(build, ((3, *extents(rng, (2 * kernel,) * axes)),))


def adaptive_pool(rng: random.Random) -> DrawnModule:
    axes = rng.randint(1, 3)
    name = rng.choice(["AdaptiveMaxPool", "AdaptiveAvgPool"])
    size: Any = rng.choice(
        [1, 2, per_axis(rng, axes, 1, 4), (None, *per_axis(rng, axes - 1, 1, 4))]
    )
    given = {"return_indices": True} if "Max" in name and rng.random() < 0.4 else {}
    build = lambda: layer_class(name, axes)(size, **given)  # noqa: E731
    return DrawnModule(build, ((3, *per_axis(rng, axes, 4, 8)),))


def odd_pool(rng: random.Random) -> DrawnModule:
    axes = rng.randint(2, 3)
    if rng.random() < 0.5:
        size = rng.choice([2, per_axis(rng, axes, 1, 3)])
        build: Any = lambda: layer_class("FractionalMaxPool", axes)(2, output_size=size)  # noqa: E731
        return DrawnModule(build, ((3, *per_axis(rng, axes, 6, 9)),))
    axes = rng.randint(1, 3)
    stride = rng.randint(2, 3)

    def pair() -> nn.Module:
        pool = layer_class("MaxPool", axes)(stride, return_indices=True)
        return nn.ModuleDict({"pool": pool, "unpool": layer_class("MaxUnpool", axes)(stride)})

    build = called(pair, lambda inner, x: inner["unpool"](*inner["pool"](x)))
    return DrawnModule(build, ((3, *per_axis(rng, axes, 6, 9)),))


def padding(rng: random.Random) -> DrawnModule:
    axes = rng.randint(1, 3)
    name = rng.choice(["Zero", "Constant", "Reflection", "Replication", "Circular"])
    low = -1 if name in ("Zero", "Constant") else 0
    amount = rng.choice([1, per_axis(rng, 2 * axes, low, 3)])
    args = (amount, 1.5) if name == "Constant" else (amount,)
    build = lambda: getattr(nn, f"{name}Pad{axes}d")(*args)  # noqa: E731
    return DrawnModule(build, ((2, *per_axis(rng, axes, 5, 8)),))
