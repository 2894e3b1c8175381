"""Small modules as people write them: parts by name, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

import cnncost
from cnncost.api import load_graph
from cnncost.costs import Report
from cnncost.formats.torch_in.torch_source import make_module
from cnncost.formats.torch_in.torch_trace import trace_module
from cnncost.language import Spec

Forward = Callable[..., object]

Case = tuple[Callable[[], nn.Module], tuple[int, ...], int, int]
"""How a module is built, its input, its parameters, its multiply-accumulates."""


class Written(nn.Module):
    """Parameters, buffers and modules by name, and a function of them and the inputs."""

    def __init__(self, forward: Forward, **parts: nn.Module | nn.Parameter | Tensor) -> None:
        super().__init__()
        self._how = forward
        for name, part in parts.items():
            if isinstance(part, (nn.Module, nn.Parameter)):
                setattr(self, name, part)
            else:
                self.register_buffer(name, part)

    def forward(self, *inputs: Tensor) -> object:
        return self._how(self, *inputs)


def learned(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(shape))


def read(
    build: Callable[[], nn.Module], shapes: Mapping[str, tuple[int, ...]] | tuple[int, ...]
) -> tuple[Spec, Report]:
    """The spec of what a function builds, and its counts."""
    given = shapes if isinstance(shapes, Mapping) else {"input": shapes}
    spec = load_graph(trace_module(make_module("build", build), "net", dict(given)), "net")
    return spec, cnncost.count(spec)


def check_counts(
    build: Callable[[], nn.Module], shape: tuple[int, ...], parameters: int, connections: int
) -> None:
    """All that a module does is understood, and counted as by hand."""
    spec, report = read(build, shape)
    assert (spec.unknown, spec.audit) == ((), ())
    assert report.complete
    assert report.totals.parameters == parameters
    assert report.totals.connections == connections
