"""Where output goes: standard output, or a file, whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TextIO

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
    path = Path(output)
    refuse_existing(output, force=force)
    try:
        file = NamedTemporaryFile(  # noqa: SIM115  closed below, before it is renamed
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=".cnncost-", delete=False
        )
    except OSError as error:
        raise CnncostError(f"{output}: {error.strerror}", "nothing was written") from None
    try:
        with file:
            yield file  # type: ignore[misc]  # a wrapper of a text file
        os.chmod(file.name, 0o666 & ~_umask())
        os.replace(file.name, path)
    except OSError as error:
        raise CnncostError(f"{output}: {error.strerror}", "nothing was written") from None
    finally:
        Path(file.name).unlink(missing_ok=True)


def refuse_existing(output: str, *, force: bool) -> None:
    """Refuse a file that is there, or a directory; asked before any work is done.

    Raises:
        CnncostError: it exists and `force` is off, or it is a directory.
    """
    path = Path(output)
    if output == "-" or not path.exists():
        return
    if path.is_dir():
        raise CnncostError(f"{output}: a directory", "name a file in it")
    if not force:
        raise CnncostError(f"{output} exists", "--force writes over it")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
