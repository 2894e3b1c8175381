"""Memory of imported networks beside the original modules measured.

    pip install torch==2.13.0
    pip install --no-deps torchvision==0.28.0 timm==1.0.31 safetensors huggingface_hub
    python benchmarks/import_memory.py [MODEL ...]

Each is built, traced, written as a spec and read; the module itself is run at batch 2 on small
inputs. Prints for each figure ours / measured in bytes: `=` where they agree (a training step to
0.02 %), `~` where PyTorch's strides, which are not modelled, may explain it, `>=` where ours is a
lower bound by its own word, `!` where it is wrong; the eager peak is the module's. 1 where a
figure is wrong.
"""

from __future__ import annotations

import copy
import sys
from typing import Any

import torch

# torchvision declares its kernels when it is imported; without them, two must exist.
KERNELS = torch.library.Library("torchvision", "DEF")
for kernel in ("nms", "qnms"):
    KERNELS.define(f"{kernel}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from cnncost.api import load_graph  # noqa: E402
from cnncost.costs.memory import measure_memory  # noqa: E402
from cnncost.errors import CnncostError  # noqa: E402
from cnncost.formats.torch_in.torch_trace import trace_module  # noqa: E402
from cnncost.verify.difference import SCALARS, STEP, FigureLine, excuse_strides  # noqa: E402
from cnncost.verify.original_figures import measure_original  # noqa: E402

BATCH = 2
NETWORKS = {
    "tv:alexnet": 96, "tv:resnet18": 64, "tv:resnet50": 64, "tv:mobilenet_v2": 64,
    "tv:mobilenet_v3_small": 64, "tv:squeezenet1_1": 64, "tv:densenet121": 64,
    "tv:shufflenet_v2_x1_0": 64, "tv:mnasnet0_5": 64, "tv:regnet_y_400mf": 64,
    "tv:googlenet": 64, "tv:efficientnet_b0": 64, "tv:vgg11_bn": 64, "tv:convnext_tiny": 64,
    "timm:cspdarknet53": 64, "timm:darknet53": 64, "timm:mobilenetv3_small_100": 64,
    "timm:efficientnet_lite0": 64, "timm:ghostnet_100": 64, "timm:hardcorenas_a": 64,
    "timm:resnet26d": 64, "timm:selecsls42b": 64, "timm:repvgg_a0": 64, "timm:dla34": 64,
    "timm:ese_vovnet19b_dw": 64, "timm:nf_regnet_b0": 64,
}  # fmt: skip
"""The extent of each one's input."""


def build(name: str) -> torch.nn.Module:
    """The network, its weights drawn."""
    import timm
    import torchvision

    source, _, model = name.partition(":")
    if source == "timm":
        return timm.create_model(model).eval()
    heads = {"aux_logits": False, "init_weights": False} if model == "googlenet" else {}
    return getattr(torchvision.models, model)(weights=None, **heads).eval()


def rows(name: str) -> list[tuple[str, int | None, int | None, str]]:
    """Each figure: its name, ours, the measured one, and how they stand."""
    module, shapes = build(name), {"input": (3, NETWORKS[name], NETWORKS[name])}
    graph = trace_module(copy.deepcopy(module).to("meta"), name, shapes)
    network = load_graph(graph, name).network
    ours = measure_memory(network, batch=BATCH)
    turned = excuse_strides(network, FigureLine("", 1, 2)).agrees is None
    found = measure_original(module, shapes, BATCH, lambda what: None)
    pairs: list[tuple[str, int | None, int | None, float]] = [
        ("parameters", ours.parameters // 4, found.parameters, 0),
        ("inference", ours.inference.bytes, found.lasting_peak, SCALARS),
        ("saved", ours.saved.total if ours.saved else None, found.saved, 0),
        ("step", ours.training.bytes if ours.training else None, found.step_peak, SCALARS),
    ]
    return [
        (what, one, other, _stands(one, other, _slack(what, other, least), ours.complete, turned))
        for what, one, other, least in pairs
    ] + [("eager", None, found.eager_peak, "?")]


def _slack(what: str, measured: int | None, least: float) -> float:
    return max(least, float(STEP) * (measured or 0)) if what == "step" else least


def _stands(
    ours: int | None, measured: int | None, slack: float, complete: bool, turned: bool
) -> str:
    if ours is None or measured is None:
        return "?"
    if abs(ours - measured) <= slack:
        return "=" if complete else ">= ="
    if turned:
        return "~"
    return "!" if complete or ours > measured else ">="


def main() -> int:
    wanted = sys.argv[1:] or list(NETWORKS)
    wrong = 0
    for name in wanted:
        try:
            found: Any = rows(name)
        except (CnncostError, RuntimeError, ValueError) as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
            wrong += 1
            continue
        wrong += any(sign == "!" for *_, sign in found)
        said = "; ".join(
            f"{what} {'?' if one is None else f'{one:,}'} / {other:,} {sign}"
            for what, one, other, sign in found
            if other is not None
        )
        print(f"{name:28} {said}", flush=True)
    print(f"{len(wanted) - wrong} of {len(wanted)} without a wrong figure")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
