"""What people have of PyTorch besides their own code: saved programs, packages that make models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import cnncost
from cnncost.errors import CnncostError
from tests.command import run


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(x))) + x


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3)
        self.stage = nn.Sequential(Block(), Block())
        self.head = nn.Linear(16, 10)

    def forward(self, picture: Tensor) -> Tensor:
        return self.head(self.stage(self.stem(picture)).mean((2, 3)))


CONNECTIONS = 432 * 30 * 30 + 2 * (2304 * 30 * 30) + 160
"""Of `Small` over 3x32x32: weights times positions, layer by layer; 36x36 positions for 38x38."""
PARAMETERS = (432 + 16) + 2 * (2304 + 2 * 16) + (160 + 10)


def save(path: Path, batch: int = 1, dynamic: tuple[int, ...] = ()) -> Path:
    """Save the program of `Small`, with these dimensions of its input left open."""
    open_dims = (
        ({at: torch.export.Dim(f"d{at}", min=8 if at else 1) for at in dynamic},)
        if dynamic
        else None
    )
    given = (torch.zeros(batch, 3, 32, 32),)
    program = torch.export.export(Small().eval(), given, dynamic_shapes=open_dims)
    torch.export.save(program, path)
    return path


@pytest.mark.parametrize(("batch", "dynamic"), [(1, ()), (2, (0,))])
def test_a_saved_program_is_read_as_its_module(
    tmp_path: Path, batch: int, dynamic: tuple[int, ...]
) -> None:
    spec = cnncost.load(save(tmp_path / "net.pt2", batch, dynamic))
    totals = cnncost.count(spec).totals
    assert (totals.connections, totals.parameters) == (CONNECTIONS, PARAMETERS)
    assert spec.name == "net"
    assert next(path for path in spec.paths if path.startswith("stage.1")) == "stage.1.conv"


def test_extents_that_a_program_leaves_open_are_asked_for(tmp_path: Path) -> None:
    path = save(tmp_path / "net.pt2", 2, (0, 2, 3))
    with pytest.raises(CnncostError, match="leaves extents of picture open") as refused:
        cnncost.load(path)
    assert "--input 3x224x224" in refused.value.hint
    wider = cnncost.load(path, inputs={"": (3, 38, 38)})
    connections = cnncost.count(wider).totals.connections
    assert connections == (432 + 2 * 2304) * 36 * 36 + 160
    assert cnncost.load(path, inputs={"picture": (3, 38, 38)}).network.inputs[0].output.dims == (
        *(3, 38, 38),
    )


def test_what_is_no_such_program_is_refused_in_one_line(tmp_path: Path) -> None:
    damaged = save(tmp_path / "net.pt2").read_bytes()[:-500]
    (tmp_path / "cut.pt2").write_bytes(damaged)
    (tmp_path / "text.pt2").write_text("layers: []", encoding="utf-8")
    save(tmp_path / "four.pt2", 4)
    for name, said in (
        ("cut.pt2", "no program of torch.export"),
        ("text.pt2", "no program of torch.export"),
        ("four.pt2", "it was exported for picture of 4x3x32x32, not for a batch of one example"),
        ("net.pt2 --input other=3x32x32", "has no input 'other'"),
        ("net.pt2 --input 3x40x40", "torch.export cannot trace it"),
    ):
        done = run("table", *name.split(), cwd=tmp_path)
        assert done.returncode == 2, name
        assert said in done.stderr
        assert "Traceback" not in done.stderr


MODELS = """\
from torch import nn
def create_model(name, width=4):
    if name != "tiny.v1":
        raise RuntimeError(f"Unknown model ({name})")
    net = nn.Sequential(nn.Conv2d(3, width, 3))
    net.pretrained_cfg = {"input_size": (3, 8, 8)}
    return net
"""


def test_a_package_makes_its_models_by_name(tmp_path: Path) -> None:
    """A model that states its input's shape needs none; --set goes to what makes it."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text(MODELS, encoding="utf-8")
    for words, weights in (("models:tiny.v1", 108), ("models:tiny.v1 --set width=5", 135)):
        done = run("table", *words.split(), "--format", "csv", "--total", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        total = done.stdout.splitlines()[-1].split(",")
        assert total[5:] == [str(weights), str(weights // 27), str(weights * 36)]
    wrong = run("table", "models:tiny.v2", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "Unknown model (tiny.v2)" in wrong.stderr
    assert "Traceback" not in wrong.stderr
