"""The end of a run: messages that standard error gets last, and output that nobody reads."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import UnsupportedOperation

from cnncost.errors import make_printable

INTERRUPTED = 130
"""The exit code of a run that Ctrl-C ended: 128 and the number of its signal."""

MOST = 20
"""The most lines of one list."""

_LINES: list[str] = []


def say_at_the_end(heading: str, lines: Sequence[str]) -> None:
    """Keep a heading and its list, cut to `MOST` lines, for the end of the run; each only once."""
    if (heading := make_printable(heading)) in _LINES:
        return
    _LINES.append(heading)
    _LINES.extend(f"  {make_printable(line)}" for line in lines[:MOST])
    if len(lines) > MOST:
        _LINES.append(f"  and {len(lines) - MOST:,} more")


def say_kept_lines() -> None:
    """Write everything that was kept."""
    for line in _LINES:
        sys.stderr.write(f"{line}\n")
    _LINES.clear()


def drop_output() -> None:
    """Discard what is still to be written to standard output, and all kept messages."""
    _LINES.clear()
    with suppress(UnsupportedOperation):  # what stands in its place is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
