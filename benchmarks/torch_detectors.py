"""PyTorch in, on torchvision's detectors: how much of each is read before it depends on data.

    pip install torch==2.13.0
    pip install --no-deps torchvision==0.28.0
    python benchmarks/torch_detectors.py [MODEL ...]

Each is built without memory for weights and read up to its first boxes. Its multiply-accumulates
must be those that PyTorch's FLOP counter has counted when the same module, run on the meta device,
comes to what that device has no numbers for; its parameters, with those said not to be read, all
that the module holds. Prints one line per model; 1 where one is refused or differs.
"""

from __future__ import annotations

import sys
import time

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

# torchvision declares its kernels when it is imported; where its file of kernels does not load,
# these must exist. Their results' sizes depend on data, or are as torchvision's own functions say.
KERNELS = torch.library.Library("torchvision", "FRAGMENT")
try:
    for name in ("nms", "qnms"):
        KERNELS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    KERNELS.define(
        "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
        "SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor"
    )
except RuntimeError:
    pass

import cnncost  # noqa: E402
from cnncost.api import load_graph  # noqa: E402
from cnncost.errors import CnncostError  # noqa: E402
from cnncost.formats.torch_in.torch_source import make_module  # noqa: E402
from cnncost.formats.torch_in.torch_trace import trace_module  # noqa: E402

SIZES = {
    "fasterrcnn_resnet50_fpn": 640,
    "fasterrcnn_resnet50_fpn_v2": 640,
    "fasterrcnn_mobilenet_v3_large_fpn": 640,
    "fasterrcnn_mobilenet_v3_large_320_fpn": 320,
    "maskrcnn_resnet50_fpn": 640,
    "maskrcnn_resnet50_fpn_v2": 640,
    "keypointrcnn_resnet50_fpn": 640,
    "retinanet_resnet50_fpn": 640,
    "retinanet_resnet50_fpn_v2": 640,
    "fcos_resnet50_fpn": 640,
    "ssd300_vgg16": 300,
    "ssdlite320_mobilenet_v3_large": 320,
}


def build(name: str) -> torch.nn.Module:
    """A detector without weights, on the meta device."""
    from torchvision.models import detection

    maker = getattr(detection, name)
    return make_module(name, lambda: maker(weights=None, weights_backbone=None))


def counted_before_data(module: torch.nn.Module, image: Tensor) -> int:
    """The multiply-accumulates up to where the meta device has no numbers."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        try:
            module([image])
        except (NotImplementedError, RuntimeError):
            return counter.get_total_flops() // 2
    raise AssertionError("a detector depends on data")


def judge(name: str, size: int) -> tuple[bool, str]:
    """Whether it agrees, and what to print."""
    module = build(name)
    held = sum(p.numel() for p in module.parameters())
    # One of its own for each: a run leaves its anchors in the module.
    wanted = counted_before_data(build(name), torch.zeros(3, size, size, device="meta"))
    graph = trace_module(module, name, {"images": (3, size, size)})
    spec = load_graph(graph, name)
    totals = cnncost.count(spec).totals
    unread = sum(
        node.layer.parameters(node.output)
        for node in spec.network.layers
        if getattr(node.layer, "op", "") == "unread_operations"
    )
    agrees = totals.parameters == held and totals.connections == wanted
    text = f"{held - unread:,} of {held:,} parameters, {totals.connections:,} of {wanted:,} MACs"
    return agrees, f"{text}; {'; '.join(spec.audit)}"


def main() -> int:
    missed = 0
    for name in sys.argv[1:] or SIZES:
        start = time.perf_counter()
        try:
            agrees, said = judge(name, SIZES[name])
        except CnncostError as error:
            agrees, said = False, f"refused: {error}"
        missed += not agrees
        seconds = time.perf_counter() - start
        print(f"{'ok' if agrees else 'OFF':4}{name:38}{seconds:5.1f} s  {said}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
