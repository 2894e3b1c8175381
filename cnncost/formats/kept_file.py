"""What can be read once only, as a pipe, kept as a file that is read like any other."""

from __future__ import annotations

from stat import S_ISBLK, S_ISDIR, S_ISREG
from typing import IO, TYPE_CHECKING

from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 2**31
"""Bytes of a copy; no ONNX file has more."""

_PART = 2**20


def is_stream(path: Path) -> bool:
    """Whether a path that exists is a pipe or a device, which can be read once only."""
    mode = path.stat().st_mode
    return not (S_ISREG(mode) or S_ISDIR(mode) or S_ISBLK(mode))


def copy_stream(path: Path, name: str, most: int = LARGEST) -> IO[bytes]:
    """A copy in a temporary file, which goes when it is closed; of `most` bytes and one more.

    Raises:
        CnncostError: it cannot be read, or the copy cannot be written.
    """
    from tempfile import NamedTemporaryFile

    try:
        copy = NamedTemporaryFile(prefix="cnncost-")  # noqa: SIM115  the caller closes it
        with path.open("rb") as file:
            while copy.tell() <= most and (part := file.read(_PART)):
                copy.write(part)
        copy.flush()
    except OSError as error:
        raise CnncostError(f"{name}: {error.strerror}") from None
    return copy
