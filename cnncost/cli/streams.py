"""The standard streams: their faults become messages, and signs that they lack become others,
and what is said at the end of a run comes last."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from errno import EBADF
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper, UnsupportedOperation
from select import select
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError, make_printable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from cnncost.language import Spec


class ReaderGone(Exception):
    """Nobody reads standard output any more, as with `| head`."""


class _StandardInput(FileIO):
    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            return super().readinto(buffer) or 0
        except OSError as error:
            raise _stream_error("standard input", error) from None


class _StandardOutput(FileIO):
    def write(self, data: ReadableBuffer) -> int:
        try:
            while (written := super().write(data)) is None:
                select([], [self], [])  # a pipe that another process has set not to wait
        except BrokenPipeError:
            raise ReaderGone from None
        except OSError as error:
            raise _stream_error("standard output", error) from None
        return written


class _StandardError(FileIO):
    def write(self, data: ReadableBuffer) -> int:
        """Drop a message that cannot be written; the exit code still tells how the run ended."""
        try:
            written = super().write(data)
        except OSError:
            written = None
        return memoryview(data).nbytes if written is None else written


def _stream_error(stream: str, error: OSError) -> CnncostError:
    closed = error.errno == EBADF  # what holds a closed stream's number says so
    return CnncostError(f"{stream} is closed" if closed else f"{stream}: {error.strerror}")


def guard_streams() -> None:
    """Replace Python's streams by ones whose faults become messages."""
    if os.name != "posix":
        return  # elsewhere a console is no file
    _hold_closed()
    if sys.stdin is sys.__stdin__:
        raw = _StandardInput(0, "rb", closefd=False)
        # A spec and its values are UTF-8 whatever the locale; wrong bytes are shown in messages.
        sys.stdin = TextIOWrapper(BufferedReader(raw), "utf-8-sig", "backslashreplace")
    if sys.stdout is sys.__stdout__:
        sys.stdout = _make_writer(_StandardOutput(1, "wb", closefd=False), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _make_writer(_StandardError(2, "wb", closefd=False), sys.stderr)
        sys.stderr.reconfigure(line_buffering=True)


def _hold_closed() -> None:
    """Occupy the number of a closed stream, so that the next opened file does not get it.

    The number is opened in the wrong direction, so that reading or writing the stream fails.
    """
    for number, way in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, way)  # gets the lowest number that is free: this one


def _make_writer(raw: FileIO, before: object) -> TextIOWrapper:
    """Make a text stream over `raw` with the settings of the old one; characters that the encoding
    lacks are replaced."""
    old = before if isinstance(before, TextIOWrapper) else None
    return TextIOWrapper(
        BufferedWriter(raw),
        old.encoding if old else "utf-8",
        "replace",
        line_buffering=raw.isatty(),
        write_through=bool(old and old.write_through),
    )


# Signs for those that the output's encoding lacks: `-` for a rule, `#` for a bar. Views that know
# better, as those of bars and gradient equations do, ask for the encoding themselves.

NAME = "cnncost.signs"

_ALIKE = {
    "-": "─━╌╴╶\u2010\u2011\u2013\u2014\u2212",
    "|": "│┃╷╵",
    "+": "┌┐└┘├┤┬┴┼╭╮╰╯",
    "#": "█▉▊▋▌▍▎▏■",
    "*": "∗⋆•",
    ".": "·",
    "o": "∘",
    "x": "\u00d7",
    "'": "\u2018\u2019\u2032",
    '"': "“”",
    "...": "…",
    "<=": "≤",
    ">=": "≥",
    "->": "→",
    " ": "\u00a0",
}
"""For signs of ASCII, other signs that look like them."""

SIGNS = {sign: plain for plain, signs in _ALIKE.items() for sign in signs}


def write_signs_alike() -> None:
    """Have both streams replace signs that they cannot encode by similar ones."""
    codecs.register_error(NAME, _replace_signs)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=NAME)


def _replace_signs(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):  # no stream here reads
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(map(_plain_sign, lacking)), error.end


def _plain_sign(character: str) -> str:
    """Return ASCII for a character: a similar sign, a letter without its accent, or its number."""
    if character in SIGNS:
        return SIGNS[character]
    from unicodedata import combining, normalize

    if combining(character):
        return ""
    plain = normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or f"\\u{ord(character):04x}"


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


def report_opaque_layers(arch: str, spec: Spec, *, strict: bool) -> Spec:
    """Report a spec's opaque layers, and return the spec.

    If `strict`, opaque layers are refused. If not, those of an import are listed at the end of
    the run, with notes on how its inputs were read.

    Raises:
        CnncostError: `strict` is set and a layer is opaque.
    """
    for note in spec.notes:
        say_at_the_end(note, ())
    for line in spec.audit:
        say_at_the_end(f"{arch}: {line}", ())
    lines = spec.unknown
    if strict and not lines:
        opaque = [node for node in spec.network.layers if not node.layer.known]
        lines = tuple(node.name for node in opaque)
    if strict and lines:
        raise CnncostError(
            f"{arch}: --strict, and {layers_of(lines)} opaque: "
            + "; ".join(lines[:3])
            + ("; ..." if len(lines) > 3 else ""),
            "without --strict their costs count as unknown",
        )
    if lines:
        say_at_the_end(
            f"{arch}: {layers_of(lines)} opaque, with unknown costs (--strict refuses them):",
            lines,
        )
    return spec


def layers_of(lines: Sequence[str]) -> str:
    """Say how many layers something is true of."""
    return "1 layer is" if len(lines) == 1 else f"{len(lines):,} layers are"


def show_progress(what: str) -> None:
    """Show progress, on a terminal only, as a line that is written over."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}")
        sys.stderr.flush()


def drop_output() -> None:
    """Discard what is still to be written to standard output, and all kept messages."""
    _LINES.clear()
    with suppress(UnsupportedOperation):  # what stands in its place is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
