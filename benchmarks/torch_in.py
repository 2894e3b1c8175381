"""PyTorch in, on every measured network of torchvision and timm that is plain convolution.

    pip install torch==2.13.0
    pip install --no-deps torchvision==0.28.0 timm==1.0.31
    python benchmarks/torch_in.py [MODEL ...]

Each is built without memory for weights, traced, written as a spec, read and counted; its
parameters and multiply-accumulates must be those of `networks.jsonl`, which
were measured with PyTorch. Prints a line a network and the score; 1 where one misses.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch

# torchvision declares its kernels when it is imported; without them, two must exist.
KERNELS = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    KERNELS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import cnncost  # noqa: E402
from cnncost.api import load_graph  # noqa: E402
from cnncost.errors import CnncostError  # noqa: E402
from cnncost.formats.torch_in.torch_source import make_module  # noqa: E402
from cnncost.formats.torch_in.torch_trace import trace_module  # noqa: E402

TOTALS = Path(__file__).with_name("networks.jsonl")


def build(row: dict[str, Any]) -> torch.nn.Module:
    """The network of one row, as it was measured."""
    import timm
    import torchvision

    name = row["model"]
    models = torchvision.models
    plain = {"weights": None}
    heads = {"aux_logits": False, "init_weights": False}
    makers = {
        "timm": lambda: timm.create_model(name),
        "tv": lambda: getattr(models, name)(
            **plain, **(heads if name in ("googlenet", "inception_v3") else {})
        ),
        "tv-seg": lambda: getattr(models.segmentation, name)(**plain, weights_backbone=None),
        "tv-video": lambda: getattr(models.video, name)(**plain),
    }
    return make_module(name, makers[row["source"]])


def difference(row: dict[str, Any]) -> str:
    """Empty where both figures agree; else what differs."""
    graph = trace_module(build(row), row["model"], {"input": tuple(row["input"][1:])})
    report = cnncost.count(load_graph(graph, row["model"]))
    totals = report.totals
    parameters = totals.parameters - row["params"]
    connections = totals.connections - row["macs"]
    if not report.complete:
        return f"incomplete: {', '.join(graph.unknown[:3])}"
    if parameters or connections:
        return f"parameters {parameters:+,}, connections {connections:+,}"
    return ""


def main() -> int:
    rows = [json.loads(line) for line in TOTALS.read_text(encoding="utf-8").splitlines()]
    wanted = sys.argv[1:]
    rows = [row for row in rows if row["pure_conv"] and (not wanted or row["model"] in wanted)]
    missed = 0
    for row in rows:
        start = time.perf_counter()
        try:
            said = difference(row)
        except CnncostError as error:
            said = f"{type(error).__name__}: {error}"
        missed += bool(said)
        seconds = time.perf_counter() - start
        print(f"{row['source']:8} {row['model']:32} {seconds:5.1f} s  {said or 'ok'}", flush=True)
    print(f"{len(rows) - missed} of {len(rows)} agree to the integer")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
