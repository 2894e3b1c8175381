"""How many lines a network's spec has once it is imported, and with --flat.

    pip install torch==2.13.0 onnx
    pip install --no-deps torchvision==0.28.0 timm==1.0.31
    python benchmarks/import_lines.py [DIRECTORY OF ONNX FILES]

ResNet-50, MobileNetV2 and DenseNets from torchvision and timm, and every file `NAME.*.onnx` of
the directory. Prints a line a network: its lines, the most that it may have, its flat lines,
whether both are one network node by node, and the seconds that the structure took to find.
Exits with 1 where one is longer than it may be, or is not the flat one.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from torch_in import build

import cnncost
from cnncost.formats.graph import graph_of
from cnncost.formats.spec_text import spec_text
from cnncost.formats.structured_text import are_equal_networks, write_structured
from cnncost.formats.torch_in.torch_trace import trace_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncost.formats.graph import Graph

MOST = {"resnet50": 60, "mobilenet_v2": 80, "densenet121": 60}
"""Lines at most of an import from ONNX; PyTorch's have their batch norms unfolded as well."""

BUILT = (
    ("tv", "resnet50"),
    ("tv", "mobilenet_v2"),
    ("tv", "densenet121"),
    ("tv", "densenet161"),
    ("tv", "densenet169"),
    ("tv", "densenet201"),
    ("timm", "densenet121"),
    ("timm", "ese_vovnet19b_dw"),
)
"""What is built in PyTorch: from where, and its name there."""


def main() -> int:
    print(f"{'network':40} {'lines':>6} {'most':>5} {'flat':>6} {'same':>5} {'seconds':>8}")
    wrong = 0
    for title, most, graph in [*built(), *files()]:
        start = time.perf_counter()
        text = write_structured(graph)
        seconds = time.perf_counter() - start
        flat = spec_text(graph)
        same = are_equal_networks(cnncost.loads(text).network, cnncost.loads(flat).network)
        lines = len(text.splitlines())
        wrong += not same or lines > (most or lines)
        counts = f"{lines:6} {most or '':>5} {len(flat.splitlines()):6}"
        print(f"{title:40} {counts} {'yes' if same else 'NO':>5} {seconds:8.2f}", flush=True)
    return 1 if wrong else 0


def built() -> Iterator[tuple[str, int, Graph]]:
    """The networks built in PyTorch: title, lines at most (0: any), graph.

    Each is a spec first, as `cnncost convert` has it.
    """
    for source, name in BUILT:
        module = build({"source": source, "model": name})
        traced = trace_module(module, name, {"input": (3, 224, 224)})
        yield f"{source} {name}", 0, graph_of(cnncost.loads(spec_text(traced)).network)


def files() -> Iterator[tuple[str, int, Graph]]:
    """The same of the directory's files."""
    folders = [Path(argument) for argument in sys.argv[1:]]
    for path in sorted(path for folder in folders for path in folder.glob("*.onnx")):
        most = MOST.get(path.name.partition(".")[0], 0)
        yield path.name, most, graph_of(cnncost.load(path).network)


if __name__ == "__main__":
    sys.exit(main())
