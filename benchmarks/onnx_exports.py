"""ONNX in, on what both of PyTorch's exporters write of common networks.

    pip install torch==2.13.0 onnx onnxscript
    pip install --no-deps torchvision==0.28.0 timm==1.0.31 safetensors huggingface_hub
    python benchmarks/onnx_exports.py [MODEL ...]

A complete import must have the file's own floating-point numbers as parameters (its initialisers
of one axis or more, without the running statistics of norms: exporters fold norms into
convolutions, so the module's own parameters may be more), and as connections the products that
PyTorch's counter sees in the module. Prints a line a file; 1 where one differs.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from math import prod
from pathlib import Path

import onnx
import torch
import torch_in  # declares torchvision's kernels before it is imported
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import cnncost
from cnncost.errors import CnncostError
from cnncost.formats.torch_in.export_call import silence_torch

VISION = (
    *("resnet18", "mobilenet_v2", "mobilenet_v3_small", "squeezenet1_1", "shufflenet_v2_x0_5"),
    *("densenet121", "mnasnet0_5", "alexnet", "convnext_tiny", "efficientnet_b0"),
    *("regnet_y_400mf", "vit_b_16", "swin_t"),
)
TIMM = (
    *("test_resnet", "test_efficientnet", "test_vit", "test_convnext", "test_nfnet"),
    *("test_mambaout", "mobilevit_xxs", "resnet10t"),
)
FLOATING = (1, 10, 11, 16)


class Classifier(nn.Module):
    """A recurrent layer over a sequence, and a linear one behind its last step."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.inner = kind(16, 24, batch_first=True)
        self.head = nn.Linear(24, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.head(self.inner(x)[0][:, -1])
        return y


class SmallUNet(nn.Module):
    """Down once, up once, joined by a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, 2, 1)
        self.up, self.end = nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(16, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.one(x).relu()
        y: torch.Tensor = self.end(torch.cat([first, self.up(self.two(first).relu())], 1))
        return y


OWN = {
    "unet": (SmallUNet, (3, 32, 48)),
    "lstm": (lambda: Classifier(nn.LSTM), (7, 16)),
    "gru": (lambda: Classifier(nn.GRU), (7, 16)),
}
SEEN = {"lstm": 7 * 4 * 24 * (16 + 24) + 24 * 5, "gru": 7 * 3 * 24 * (16 + 24) + 24 * 5}
"""Connections by hand, where PyTorch's counter sees no products."""


def build(name: str) -> tuple[nn.Module, tuple[int, ...]]:
    """A network with numbers that differ, and its input's shape without the batch."""
    import timm
    import torchvision

    if name in OWN:
        maker, shape = OWN[name]
        module: nn.Module = maker()
    elif name in VISION:
        module, shape = getattr(torchvision.models, name)(weights=None), (3, 224, 224)
    else:
        module = timm.create_model(name)
        shape = module.default_cfg["input_size"]
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.is_floating_point() and tensor.ndim:
            nn.init.uniform_(tensor, 0.01, 0.02)
    return module.eval(), tuple(shape)


def products(name: str, module: nn.Module, x: torch.Tensor) -> int:
    if name in SEEN:
        return SEEN[name]
    with sdpa_kernel(SDPBackend.MATH), torch.no_grad(), FlopCounterMode(display=False) as flops:
        module(x)
    return int(flops.get_total_flops()) // 2


def file_numbers(path: Path) -> int:
    """The floating-point numbers of a file that may be learned."""
    graph = onnx.load(path, load_external_data=False).graph
    return sum(
        prod(item.dims)
        for item in graph.initializer
        if item.data_type in FLOATING
        and prod(item.dims) > 1  # single numbers are factors of attention and epsilons
        and "running_" not in item.name
        and onnx.numpy_helper.to_array(item).any()  # a recurrent layer's first states are zeros
    )


def judged(name: str, path: Path, *, dynamo: bool) -> str:
    module, shape = build(name)
    x = torch.zeros((1, *shape))
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with silence_torch():
            torch.onnx.export(module, (x,), path, dynamo=dynamo, external_data=False)
    except Exception as error:  # whatever PyTorch's exporter raises
        return f"unexported: {type(error).__name__}"
    try:
        spec = cnncost.load(path)
    except CnncostError as error:
        return f"refused: {error}"
    report = cnncost.count(spec)
    parameters = report.totals.parameters - file_numbers(path)
    connections = report.totals.connections - products(name, module, x)
    said = f"parameters {parameters:+,}, connections {connections:+,}"
    if not report.complete:
        more = parameters > 0 or connections > 0
        return f"{'wrong' if more else 'incomplete'}: {said}: {'; '.join(spec.unknown[:3])}"
    return f"wrong: {said}" if parameters or connections else "exact"


def main() -> int:
    torch_in.KERNELS  # noqa: B018  # declared
    found: Counter[str] = Counter()
    for name in sys.argv[1:] or (*OWN, *VISION, *TIMM):
        for dynamo in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    said = judged(name, Path(folder) / "net.onnx", dynamo=dynamo)
                except Exception as error:  # a fault, which is counted and named
                    said = f"traceback: {type(error).__name__}: {error}"
            found[said.partition(":")[0]] += 1
            way = "dynamo" if dynamo else "script"
            print(f"{name:20} {way}  {' '.join(said.split())[:240]}", flush=True)
    print(", ".join(f"{count} {word}" for word, count in sorted(found.items())))
    return 1 if found["wrong"] or found["traceback"] else 0


if __name__ == "__main__":
    sys.exit(main())
