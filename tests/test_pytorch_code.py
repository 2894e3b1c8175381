"""PyTorch code: an entry a layer type, valid Python, names kept; written without PyTorch."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from kinds import list_kinds

import cnncost
from cnncost.errors import CnncostError
from cnncost.formats.torch_out.torch_code import pytorch_code


@pytest.mark.parametrize("name", list_kinds())
def test_the_code_is_python_within_the_line_length(name: str) -> None:
    code = pytorch_code(cnncost.load(name).network)
    ast.parse(code)
    assert max(map(len, code.splitlines())) <= 100
    assert "cnncost" not in code.split('"""', 2)[2]  # the first line alone says who wrote it


def test_an_opaque_layer_is_refused_by_name() -> None:
    spec = cnncost.loads("input: [4]\nlayers:\n  - {name: odd, opaque, output: [2], op: Einsum}\n")
    with pytest.raises(CnncostError, match=r"odd is opaque \(Einsum\)"):
        pytorch_code(spec.network)


def test_shared_and_frozen_layers() -> None:
    text = """\
input: {left: [4], right: [4]}
layers:
  - {name: a, dense: 3, from: left, frozen: true}
  - {name: b, dense: 3, from: right, share: a}
  - {name: both, add: [a, b]}
"""
    code = pytorch_code(cnncost.loads(text).network)
    assert code.count("nn.Linear(4, 3)") == 1
    assert "def forward(self, left, right):" in code
    assert "self.a.requires_grad_(False)" in code
    assert code.count("self.a(") == 2


def test_writing_needs_no_pytorch() -> None:
    code = (
        "import sys\nsys.modules['torch'] = None\nimport cnncost\n"
        "from cnncost.formats.torch_out.torch_code import pytorch_code\n"
        "print(pytorch_code(cnncost.load('resnet18').network))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "class ResNet18(nn.Module):" in done.stdout
