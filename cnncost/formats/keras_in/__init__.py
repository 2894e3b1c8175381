"""Keras in: a model's configuration, without Keras, as a graph in the words of a spec.

A configuration is the JSON text of `model.to_json()`, or a part of a `.keras` archive.
"""

from __future__ import annotations

import json
import zipfile
from errno import EINVAL
from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cnncost.formats.graph import Graph


def read(path: Path, name: str, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    """Read a `model.to_json()` or a `.keras` archive as a graph; `name` stands in messages.

    `shapes` are those of one example of each input, channels first, where the file leaves
    them open or they should be others; a single one needs no name.

    Raises:
        CnncostError: the file is damaged, no model of layers, or its shapes stay open.
    """
    configuration = _read_configuration(path, name)
    from cnncost.formats.keras_in.keras_network import build_keras_graph

    return build_keras_graph(configuration, name, shapes)


LARGEST = 16 * 2**20
"""Bytes; the longest configuration that is read (DenseNet-121's has 0.4 million). The values that
so much JSON can hold take at most 24 times as much memory, empty mappings the most."""

_USUAL = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How Keras packs; the other ways of a zip file can ask for gigabytes before they yield a byte."""

_HINT = "write one with model.to_json() or model.save('model.keras')"


def _read_configuration(path: Path, name: str) -> dict[str, Any]:  # Any: what JSON holds
    """Read the model's configuration: a mapping with class_name and config.

    Raises:
        CnncostError: the file cannot be read, is too large, or is no Keras model.
    """
    try:
        with path.open("rb") as file:
            archived = file.read(2) == b"PK"
        data = _read_archived(path, name) if archived else _read_plain(path, name)
        found = json.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise CnncostError(f"{name}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise CnncostError(f"{name}: neither JSON nor a .keras archive", _HINT) from None
    except json.JSONDecodeError as error:
        what = f"{name}:{error.lineno}:{error.colno}: this is no JSON: {error.msg}"
        raise CnncostError(what, _HINT) from None
    except RecursionError:
        raise CnncostError(f"{name}: its JSON is nested too deep", _HINT) from None
    except ValueError as error:  # a number of more digits than Python reads
        raise CnncostError(f"{name}: this is no JSON: {error}", _HINT) from None
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict | list):
        raise CnncostError(f"{name}: no Keras model: it has no class_name and config", _HINT)
    return found


def _read_plain(path: Path, name: str) -> bytes:
    with path.open("rb") as file:
        return _check_size(file.read(LARGEST + 1), name)


def _read_archived(path: Path, name: str) -> bytes:
    """Read config.json out of the archive; the weights beside it are never touched."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").compress_type not in _USUAL:
                raise NotImplementedError("config.json is compressed in a way that Keras never is")
            with archive.open("config.json") as file:
                packed = file.read(LARGEST + 1)
    except KeyError:
        raise CnncostError(f"{name}: an archive without config.json", _HINT) from None
    except MemoryError:
        raise
    except OSError as error:
        if error.errno != EINVAL:  # a place before the file's first byte
            raise
        raise CnncostError(f"{name}: a damaged archive", _HINT) from None
    except Exception as error:  # the many that zipfile and zlib raise, documented or not
        raise CnncostError(f"{name}: a damaged archive: {error}", _HINT) from None
    return _check_size(packed, name)


def _check_size(data: bytes, name: str) -> bytes:
    if len(data) > LARGEST:
        raise CnncostError(f"{name}: a configuration of more than 16 MiB", _HINT)
    return data
