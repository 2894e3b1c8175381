"""Ctrl-C on a terminal: one line, exit 130, no traceback, whatever the command is doing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminal import CODE, heed_ctrl_c, interrupted

from cnncost.cli.main import COMMANDS

WAITING: dict[str, list[str]] = {
    **{name: ["-"] for name in ("table", "explain", "suggest", "check", "memory", "verify")},
    "compare": ["alexnet", "-"],
    "sweep": ["-", "--set", "alpha=1,2"],
    "convert": ["-", "out.py"],
    "draw": ["-", "-o", "out.svg"],
    "report": ["-", "-o", "out.html"],
    "run": ["minmax", "-"],
    "fit": ["-", "--board", "nucleo-l4r5zi"],
}
"""Arguments with which a command waits for its standard input."""


def test_every_command_but_five_can_wait() -> None:
    without_input = {"zoo", "layers", "devices", "boards", "calibrate"}
    assert {*WAITING} | without_input == {*COMMANDS}


@pytest.mark.parametrize("command", WAITING)
def test_ctrl_c_while_a_command_waits(command: str, tmp_path: Path) -> None:
    code, shown = interrupted(command, *WAITING[command], cwd=tmp_path, after=1.0)
    assert code == 130
    # The terminal echoes ^C; the line is written over it.
    assert shown.replace("\r\n", "\n").strip("\n") == "^C\r\x1b[Kinterrupted"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("after", [0, 0.05, 0.1, 0.2])
def test_ctrl_c_while_it_starts(after: float, tmp_path: Path) -> None:
    for _ in range(5):
        code, shown = interrupted("table", "-", cwd=tmp_path, after=after)
        # Not ours: an exception that Python's imports lost, or a signal before main() began.
        if "Exception ignored" not in shown and code != -2:
            break
    assert code == 130
    assert "Traceback" not in shown
    assert shown.endswith("interrupted\r\n")


def test_ctrl_c_while_a_class_is_made() -> None:
    """Python 3.11 raises a RuntimeError there, which Ctrl-C is the cause of; later ones do not."""
    program = """
from cnncost.cli import main

class Named:
    def __set_name__(self, owner, name):
        raise KeyboardInterrupt

def run_app():
    class Made:
        named = Named()

import cnncost.cli.main
cnncost.cli.main.run_app = run_app
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_in_a_pipe_it_is_one_plain_line() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CODE, "table", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_ctrl_c,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline() == "started\n"
        time.sleep(0.5)
        process.send_signal(2)
        assert process.communicate(timeout=20) == ("", "interrupted\n")
    assert process.returncode == 130
