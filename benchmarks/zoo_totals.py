"""Count in PyTorch what the zoo's larger networks cost: rows of `tests/reference/totals.jsonl`.

    pip install torch==2.13.0
    pip install --no-deps torchvision==0.28.0 timm==1.0.31
    python benchmarks/zoo_totals.py [NAME ...] >> tests/reference/totals.jsonl

Nothing of cnncost is imported. Each network is built on the meta device, by timm, by torchvision or
by `zoo_modules.py` after its paper. Convolutions and linear layers are seen by hooks; the products
are PyTorch's own FLOP counter's, halved, which sees those of attention as well.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

# torchvision declares its kernels when it is imported; without them, two must exist.
KERNELS = torch.library.Library("torchvision", "FRAGMENT")
try:
    for name in ("nms", "qnms"):
        KERNELS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
except RuntimeError:
    pass

import zoo_modules  # noqa: E402  # builds on torchvision


def build_timm(model: str) -> nn.Module:
    import timm

    module: nn.Module = timm.create_model(model)
    return module


def build_torchvision(model: str) -> nn.Module:
    from torchvision import models

    module: nn.Module = getattr(models, model)(weights=None)
    return module


BUILDERS: dict[str, Callable[[str], nn.Module]] = {
    "timm": build_timm,
    "tv": build_torchvision,
    "paper": lambda model: getattr(zoo_modules, model)(),
}

NETWORKS = {
    "efficientnet_v2_s": ("tv", (3, 384, 384)),
    "legacy_xception": ("timm", (3, 299, 299)),
    "inception_v4": ("timm", (3, 299, 299)),
    "yolov3": ("paper", (3, 416, 416)),
    "ssd300": ("paper", (3, 300, 300)),
    "hrnet_w18": ("timm", (3, 224, 224)),
    "vit_base_patch16_224": ("timm", (3, 224, 224)),
    "detr_encoder": ("paper", (3, 800, 1066)),
    "swin_tiny_patch4_window7_224": ("timm", (3, 224, 224)),
}
"""Who builds each network, and what it reads."""


def count_taps_inside(conv: nn.Conv2d, x: Tensor, y: Tensor, axis: int) -> int:
    """How many taps of all windows along one axis fall on the map, not beside it."""
    (size, kernel), pad = (x.shape[2 + axis], conv.kernel_size[axis]), conv.padding[axis]
    starts = (step * conv.stride[axis] - int(pad) for step in range(y.shape[2 + axis]))
    return sum(
        0 <= start + tap * conv.dilation[axis] < size for start in starts for tap in range(kernel)
    )


def list_products(module: nn.Module, x: Tensor) -> Iterator[tuple[int, int, int]]:
    """(units, MACs, MACs without those to padding) of each convolution and linear layer run."""
    seen: list[tuple[int, int, int]] = []

    def see(layer: nn.Module, given: tuple[Tensor, ...], y: Tensor) -> None:
        weights = layer.weight.numel()
        if isinstance(layer, nn.Conv2d):
            inside = prod(count_taps_inside(layer, given[0], y, axis) for axis in (0, 1))
            window = prod(layer.kernel_size)
            seen.append((y.numel(), weights * prod(y.shape[2:]), weights // window * inside))
        else:
            seen.append((y.numel(), *[weights * (y.numel() // y.shape[-1])] * 2))

    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(see)
    module(x)
    return iter(seen)


def count_parameters(module: nn.Module) -> dict[str, int]:
    """Parameters by what they are: multiplied, added, or of norms, scales and embeddings."""
    counts = {"weights": 0, "biases": 0, "other_params": 0}
    for layer in module.modules():
        known = isinstance(layer, nn.Conv2d | nn.Linear | nn.MultiheadAttention)
        for name, value in layer.named_parameters(recurse=False):
            kind = "biases" if name.endswith("bias") else "weights"
            counts[kind if known else "other_params"] += value.numel()
    return counts


def count_network(model: str) -> dict[str, Any]:
    """One row: what the module has and does, for one example."""
    source, shape = NETWORKS[model]
    torch.backends.mha.set_fastpath_enabled(False)  # whose products no counter sees
    with torch.device("meta"):
        module = BUILDERS[source](model).eval()
        x = torch.empty(1, *shape)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        units, macs, inside = map(sum, zip(*list_products(module, x), strict=True))
    products = counter.get_total_flops() // 2
    return {
        "model": model,
        "source": source,
        "input": [1, *shape],
        "params": sum(value.numel() for value in module.parameters()),
        **count_parameters(module),
        "macs": products,
        "macs_nopad": products - macs + inside,
        "conv_linear_units": units,
    }


if __name__ == "__main__":
    for wanted in sys.argv[1:] or NETWORKS:
        print(json.dumps(count_network(wanted)), flush=True)
