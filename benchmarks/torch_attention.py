"""PyTorch in, on networks with attention: complete and right, or honest.

    pip install torch==2.13.0
    pip install --no-deps torchvision==0.28.0 timm==1.0.31 safetensors huggingface_hub
    python benchmarks/torch_attention.py [MODEL ...]

Each is built without memory for weights and imported; beside it stand the module's own count of
parameters and the products that PyTorch's counter sees in a forward pass without fused
attention. Prints a line a network and how many are complete, incomplete, refused and wrong; 1
where a complete one differs, or an incomplete one counts more than there is.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import torch
import torch_in  # declares torchvision's kernels before it is imported
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import cnncost
from cnncost.api import load_graph
from cnncost.errors import CnncostError
from cnncost.formats.torch_in.torch_source import make_module
from cnncost.formats.torch_in.torch_trace import trace_module

NAMES = Path(__file__).with_name("attention.txt")
"""A library and a network a line."""


class Network(NamedTuple):
    """A module on the meta device, and its input's shape without the batch."""

    module: torch.nn.Module
    shape: tuple[int, ...]


def build(library: str, name: str) -> Network:
    """A network of one of the libraries by its name."""
    import timm
    import torchvision

    if library == "torchvision":
        side = 256 if "v2_t" in name else 224
        maker = getattr(torchvision.models, name)
        return Network(make_module(name, lambda: maker(weights=None)), (3, side, side))
    if library == "torchvision.video":
        maker = getattr(torchvision.models.video, name)
        return Network(make_module(name, lambda: maker(weights=None)), (3, 16, 224, 224))
    module = make_module(name, lambda: timm.create_model(name))
    return Network(module, tuple(module.default_cfg["input_size"]))  # type: ignore[union-attr,arg-type]  # timm's own


def products(network: Network) -> int:
    """The multiply-accumulates of a pass that PyTorch's counter sees; -1 where it does not run."""
    x = torch.zeros((1, *network.shape), device="meta")
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        math = sdpa_kernel(SDPBackend.MATH)
        with math, torch.no_grad(), FlopCounterMode(display=False) as flops:
            network.module(x)
    except Exception:  # what a module does that the meta device cannot
        return -1
    return int(flops.get_total_flops()) // 2


def judged(name: str, network: Network) -> str:
    """complete, or incomplete and why; else what is wrong."""
    own = sum(p.numel() for p in network.module.parameters())
    seen = products(network)
    graph = trace_module(network.module, name, {"input": network.shape})
    spec = load_graph(graph, name)
    report = cnncost.count(spec)
    have = report.totals
    said = f"parameters {have.parameters - own:+,}, connections {have.connections - seen:+,}"
    if not report.complete:
        more = have.parameters > own or -1 < seen < have.connections
        return f"{'wrong' if more else 'incomplete'}: {said}: {'; '.join(spec.unknown[:3])}"
    unused = sum(graph.held[owner] for owner in graph.unused)
    if have.parameters != own - unused or (have.connections != seen and seen >= 0):
        return f"wrong: {said}"
    return "complete" if seen >= 0 else "complete: PyTorch's counter does not run it"


def main() -> int:
    torch_in.KERNELS  # noqa: B018  # declared
    found: Counter[str] = Counter()
    wanted = sys.argv[1:]
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        library, name = line.split()
        if wanted and name not in wanted:
            continue
        start = time.perf_counter()
        try:
            said = judged(name, build(library, name))
        except CnncostError as error:
            said = f"refused: {error}"
        except Exception as error:  # a fault, which is counted and named
            said = f"traceback: {type(error).__name__}: {error}"
        found[said.partition(":")[0]] += 1
        seconds = time.perf_counter() - start
        print(f"{name:32} {seconds:5.1f} s  {' '.join(said.split())[:240]}", flush=True)
    print(", ".join(f"{count} {word}" for word, count in sorted(found.items())))
    return 1 if found["wrong"] or found["traceback"] else 0


if __name__ == "__main__":
    sys.exit(main())
