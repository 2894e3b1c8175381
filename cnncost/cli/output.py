"""Where output goes: standard output, or a file, whole or not at all."""

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
    """Standard output (`-`), or a new file that appears once all has been written.

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
    """The file to write into: a new one, or the device or pipe that bears the name."""
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
    """A file beside its destination, which it replaces once all has been written.

    A link stays one: what it leads to is replaced. The mode of what stood there stays, and its
    owner where this user may give files away.
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
    """Refuse a file that is there, or that cannot be; asked before any work is done.

    Devices and pipes are written into without `force`, for nothing in them is lost.

    Raises:
        CnncostError: it exists and `force` is off, it may not be written, it is a directory, or
            stands in none.
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
    """Refuse the name of a new file that says it is a directory, or stands in none."""
    if output.endswith("/"):
        raise CnncostError(f"{output}: a directory", "name a file in it")
    if not Path(os.path.realpath(output)).parent.is_dir():
        raise OSError(ENOENT, os.strerror(ENOENT))


def _stat_output(output: str) -> os.stat_result | None:
    """What bears the name, or what its link leads to; None if nothing does."""
    try:
        return os.stat(output)
    except OSError as error:
        if error.errno in (ENOENT, ENOTDIR):
            return None
        raise


def _passes_on(there: os.stat_result) -> bool:
    """Whether it passes on what is written: a device, a pipe."""
    return S_ISCHR(there.st_mode) or S_ISFIFO(there.st_mode)


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
