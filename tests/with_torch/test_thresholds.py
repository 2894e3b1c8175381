"""Threshold units to PyTorch and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import cnncost
from cnncost.formats.torch_in.torch_trace import trace_module
from cnncost.formats.torch_out.torch_code import pytorch_code


class Comparing(nn.Module):
    """A dense layer, and a comparison of its units with a number."""

    def __init__(self, bound: float) -> None:
        super().__init__()
        self.fc, self.bound = nn.Linear(4, 3), bound

    def forward(self, x: Tensor) -> Tensor:
        return (self.fc(x) >= self.bound).to(x.dtype)


def words(bound: float) -> list[str]:
    graph = trace_module(Comparing(bound).to("meta"), "net", {"input": (4,)})
    return [op.word for op in graph.ops]


def test_a_comparison_with_zero_is_a_threshold_unit() -> None:
    assert words(0) == ["dense", "step"]
    assert "step" not in words(0.5)


def test_written_code_is_heavisides_function() -> None:
    code = pytorch_code(cnncost.loads("name: net\ninput: [3]\nlayers: [step]").network)
    scope: dict[str, type[nn.Module]] = {}
    exec(code, scope)
    x = torch.tensor([[-1.5, 0.0, 2.0]])
    assert scope["Net"]()(x).equal(torch.heaviside(x, torch.ones(())))
