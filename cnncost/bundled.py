"""The bundled networks: specs that ship with the package, found by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def find_folder() -> Path:
    """Find the folder of the specs: in the package once installed, beside it in a checkout."""
    here = Path(__file__).parent
    installed = here / "configs"
    return installed if installed.is_dir() else here.parent / "configs"


def list_names() -> list[str]:
    """List the names of all bundled networks, in alphabetical order."""
    return sorted(path.stem for path in find_folder().glob("*.yaml"))


def find_network(name: str) -> Path | None:
    """Find the spec of a bundled network by its name, with or without `.yaml`."""
    stem = name.removesuffix(".yaml")
    return network_path(stem) if stem in list_names() else None


def network_path(name: str) -> Path:
    """Return the path of the file of one of `list_names`."""
    return find_folder() / f"{name}.yaml"
