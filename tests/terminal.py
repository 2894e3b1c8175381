"""Runs a command on a pseudo-terminal, as a person does."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from select import select

from command import CNNCOST

CODE = "import sys; from cnncost.cli import main; sys.stderr.write('started\\n'); main()"

CTRL_C = b"\x03"

PRESSES = 12
"""How often Ctrl-C is pressed before a command is taken to ignore it."""

PATIENCE = 5.0
"""Seconds after which Ctrl-C is pressed again: while modules are imported, Python itself can
lose one (in a callback of its import locks, where exceptions are only reported)."""


def read(leader: int) -> str:
    """What the terminal shows next; nothing once its other side is closed."""
    with suppress(OSError):
        return os.read(leader, 65536).decode()
    return ""


def heed_ctrl_c() -> None:
    """For a process to be: tests that run in the background have been told to ignore Ctrl-C, and
    whatever they start is told so as well."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def running(
    *arguments: str, cwd: Path | None = None, columns: int = 80
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command with the terminal as its own, which it gets Ctrl-C from; and the other side."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}

    def adopt() -> None:
        heed_ctrl_c()
        os.setsid()
        fcntl.ioctl(follower, termios.TIOCSCTTY, 0)

    with subprocess.Popen(
        [sys.executable, "-c", CODE, *arguments],
        stdin=follower, stdout=follower, stderr=follower, cwd=cwd, env=env, preexec_fn=adopt,
    ) as process:  # fmt: skip
        os.close(follower)
        yield process, leader
    os.close(leader)


def interrupted(
    *arguments: str, cwd: Path, after: float, when: Callable[[str], bool] = lambda shown: True
) -> tuple[int, str]:
    """Exit code, and what is shown of a command that gets a Ctrl-C so many seconds after it
    started and showed what `when` waits for."""
    with running(*arguments, cwd=cwd) as (process, leader):
        shown = ""
        while "started" not in shown or not when(shown):
            new = read(leader)
            assert new, shown
            shown += new
        time.sleep(after)
        os.write(leader, CTRL_C)
        presses = 1
        while True:
            if not select([leader], [], [], PATIENCE)[0]:
                if presses == PRESSES:
                    process.kill()
                    raise AssertionError(f"Ctrl-C is ignored: {shown}")
                os.write(leader, CTRL_C)  # as a person does
                presses += 1
                continue
            new = read(leader)
            if not new:
                break
            shown += new
        code = process.wait(20)
    return code, shown.partition("started")[2]


def shown(*arguments: str, cwd: Path | None = None, columns: int = 80) -> tuple[int, str]:
    """Exit code, and all that a terminal of so many columns gets to show."""
    with running(*arguments, cwd=cwd, columns=columns) as (process, leader):
        text = "".join(iter(lambda: read(leader), ""))
        code = process.wait(60)
    return code, text.partition("started\r\n")[2]


def in_terminal(*arguments: str, columns: int = 80, **environment: str) -> str:
    """What the command prints on a terminal of so many columns."""
    leader, follower = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", **environment}
    process = subprocess.Popen(
        [*CNNCOST, *arguments], stdout=follower, stderr=follower, env=env, close_fds=True
    )
    os.close(follower)
    chunks = []
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux's way to say that the other end has closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(leader)
    assert process.wait() == 0
    return b"".join(chunks).decode()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
