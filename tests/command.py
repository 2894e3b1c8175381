"""The command as users run it: a process of its own, in a pipe of 80 columns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fork_server import run_forked

CNNCOST = [sys.executable, "-c", "from cnncost.cli import main; main()"]

FORKED = {"COLUMNS", "NO_COLOR", "PYTHONIOENCODING"}
"""What a fork reads from its environment as a new process does; of other names Python itself or a
package may read some when it starts."""


def run(
    *arguments: str, cwd: Path | None = None, text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    env.pop("NO_COLOR", None)
    env |= environment
    if environment.keys() <= FORKED:
        done = run_forked(arguments, cwd, env, text.encode())
        out, err = (_as_text(part) for part in (done.stdout, done.stderr))
        return subprocess.CompletedProcess([*CNNCOST, *arguments], done.returncode, out, err)
    return subprocess.run(
        [*CNNCOST, *arguments], capture_output=True, encoding="utf-8", cwd=cwd, env=env,
        input=text, check=False,
    )  # fmt: skip


def _as_text(data: bytes) -> str:
    return data.decode().replace("\r\n", "\n").replace("\r", "\n")
