"""The memory of an import beside that of its module, for tests."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from cnncost.api import load_graph
from cnncost.formats.torch_in.torch_trace import trace_module
from cnncost.verify.original_figures import verify_original

if TYPE_CHECKING:
    from torch import nn

    from cnncost.verify.difference import FigureLine

PEAK = "peak activations, inference (last use)"
SAVED = "saved for backward"
STEP = "peak of a training step"


def figures(
    module: nn.Module, shape: tuple[int, ...] = (3, 12, 12), batch: int = 2
) -> dict[str, FigureLine]:
    """Each figure of an import, by its name."""
    shapes = {"input": shape}
    graph = trace_module(deepcopy(module).eval().to("meta"), "net", shapes)
    network = load_graph(graph, "net").network
    found = verify_original(network, module, shapes, batch, lambda what: None)
    return {line.quantity: line for line in found.lines}
