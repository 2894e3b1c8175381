"""A file of Python code without a name: what may build a network in it is listed, and not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncost.formats import list_builders
from tests.command import run

CODE = """\
import nothing_that_is_there
class Settings:
    width = 4
class Net(nothing_that_is_there.Module):
    def forward(self, x): return x
class Plain:
    def forward(self, x): return x
def build(width=4): return Net()
def _helper(): return None
raise SystemExit("it was run")
"""


def test_what_may_build_a_network_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(CODE, encoding="utf-8")
    assert list_builders(path) == ["Net", "Plain", "build"]
    done = run("table", "net.py", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "net.py: Python code; name what builds the network, and give --input SHAPE\n"
        "  hint: one of net.py:Net, net.py:Plain, net.py:build\n"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (b"x = 1\n", "net.py: Python code without a class or function that builds a network\n"),
        (b"def f(:\n", "net.py: no Python: invalid syntax"),
        (b"\x00", "net.py: no Python: "),
        (b"\xff\xfe", "net.py: no Python: "),
        (b"(" * 10_000, "net.py: no Python: "),
    ],
)
def test_what_is_no_code_says_so(tmp_path: Path, code: bytes, said: str) -> None:
    (tmp_path / "net.py").write_bytes(code)
    done = run("table", "net.py", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("".join(f"def f{n}(): 0\n" for n in range(25)), "utf-8")
    hint = run("table", "net.py", cwd=tmp_path).stderr.splitlines()[1]
    assert hint.endswith("net.py:f19, and 5 more")
