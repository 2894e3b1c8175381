"""The examples of docs/python.md that need PyTorch."""

from __future__ import annotations

import pytest
import torch
from test_python_page import examples, run_examples

import cnncost


def test_examples_with_pytorch() -> None:
    done = run_examples(examples(torch=True))
    assert done.attempted > 3
    assert done.failed == 0


def test_two_inputs_by_name() -> None:
    class Sum(torch.nn.Module):
        def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
            return left + right

    spec = cnncost.from_torch(Sum(), {"left": (4, 8, 8), "right": (4, 8, 8)}, name="sum")
    assert [one.output.channels for one in spec.network.inputs] == [4, 4]
    assert spec.network.name == "sum"


def test_what_cannot_be_traced() -> None:
    class Odd(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("never")

    with pytest.raises(cnncost.CnncostError):
        cnncost.from_torch(Odd(), (3, 8, 8))
