"""Where output goes: standard output, or a file, whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOENT
from io import TextIOWrapper
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, TextIO

from cnncost.errors import CnncostError


@contextmanager
def destination(output: str, *, force: bool) -> Iterator[TextIO]:
    """Standard output (`-`), or a new file that appears once all has been written.

    Raises:
        CnncostError: the file exists and `force` is off, or it cannot be written.
    """
    if output == "-":
        yield sys.stdout
        return
    refuse_existing(output, force=force)
    with _new_file(output) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


def write_bytes(output: str, data: bytes, *, force: bool) -> None:
    """Write to standard output (`-`), or to a new file, whole or not at all.

    Raises:
        CnncostError: the file exists and `force` is off, or it cannot be written.
    """
    if output == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    refuse_existing(output, force=force)
    with _new_file(output) as file:
        file.write(data)


@contextmanager
def _new_file(output: str) -> Iterator[BinaryIO]:
    """A file beside its destination, which it replaces once all has been written."""
    path = Path(output)
    try:
        file = NamedTemporaryFile(  # noqa: SIM115  closed below, before it is renamed
            "wb", dir=path.parent, prefix=".cnncost-", delete=False
        )
    except OSError as error:
        raise CnncostError(f"{output}: {error.strerror}", "nothing was written") from None
    try:
        with file:
            yield file  # type: ignore[misc]  # a wrapper of a binary file
        os.chmod(file.name, 0o666 & ~_umask())
        os.replace(file.name, path)
    except OSError as error:
        raise CnncostError(f"{output}: {error.strerror}", "nothing was written") from None
    finally:
        Path(file.name).unlink(missing_ok=True)


def refuse_existing(output: str, *, force: bool) -> None:
    """Refuse a file that is there, or that cannot be; asked before any work is done.

    Raises:
        CnncostError: it exists and `force` is off, it is a directory, or stands in none.
    """
    path = Path(output)
    if output == "-":
        return
    if not path.parent.is_dir():
        raise CnncostError(f"{output}: {os.strerror(ENOENT)}", "nothing was written")
    if not path.exists():
        return
    if path.is_dir():
        raise CnncostError(f"{output}: a directory", "name a file in it")
    if not force:
        raise CnncostError(f"{output} exists", "--force writes over it")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
