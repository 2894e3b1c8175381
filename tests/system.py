"""Every command with arguments that make it print, as a process of its own with streams of ours."""

from __future__ import annotations

import importlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from command import CNNCOST
from fork_server import run_forked
from typer.main import get_command

from cnncost.cli.main import COMMANDS

QUICK_CALIBRATION = (
    *("--networks", "lenet5,m5,residual_mlp,minmax", "--batch", "1"),
    *("--threads", "1", "--seconds", "0.01"),
)

PRINTING: Mapping[str, tuple[str, ...]] = {
    "table": ("lenet5",),
    "explain": ("lenet5",),
    "suggest": ("lenet5",),
    "compare": ("lenet5", "alexnet"),
    "check": ("lenet5",),
    "layers": ("conv",),
    "memory": ("lenet5",),
    "sweep": ("mobilenet_v1", "--set", "alpha=0.5,1"),
    "convert": ("lenet5", "-"),
    "draw": ("lenet5", "-o", "-", "-f", "svg"),
    "report": ("lenet5", "-o", "-"),
    "verify": ("lenet5",),
    "devices": (),
    "boards": (),
    "fit": ("lenet5", "--board", "nucleo-l4r5zi"),
    "calibrate": ("mine", "-o", "-", *QUICK_CALIBRATION),
    "run": ("minmax", "3,-1"),
    "zoo": (),
}
"""Arguments with which each command writes to standard output."""

PACKAGES = {"draw": "matplotlib", "verify": "torch", "calibrate": "torch"}
"""What a command needs that may not be installed."""

FORMS = "--format"


def commands() -> list[str]:
    """The commands that can run here."""
    return [name for name in COMMANDS if find_spec(PACKAGES.get(name, "cnncost")) is not None]


def options(command: str) -> list[Any]:  # Any: click's Parameter, which Typer keeps private
    """The options and arguments of a command, from the command line itself."""
    return list(get_command(importlib.import_module(f"cnncost.cli.{command}").app).params)


def forms(command: str) -> list[str]:
    """What `--format` of a command takes; nothing where there is no such option."""
    for option in options(command):
        if FORMS in option.opts:
            kind = option.type_descriptor.annotation
            if isinstance(kind, type) and issubclass(kind, Enum):
                return [str(form.value) for form in kind]
            return list(get_args(kind)) or option.metavar.split("|")
    return []


def printing() -> Iterator[tuple[str, ...]]:
    """Every command in every format that it has, in which it writes to standard output."""
    for command in commands():
        arguments = (command, *PRINTING[command])
        yield from ((*arguments, FORMS, form) for form in forms(command))
        if not forms(command):
            yield arguments


def shell(
    script: str, *arguments: str | bytes, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in which `"$@"` is the command with its arguments."""
    if script == '"$@"' and not environment:
        return run_forked([os.fsdecode(word) for word in arguments], cwd, os.environ)
    return subprocess.run(
        ["bash", "-c", script, "bash", *CNNCOST, *arguments],
        capture_output=True, cwd=cwd, env={**os.environ, **environment}, check=False, timeout=600,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def said(done: subprocess.CompletedProcess[bytes], code: int = 2) -> str:
    """What an error said: one message, with at most a hint below it, and nothing raw in it."""
    text = done.stderr.decode()
    assert done.returncode == code, text
    assert "Traceback" not in text
    first, *others = text.splitlines()
    assert all(other.startswith("  hint: ") for other in others), text
    assert text.replace("\n", "").isprintable()
    return first
