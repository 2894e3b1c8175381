"""Devices and boards: files that ship with the package, the user's own ones, and files by their
path."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from cnncost.errors import CnncostError, did_you_mean
from cnncost.timing import Device, read_device
from cnncost.timing.board import Board
from cnncost.timing.board_text import read_board

LARGEST = 2**20
"""Bytes; the largest file of a device that is read."""

DEVICES, BOARDS = "devices", "boards"
"""The folders of both kinds; also the commands that list them."""


def find_shipped_folder(kind: str = DEVICES) -> Path:
    """Where the shipped devices lie: in the package once installed, beside it in a checkout."""
    here = Path(__file__).parent
    installed = here / kind
    return installed if installed.is_dir() else here.parent / kind


def find_own_folder(kind: str = DEVICES) -> Path:
    """Where the user's own devices lie, by the XDG base directory specification."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path(os.path.expanduser("~/.config"))
    return base / "cnncost" / kind


def list_device_files(kind: str = DEVICES) -> dict[str, Path]:
    """List the files of all devices by name; the user's own hide shipped ones of their name."""
    folders = (find_shipped_folder(kind), find_own_folder(kind))
    files = {path.stem: path for folder in folders for path in _list_files(folder)}
    return {name: files[name] for name in sorted(files)}


def _list_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.yaml") if path.is_file())
    except OSError:
        return []


def load_device(word: str) -> Device:
    """Load a device by its name, or by the path of its file.

    Raises:
        CnncostError: there is none, or its file cannot be read.
        SpecError: its file is wrong.
    """
    path = _find_file(word, DEVICES)
    return read_device(_read_text(path, "device"), str(path), path.stem)


def load_board(word: str) -> Board:
    """Load a board by its name, or by the path of its file.

    Raises:
        CnncostError: there is none, or its file cannot be read.
        SpecError: its file is wrong.
    """
    path = _find_file(word, BOARDS)
    return read_board(_read_text(path, "board"), str(path), path.stem)


def _find_file(word: str, kind: str) -> Path:
    known = list_device_files(kind)
    path = Path(word) if _is_file(word) else known.get(find_name(word, known))
    if path is not None:
        return path
    if word.endswith((".yaml", ".yml")):
        raise CnncostError(f"{word}: no such file", f"cnncost {kind} lists the {kind}")
    hint = did_you_mean(fold_name(word), list(known), f"cnncost {kind} lists them")
    raise CnncostError(f"no {kind.removesuffix('s')} is called {word!r}", hint)


def find_name(word: str, names: Iterable[str]) -> str:
    """Find a name however its hyphens and capitals are spelt; the word itself where it is none.

    >>> find_name("NUCLEO_L4R5ZI", ["ek-ra6m4", "nucleo-l4r5zi"])
    'nucleo-l4r5zi'
    """
    known = list(names)
    alike = [name for name in known if fold_name(name) == fold_name(word)]
    return word if word in known or not alike else alike[0]


def fold_name(word: str) -> str:
    """Return what names have in common that differ in hyphens, underscores and capitals alone."""
    return word.lower().replace("_", "-")


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except (OSError, ValueError):
        return False


def _read_text(path: Path, kind: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise CnncostError(f"{path}: {error.strerror}") from None
    if len(data) > LARGEST:
        raise CnncostError(f"{path}: larger than 1 MiB, so it is no {kind}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CnncostError(f"{path}: not UTF-8 text", f"a {kind} is a YAML text") from None
