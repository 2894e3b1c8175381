"""Modules in a user's own files: run, given settings, refused, or read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import cnncost

BUILDERS = """\
import torch
from torch import nn
def small(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
def number(): return 3
def broken(): raise ValueError("no weights")
"""


def convert(folder: Path, target: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "nets.py").write_text(BUILDERS, encoding="utf-8")
    command = [sys.executable, "-m", "cnncost", "convert", target, "-", "--to", "yaml"]
    return subprocess.run(
        [*command, *arguments], capture_output=True, encoding="utf-8", cwd=folder, check=False
    )


SETTINGS = """\
import torch
from torch import nn
def net(width=1.0, depth=1, *, name="x"):
    if not isinstance(depth, int) or not isinstance(width, float): raise TypeError(f"{width} {depth}")
    return nn.Sequential(*[nn.Conv2d(3, 3, 1) for _ in range(depth)], nn.Conv2d(3, int(8 * width), 3))
class Net(nn.Sequential):
    def __init__(self, classes): super().__init__(nn.Conv2d(3, classes, 1))
def anything(**given): return Net(given.get("classes", 2))
made = Net(5)
"""  # noqa: E501  the code of a user


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        ("net", 3 * 8 * 9 + 8 + 12),
        ("net --set width=0.5", 3 * 4 * 9 + 4 + 12),
        ("net --set width=2.0 --set depth=3", 3 * 16 * 9 + 16 + 3 * 12),
        ("Net --set classes=7", 3 * 7 + 7),
        ("anything --set classes=4", 3 * 4 + 4),
    ],
)
def test_settings_are_arguments(tmp_path: Path, words: str, parameters: int) -> None:
    (tmp_path / "user.py").write_text(SETTINGS, encoding="utf-8")
    done = convert(tmp_path, *f"user.py:{words} --input 3x8x8".split())
    assert done.returncode == 0, done.stderr
    assert cnncost.count(cnncost.loads(done.stdout)).totals.parameters == parameters


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("net --set widht=0.5",
         "--set widht: user.py:net has no such argument\n"
         "  hint: did you mean 'width'? it takes width, depth, name\n"),
        ("Net --set n=3", "user.py:Net has no such argument\n  hint: it takes classes\n"),
        ("Net", "it is called without arguments; --set NAME=NUMBER gives it classes\n"),
        ("net --set depth=1.5", "TypeError: 1.0 1.5\n  hint: it is called with depth=1.5; --set "),
        ("made --set classes=3", "has no such argument\n  hint: it takes no arguments\n"),
        ("net --set width", "--set width: NAME=NUMBER is due"),
    ],
)  # fmt: skip
def test_settings_that_it_refuses(tmp_path: Path, words: str, said: str) -> None:
    (tmp_path / "user.py").write_text(SETTINGS, encoding="utf-8")
    done = convert(tmp_path, *f"user.py:{words} --input 3x8x8".split())
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("target", ["nets.py:small", "nets:small"])
def test_code_is_run_and_named(tmp_path: Path, target: str) -> None:
    done = convert(tmp_path, target, "--input", "3x8x8")
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"running {target}\n"
    assert cnncost.count(cnncost.loads(done.stdout)).totals.parameters == 3 * 4 * 9 + 4


@pytest.mark.parametrize(
    ("target", "shape", "said"),
    [
        ("nets.py:number", "3x8x8", "returns a int, not a torch.nn.Module"),
        ("nets.py:broken", "3x8x8", "ValueError: no weights"),
        ("nets.py:smal", "3x8x8", "did you mean 'small'?"),
        ("none.py:small", "3x8x8", "none.py: no such file"),
        ("no_such_package:small", "3x8x8", "No module named 'no_such_package'"),
        ("nets.py:small", "5x8x8", "torch.export cannot trace it"),
        ("nets.py:small", "", "the input's shape is due"),
    ],
)
def test_what_it_refuses(tmp_path: Path, target: str, shape: str, said: str) -> None:
    done = convert(tmp_path, target, *(["--input", shape] if shape else []))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


FAILING = """\
import torch
from torch import nn
class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3)
    def forward(self, x):
        y = self.c(x)
        if y.sum() > 0:
            y = y + 1
        return y
class Folded(Branches):
    def forward(self, x):
        return self.c(x.view(1, 7, -1))
class Detects(Branches):
    def forward(self, x):
        y = self.c(x)
        return y, torch.nonzero(y > 0)
"""


def test_a_trace_that_fails_says_so_in_three_lines(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(FAILING, encoding="utf-8")
    done = convert(tmp_path, "user.py:Folded", "--input", "3x8x8")
    assert done.returncode == 2
    running, *lines = done.stderr.splitlines()
    assert running == "running user.py:Folded"
    assert lines[0].startswith("torch.export cannot trace it: ")
    assert lines[1:] == [
        "  user.py:14: return self.c(x.view(1, 7, -1))",
        "  hint: check --input; control flow on data cannot be traced",
    ]


def test_a_module_is_read_up_to_what_depends_on_data(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(FAILING, encoding="utf-8")
    done = convert(tmp_path, "user.py:Branches", "--input", "3x8x8")
    assert done.returncode == 0
    stop = "reading stops at `if y.sum() > 0:` (user.py:9), which depends on data"
    assert f"user.py:Branches: {stop}; all 112 parameters are read" in done.stderr
    assert stop in " ".join(done.stdout.split())
    report = cnncost.count(cnncost.loads(done.stdout))
    assert not report.complete
    assert report.totals.connections == 36 * 108


def test_what_depends_on_data_ends_the_network(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(FAILING, encoding="utf-8")
    done = convert(tmp_path, "user.py:Detects", "--input", "3x8x8")
    assert done.returncode == 0
    assert "nonzero_of_data" in done.stderr
    report = cnncost.count(cnncost.loads(done.stdout))
    assert not report.complete
    assert report.totals.connections == 36 * 108


@pytest.mark.parametrize(
    "command",
    [
        ("table", "--format", "json"),
        ("memory", "--format", "json"),
        ("check", "--budget", "parameters=260"),
        ("suggest", "--budget", "parameters=200", "--format", "json"),
        ("sweep", "--set", "width=4,6", "--format", "json"),
    ],
    ids=lambda command: str(command[0]),
)
def test_every_command_takes_code(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "user.py").write_text(WIDE, encoding="utf-8")
    name, *more = command
    done = subprocess.run(
        [sys.executable, "-m", "cnncost", name, "user.py:net", "--input", "3x8x8", *more],
        capture_output=True, encoding="utf-8", cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "running user.py:net" in done.stderr
    # At width 4: 27 weights and a bias per filter, then 36 and one; at width 6: 168 + 330.
    held = {"memory": 4 * 260, "sweep": 498}.get(name, 260)
    assert str(held) in done.stdout


WIDE = """\
from torch import nn
def net(width=4):
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(), nn.Conv2d(width, width, 3))
"""
