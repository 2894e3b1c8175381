"""`suggest` on a real terminal: progress on standard error only there, and a clean Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from contextlib import suppress

from command import CNNCOST
from terminal import heed_ctrl_c

LONG = ["suggest", "googlenet", "--budget", "weights=50%", "--budget", "connections=60%"]
"""A search of many seconds."""


def _read(leader: int) -> str:
    """What the terminal shows; nothing once its other side is closed."""
    with suppress(OSError):
        return os.read(leader, 65536).decode()
    return ""


def test_progress_is_shown_on_a_terminal_and_cleared() -> None:
    leader, follower = pty.openpty()
    command = [*CNNCOST, "suggest", "resnet18", "--budget", "weights=60%", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=follower) as process:
        os.close(follower)
        assert process.stdout is not None
        data = process.stdout.read()
        shown = "".join(iter(lambda: _read(leader), ""))
    os.close(leader)
    assert process.returncode == 0
    assert data.startswith(b"{")
    assert "searching: score" in shown
    assert shown.endswith("\r\x1b[K")


def test_no_progress_in_a_pipe() -> None:
    command = [*CNNCOST, "suggest", "resnet18", "--budget", "weights=60%"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""


def test_ctrl_c_ends_a_search_cleanly() -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*CNNCOST, *LONG], stdout=subprocess.PIPE, stderr=follower, preexec_fn=heed_ctrl_c
    ) as process:
        os.close(follower)
        shown = ""
        while "searching" not in shown:
            shown += (new := _read(leader))
            assert new, shown
        time.sleep(0.5)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        while new := _read(leader):
            shown += new
        process.wait(20)
    os.close(leader)
    assert process.returncode == 130
    assert time.monotonic() - asked < 10
    assert "Traceback" not in shown
    assert shown.endswith("interrupted\r\n")
