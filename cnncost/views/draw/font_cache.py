"""Where matplotlib keeps its list of fonts: nowhere in a home that has no such place yet."""

from __future__ import annotations

import atexit
import logging
import os
from pathlib import Path


def settle_cache() -> None:
    """Tell matplotlib, which is not imported yet, where to keep what it finds out.

    That is `MPLCONFIGDIR` where it is set; else `matplotlib` in the user's cache if
    `XDG_CACHE_HOME` asks for one or it is there; else a directory that goes with the process.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # that fonts are listed is no news
    if not os.environ.get("MPLCONFIGDIR"):
        os.environ["MPLCONFIGDIR"] = _user_cache() or _temporary_cache()


def _user_cache() -> str:
    """The user's own cache of matplotlib; empty if there is none that can be written."""
    asked = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = (Path(asked) if asked else Path.home() / ".cache") / "matplotlib"
        if asked:
            folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home
        return ""
    return str(folder) if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) else ""


def _temporary_cache() -> str:
    """A directory that is gone once the process has ended."""
    from tempfile import TemporaryDirectory

    folder = TemporaryDirectory(prefix="cnncost-")
    atexit.register(folder.cleanup)
    return folder.name
