"""Each layer type run forward by PyTorch's own functions.

Knows the layer types from their documentation; nothing of cnncost's gradient rules.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import torch
from moving_runs import (
    channel_shuffle,
    crop,
    flat_pads,
    get,
    pad,
    permute,
    pixel_shuffle,
    space_to_depth,
    upsample,
)
from recurrent_runs import RECURRENT_RUNS
from torch import Tensor
from torch.nn import functional

from cnncost.network import Node

if TYPE_CHECKING:
    from forward import Forward


def _by_channel(vector: Tensor, x: Tensor) -> Tensor:
    return vector.reshape(1, -1, *[1] * (x.dim() - 2))


def _pads(node: Node) -> list[tuple[int, int]]:
    return [(w.before, w.after) for w in get(node, "resolve_windows")(node.inputs[0])]


def conv(run: Forward, node: Node, x: Tensor) -> Tensor:
    own = run.parameters[node.index]
    weight, groups = own["weight"], getattr(node.layer, "groups", 1)
    if node.layer.word == "depthwise_conv":
        groups = x.shape[1]
    maps = getattr(node.layer, "connects", None)
    if maps:
        mask = torch.zeros_like(weight)
        for filter_, seen in enumerate(maps):
            mask[filter_, list(seen)] = 1
        run.kernels[node.name] = mask
        weight = weight * mask
    function = {3: functional.conv1d, 4: functional.conv2d, 5: functional.conv3d}[x.dim()]
    return function(
        functional.pad(x, flat_pads(_pads(node))),
        weight,
        own.get("bias"),
        stride=get(node, "stride"),
        dilation=get(node, "dilation"),
        groups=groups,
    )


def locally_connected(run: Forward, node: Node, x: Tensor) -> Tensor:
    """A product with a matrix that is zero where no window of ones reaches."""
    own, reached = run.parameters[node.index], node.inputs[0]
    function = {3: functional.conv1d, 4: functional.conv2d, 5: functional.conv3d}[x.dim()]
    units = torch.eye(reached.units, dtype=x.dtype).reshape(reached.units, *reached.dims)
    groups = get(node, "groups")
    ones = torch.ones(
        node.output.channels, reached.channels // groups, *get(node, "kernel"), dtype=x.dtype
    )
    seen = function(
        functional.pad(units, flat_pads(_pads(node))),
        ones,
        stride=get(node, "stride"),
        dilation=get(node, "dilation"),
        groups=groups,
    )
    mask = (seen.flatten(1).T != 0).to(x.dtype)
    run.kernels[node.name] = mask
    y = functional.linear(x.flatten(1), own["weight"] * mask).reshape(-1, *node.output.dims)
    return y + own["bias"] if "bias" in own else y


def conv_transpose(run: Forward, node: Node, x: Tensor) -> Tensor:
    """All that is painted, cropped to the output's extents from what padding leaves."""
    own = run.parameters[node.index]
    function = {3: functional.conv_transpose1d, 4: functional.conv_transpose2d,
                5: functional.conv_transpose3d}[x.dim()]  # fmt: skip
    full = function(
        x,
        own["weight"],
        None,
        stride=get(node, "stride"),
        dilation=get(node, "dilation"),
        groups=get(node, "groups"),
    )
    spans = []
    for axis, ((before, _), n) in enumerate(zip(_pads(node), node.output.extents, strict=True)):
        spans += [before, n - (full.shape[2 + axis] - before)]
    ordered = [n for i in range(len(spans) - 2, -1, -2) for n in (-spans[i], spans[i + 1])]
    y = functional.pad(full, ordered)
    return y + _by_channel(own["bias"], y) if "bias" in own else y


def dense(run: Forward, node: Node, x: Tensor) -> Tensor:
    own = run.parameters[node.index]
    return functional.linear(x.flatten(1), own["weight"], own.get("bias"))


def linear(run: Forward, node: Node, x: Tensor) -> Tensor:
    own = run.parameters[node.index]
    return functional.linear(x.movedim(1, -1), own["weight"], own.get("bias")).movedim(-1, 1)


def _pooled(x: Tensor, node: Node, fill: float) -> Tensor:
    return functional.pad(x, flat_pads(_pads(node)), value=fill)


def maxpool(run: Forward, node: Node, x: Tensor) -> Tensor:
    function = {3: functional.max_pool1d, 4: functional.max_pool2d,
                5: functional.max_pool3d}[x.dim()]  # fmt: skip
    y = function(
        _pooled(x, node, float("-inf")),
        get(node, "kernel"),
        get(node, "stride"),
        dilation=get(node, "dilation"),
        ceil_mode=get(node, "ceil"),
    )
    # Padded before, a last window may start in the padding behind: it is none.
    return y[(..., *(slice(n) for n in node.output.extents))]


def avgpool(run: Forward, node: Node, x: Tensor) -> Tensor:
    function = {3: functional.avg_pool1d, 4: functional.avg_pool2d,
                5: functional.avg_pool3d}[x.dim()]  # fmt: skip
    y = function(
        _pooled(x, node, 0.0), get(node, "kernel"), get(node, "stride"), ceil_mode=get(node, "ceil")
    )
    return y[(..., *(slice(n) for n in node.output.extents))]


