"""Write output to standard output, or to a file, whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ENOENT, ENOTDIR
from io import TextIOWrapper
from pathlib import Path
from stat import S_IMODE, S_ISCHR, S_ISDIR, S_ISFIFO
from tempfile import NamedTemporaryFile
from typing import BinaryIO, TextIO

from cnncost.errors import CnncostError

_NOTHING = "nothing was written"


@contextmanager
def open_destination(output: str, *, force: bool) -> Iterator[TextIO]:
    """Open standard output (`-`), or a new file that appears once everything has been written.

    Raises:
        CnncostError: the file exists and `force` is off, or it cannot be written.
    """
    if output == "-":
        yield sys.stdout
        return
    with _open_output(output, force=force) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        try:
            yield text
            text.flush()
        finally:
            with suppress(OSError):  # of what is lost already
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
    with _open_output(output, force=force) as file:
        file.write(data)


@contextmanager
def _open_output(output: str, *, force: bool) -> Iterator[BinaryIO]:
    """Open the file to write into: a new one, or the device or pipe of that name."""
    refuse_existing(output, force=force)
    flows = False
    try:
        there = _stat_output(output)
        flows = there is not None and _passes_on(there)
        with open(output, "wb") if flows else _new_file(output, there) as file:
            yield file
    except OSError as error:
        hint = "" if flows else _NOTHING
        raise CnncostError(f"{output}: {error.strerror or error}", hint) from None


@contextmanager
def _new_file(output: str, old: os.stat_result | None) -> Iterator[BinaryIO]:
    """Open a file beside its destination, which it replaces once everything has been written.

    A link stays a link: the file that it leads to is replaced. The old file's mode stays, and its
    owner if this user may give files away.
    """
    path = Path(os.path.realpath(output))
    file = NamedTemporaryFile(  # noqa: SIM115  closed below, before it is renamed
        "wb", dir=path.parent, prefix=".cnncost-", delete=False
    )
    try:
        with file:
            yield file  # type: ignore[misc]  # a wrapper of a binary file
        if old is not None:
            with suppress(OSError):
                os.chown(file.name, old.st_uid, old.st_gid)
        os.chmod(file.name, 0o666 & ~_read_umask() if old is None else S_IMODE(old.st_mode))
        os.replace(file.name, path)
    finally:
        Path(file.name).unlink(missing_ok=True)


def refuse_existing(output: str, *, force: bool) -> None:
    """Refuse a file that exists, or that cannot be written, before any work is done.

    Devices and pipes need no `force`, because nothing in them is lost.

    Raises:
        CnncostError: the file exists and `force` is off, it may not be written, it is a
            directory, or its directory does not exist.
    """
    if output == "-":
        return
    try:
        there = _stat_output(output)
        if there is None:
            _refuse_homeless(output)
        elif S_ISDIR(there.st_mode):
            raise CnncostError(f"{output}: a directory", "name a file in it")
        elif not _passes_on(there):
            if not force:
                raise CnncostError(f"{output} exists", "--force writes over it")
            os.close(os.open(output, os.O_WRONLY))  # what may not be written may not be replaced
    except OSError as error:
        raise CnncostError(f"{output}: {error.strerror}", _NOTHING) from None


def _refuse_homeless(output: str) -> None:
    """Refuse a new file whose name is a directory's, or whose directory does not exist."""
    if output.endswith("/"):
        raise CnncostError(f"{output}: a directory", "name a file in it")
    if not Path(os.path.realpath(output)).parent.is_dir():
        raise OSError(ENOENT, os.strerror(ENOENT))


def _stat_output(output: str) -> os.stat_result | None:
    """Look up the file of that name, or the one that a link leads to; None if there is none."""
    try:
        return os.stat(output)
    except OSError as error:
        if error.errno in (ENOENT, ENOTDIR):
            return None
        raise


def _passes_on(there: os.stat_result) -> bool:
    """Whether it passes on what is written, as a device or a pipe does."""
    return S_ISCHR(there.st_mode) or S_ISFIFO(there.st_mode)


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
