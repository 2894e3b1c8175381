"""The bundled networks: specs that ship with the package, found by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def folder() -> Path:
    """Where the specs lie: in the package once installed, beside it in a checkout."""
    here = Path(__file__).parent
    installed = here / "configs"
    return installed if installed.is_dir() else here.parent / "configs"


def names() -> list[str]:
    """The names of all bundled networks, in alphabetical order."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def find(name: str) -> Path | None:
    """The spec of a bundled network by its name, with or without `.yaml`."""
    stem = name.removesuffix(".yaml")
    return path(stem) if stem in names() else None


def path(name: str) -> Path:
    """The file of one of `names`."""
    return folder() / f"{name}.yaml"
