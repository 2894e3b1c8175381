"""The command as users run it: a process of its own, in a pipe of 80 columns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CNNCOST = [sys.executable, "-c", "from cnncost.cli import main; main()"]


def run(
    *arguments: str, cwd: Path | None = None, text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    env.pop("NO_COLOR", None)
    env |= environment
    return subprocess.run(
        [*CNNCOST, *arguments], capture_output=True, encoding="utf-8", cwd=cwd, env=env,
        input=text, check=False,
    )  # fmt: skip
