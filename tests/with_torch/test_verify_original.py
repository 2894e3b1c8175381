"""verify of the user's own module: the import beside what the module itself does."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cnncost.cli.main import app

RUNNER = CliRunner()

NET = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        self.f = nn.Linear(8, 10)

    def forward(self, x):
        x = self.b(self.a(x))
        return self.f(x.mean((2, 3)))

made = Net()
"""


def said(tmp_path: Path, text: str, what: str = "Net", shape: str = "3x16x16") -> tuple[int, str]:
    """The exit code of verify of a file with such code, and what it prints."""
    file = tmp_path / "net.py"
    file.write_text(text, encoding="utf-8")
    run = RUNNER.invoke(app, ["verify", f"{file}:{what}", "--input", shape, "-f", "csv"])
    return run.exit_code, run.stdout


@pytest.mark.parametrize("what", ["Net", "made"])
def test_a_module_is_measured_itself(tmp_path: Path, what: str) -> None:
    code, text = said(tmp_path, NET, what)
    rows = dict(line.split(",", 1) for line in text.splitlines())
    # Two maps of 8x16x16 and the input of 3x16x16, of two examples, 4 bytes a number.
    peak = 4 * 2 * (2 * 8 * 256 + 3 * 256)
    assert code == 0
    assert rows["peak activations, inference (last use)"].startswith(f"{peak},{peak},")
    # 3 x 9 x 8 + 8, 8 x 9 x 8 + 8, 8 x 10 + 10.
    assert rows["parameters"] == "898,898,0.0,true,"
    assert rows["peak activations, inference (eager)"].startswith(",")


def test_a_module_that_does_not_run_is_an_error_of_one_line(tmp_path: Path) -> None:
    code, text = said(tmp_path, NET, shape="4x16x16")
    assert (code, text) == (2, "")
