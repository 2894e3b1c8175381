"""verify of the user's own module: the import beside what the module itself does."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from command import run

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


def said(tmp_path: Path, what: str, shape: str) -> tuple[int, dict[str, list[str]], str]:
    """The exit code of verify, what it prints by quantity, and its messages."""
    file = tmp_path / "net.py"
    file.write_text(NET, encoding="utf-8")
    done = run("verify", f"{file}:{what}", "--input", shape, "-f", "csv")
    rows = {name: row for name, *row in csv.reader(io.StringIO(done.stdout))}
    return done.returncode, rows, done.stderr


@pytest.mark.parametrize("what", ["Net", "made"])
def test_a_module_is_measured_itself(tmp_path: Path, what: str) -> None:
    code, rows, _ = said(tmp_path, what, "3x16x16")
    # Two maps of 8x16x16 and the input of 3x16x16, of two examples, 4 bytes a number.
    peak = str(4 * 2 * (2 * 8 * 256 + 3 * 256))
    assert code == 0
    assert rows["peak activations, inference (last use)"][:2] == [peak, peak]
    # 3 x 9 x 8 + 8, 8 x 9 x 8 + 8, 8 x 10 + 10.
    assert rows["parameters"][:2] == ["898", "898"]
    assert rows["peak activations, inference (eager)"][0] == ""


def test_a_module_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    code, rows, err = said(tmp_path, "Net", "4x16x16")
    assert (code, rows) == (2, {})
    assert "Traceback" not in err
