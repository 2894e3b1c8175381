"""Draws the first screen of `cnncost suggest` at 80 columns, as SVG, for docs/suggest.md.

python docs/screens.py [FOLDER]
"""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from fcntl import ioctl
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS, ROWS = 80, 40

NETWORKS = ("alexnet", "resnet50", "mobilenet_v2")

COMMAND = "cnncost suggest {} --budget connections=50%"


def main(folder: Path) -> None:
    """Draw all of them."""
    for name in NETWORKS:
        command = COMMAND.format(name)
        console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
        lines = [f"$ {command}", *read_terminal(command.split())][:ROWS]
        # The seconds of a search differ from run to run.
        shown = re.sub(r",\s+in\s+\d+\.\d s", "", "\n".join(lines))
        console.print(Text.from_ansi(shown), soft_wrap=True)
        drawn = console.export_svg(title=command, unique_id=f"suggest-{name}")
        (folder / f"suggest_{name}.svg").write_text(drawn, encoding="utf-8")


def read_terminal(command: list[str]) -> list[str]:
    """The lines that a terminal shows of a command, with their colours."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    program = str(Path(sys.executable).parent / command[0])
    shown = b""
    with subprocess.Popen([program, *command[1:]], stdout=follower, stderr=subprocess.DEVNULL):
        os.close(follower)
        with suppress(OSError):  # the other side is closed
            while part := os.read(leader, 65536):
                shown += part
    os.close(leader)
    return shown.decode().splitlines()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "figures")
