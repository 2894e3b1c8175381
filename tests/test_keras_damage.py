"""Keras in: files and archives damaged at random, of which a network comes or a clean refusal."""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from keras_models import HERE, LONGEST, Json, archived, keras_2, refusal

import cnncost
from cnncost.errors import CnncostError
from cnncost.formats.keras_in import read


def _fuzz(data: bytes, path: Path, cases: int, after: Callable[[], None]) -> None:
    """Some bytes changed: a network comes of it, or a clean refusal."""
    chance = random.Random(8)
    for _ in range(cases):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(damaged)
        start = time.process_time()
        try:
            cnncost.load(path)
        except CnncostError:
            after()
        assert time.process_time() - start < LONGEST


def test_a_damaged_archive(tmp_path: Path) -> None:
    data = archived(tmp_path, config__json=json.dumps(keras_2()).encode()).read_bytes()
    path = tmp_path / "net.keras"
    for length in range(0, len(data), len(data) // 40):
        path.write_bytes(data[:length])
        assert refusal(path)
    _fuzz(data, path, 300, lambda: None)


def test_bytes_changed_anywhere(tmp_path: Path) -> None:
    data, refused = json.dumps(keras_2()).encode(), []
    _fuzz(data, tmp_path / "net.json", 300, lambda: refused.append(1))
    assert 20 < len(refused) < 300


@pytest.mark.parametrize("name", ["VGG16", "MobileNetV2"])
def test_bytes_of_reference_files_changed_anywhere(name: str, tmp_path: Path) -> None:
    """The import alone: what reads the spec's text has its own tests."""
    data, path = gzip.decompress((HERE / f"{name}.json.gz").read_bytes()), tmp_path / "net.json"
    chance, said = random.Random(9), []
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 5)):
            # Printable ones, so that most of them still are JSON.
            damaged[chance.randrange(len(data))] = chance.randrange(32, 127)
        path.write_bytes(damaged)
        try:
            read(path, "net.json", {})
        except CnncostError as error:
            said.append(str(error))
    assert said
    assert all(text.startswith("net.json") for text in said)


STRANGE = [None, True, -1, 0, 3, 2**70, 1.5, "", "x", "relu", [], [1], [[1, 1], [1, 1]], {}, "c"]


def test_values_changed_anywhere(tmp_path: Path) -> None:
    """Files that are JSON, and in which something has the wrong kind or size."""
    chance, path = random.Random(10), tmp_path / "net.json"
    data, said = json.dumps(keras_2()), []
    for _ in range(400):
        model = json.loads(data)
        places: list[tuple[Json, Json]] = []
        stack = [model]
        while stack:
            found = stack.pop()
            keys = list(found) if isinstance(found, dict) else list(range(len(found)))
            places += [(found, key) for key in keys]
            stack += [found[key] for key in keys if isinstance(found[key], dict | list)]
        holder, key = chance.choice(places)
        holder[key] = chance.choice(STRANGE)
        path.write_text(json.dumps(model))
        try:
            cnncost.load(path)
        except CnncostError as error:
            said.append(str(error))
    assert 100 < len(said) < 400
    assert all(text.startswith(str(path)) for text in said)