def _adaptive(kind: str) -> Callable[..., Tensor]:
    def function(run: Forward, node: Node, x: Tensor) -> Tensor:
        pool = getattr(functional, f"adaptive_{kind}_pool{x.dim() - 2}d")
        y: Tensor = pool(x, node.output.extents)
        return y

    return function


def subsample(run: Forward, node: Node, x: Tensor) -> Tensor:
    own, kernel = run.parameters[node.index], get(node, "kernel")
    pool = getattr(functional, f"avg_pool{x.dim() - 2}d")
    sums = pool(x, kernel) * prod(kernel)
    y: Tensor = sums * _by_channel(own["weight"], x) + _by_channel(own["bias"], x)
    return y


def batchnorm(run: Forward, node: Node, x: Tensor) -> Tensor:
    own = run.parameters[node.index]
    return functional.batch_norm(x, None, None, own.get("weight"), own.get("bias"), training=True)


def layernorm(run: Forward, node: Node, x: Tensor) -> Tensor:
    own = run.parameters[node.index]
    y = functional.layer_norm(x.movedim(1, -1), (x.shape[1],), own.get("weight"), own.get("bias"))
    return y.movedim(-1, 1)


def groupnorm(run: Forward, node: Node, x: Tensor) -> Tensor:
    own = run.parameters[node.index]
    groups = x.shape[1] if node.layer and node.layer.word == "instancenorm" else get(node, "groups")
    return functional.group_norm(x, groups, own.get("weight"), own.get("bias"))


def lrn(run: Forward, node: Node, x: Tensor) -> Tensor:
    return functional.local_response_norm(x[..., None], get(node, "size"))[..., 0]


def prelu(run: Forward, node: Node, x: Tensor) -> Tensor:
    return functional.prelu(x, run.parameters[node.index]["weight"])


def scale(run: Forward, node: Node, x: Tensor) -> Tensor:
    return x * _by_channel(run.parameters[node.index]["weight"], x)


def dropped(run: Forward, node: Node, x: Tensor) -> Tensor:
    rate = float(get(node, "rate"))
    alone = node.layer.word == "drop_path"
    shape = (x.shape[0], *[1] * (x.dim() - 1)) if alone else x.shape
    kept = torch.rand(shape, generator=run.generator, dtype=torch.float64) >= rate
    run.masks[node.name] = kept / (1 - rate)
    return x * run.masks[node.name]


def mul(run: Forward, node: Node, *xs: Tensor) -> Tensor:
    y = xs[0]
    for x in xs[1:]:
        y = y * x
    return y


def matmul(run: Forward, node: Node, a: Tensor, b: Tensor) -> Tensor:
    groups = node.layer.groups  # type: ignore[union-attr]
    parts = zip(a.chunk(groups, dim=1), b.chunk(groups, dim=1), strict=True)
    return torch.cat([one @ other for one, other in parts], dim=1)


def _function(name: str, **options: Any) -> Callable[..., Tensor]:
    def function(run: Forward, node: Node, x: Tensor) -> Tensor:
        y: Tensor = getattr(functional, name)(x, **options)
        return y

    return function


ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "hardswish", "sigmoid"),
    *("hardsigmoid", "tanh", "softplus", "mish"),
)

Run = Callable[..., Tensor]

RUNS: dict[str, Run] = {
    **dict.fromkeys(("conv", "depthwise_conv"), conv),
    "step": lambda run, node, x: (x >= 0).to(x.dtype) + 0 * x,  # which autograd goes through
    "conv_transpose": conv_transpose,
    "locally_connected": locally_connected,
    "dense": dense,
    "linear": linear,
    "maxpool": maxpool,
    "avgpool": avgpool,
    "global_avgpool": _adaptive("avg"),
    "global_maxpool": _adaptive("max"),
    "adaptive_avgpool": _adaptive("avg"),
    "adaptive_maxpool": _adaptive("max"),
    "subsample": subsample,
    "batchnorm": batchnorm,
    "layernorm": layernorm,
    "groupnorm": groupnorm,
    "instancenorm": groupnorm,
    "lrn": lrn,
    **{word: _function(word) for word in ACTIVATIONS},
    "prelu": prelu,
    "softmax": _function("softmax", dim=1),
    "logsoftmax": _function("log_softmax", dim=1),
    "dropout": dropped,
    "drop_path": dropped,
    "scale": scale,
    "flatten": lambda run, node, x: x.flatten(1),
    "reshape": lambda run, node, x: x.reshape(-1, *node.output.dims),
    "identity": lambda run, node, x: x * 1,
    "permute": permute,
    "pad": pad,
    "crop": crop,
    "slice": lambda run, node, x: x[:, slice(*get(node, "span"))],
    "channel_shuffle": channel_shuffle,
    "pixel_shuffle": pixel_shuffle,
    "space_to_depth": space_to_depth,
    "upsample": upsample,
    **RECURRENT_RUNS,
    "add": lambda run, node, *xs: sum(xs[1:], xs[0]),
    "mul": mul,
    "matmul": matmul,
    "concat": lambda run, node, *xs: torch.cat(xs, dim=1),
}
