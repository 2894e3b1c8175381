"""TensorFlow Lite in: damaged files, of which a network comes or a clean refusal."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tflite_cases import CASES
from tflite_files import Model, quantised

import cnncost
from cnncost.errors import CnncostError
from cnncost.formats.tflite_in import read

LONGEST = 2.0
"""Seconds of the processor for one file, which takes hundredths."""


def small_files() -> list[bytes]:
    """Files of our own, of every operator."""
    found = []
    for make in CASES:
        model = Model()
        make(model)
        found.append(model.data())
    model = Model("int8")
    return [*found, model.data(quantised(model), others=["a", "b"])]


def damage_bytes(data: bytes, chance: random.Random) -> bytes:
    """Change bytes, numbers and offsets, copy parts to other places, cut the end off."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(8, len(found))
        match chance.randrange(5):
            case 0:
                found[at] = chance.randrange(256)
            case 1:
                number = chance.choice((0, 1, 4, 0xFF, 2**31 - 1, 2**31, 2**32 - 1, len(found)))
                found[at & ~3 : (at & ~3) + 4] = struct.pack("<I", number)
            case 2:
                other = chance.randrange(8, len(found)) & ~3
                found[at & ~3 : (at & ~3) + 4] = found[other : other + 4]
            case 3:
                near = struct.unpack_from("<I", found.ljust(at + 8, b"\0"), at & ~3)[0]
                moved = (near + chance.choice((-8, -4, -2, 2, 4, 8))) % 2**32
                found[at & ~3 : (at & ~3) + 4] = struct.pack("<I", moved)
            case _:
                if chance.random() < 0.2:
                    del found[max(at, 16) :]
    return bytes(found)


def read_or_refuse(path: Path) -> str:
    """The refusal's first line; empty where a network came of it."""
    start, what = time.process_time(), ""
    try:
        cnncost.load(path)
    except CnncostError as error:
        what = error.what
    assert time.process_time() - start < LONGEST
    assert what.startswith(str(path)) or not what
    return what


def test_bytes_changed_anywhere(tmp_path: Path) -> None:
    chance, path, files, said = random.Random(11), tmp_path / "net.tflite", small_files(), []
    for number in range(600):
        path.write_bytes(damage_bytes(files[number % len(files)], chance))
        said.append(read_or_refuse(path))
    refused = [what for what in said if what]
    assert 100 < len(refused) < 550
    assert all("\n" not in what for what in refused)


def test_cut_anywhere(tmp_path: Path) -> None:
    model, path = Model("int8"), tmp_path / "net.tflite"
    data = model.data(quantised(model))
    for length in range(0, len(data), len(data) // 60):
        path.write_bytes(data[:length])
        assert read_or_refuse(path) or length > len(data) - 300


def refuse(path: Path) -> CnncostError:
    with pytest.raises(CnncostError) as raised:
        read(path, "net.tflite", {})
    return raised.value


HINT = "write one with TFLiteConverter, or download it again"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "net.tflite: no TensorFlow Lite file: TFL3 is not in it"),
        (b"PK\3\4 some archive", "net.tflite: no TensorFlow Lite file: TFL3 is not in it"),
        (
            b"\xff\xff\0\0TFL3",
            "net.tflite: a damaged TensorFlow Lite file: an offset leads to byte 65,535, "
            "but it has 8",
        ),
    ],
)
def test_what_is_no_such_file(data: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(data)
    error = refuse(path)
    assert (error.what, error.hint) == (what, HINT)


def save(folder: Path, make: Callable[[Model], None]) -> Path:
    model = Model()
    make(model)
    return model.save(folder)


def test_a_step_before_what_it_reads(tmp_path: Path) -> None:
    def make(m: Model) -> None:
        x, y = m.input(1, 4), m.tensor(1, 4, name="later")
        m.step("ADD", [x, y], 1, 4, options={})
        m.step("RELU", [x], outputs=[y])

    error = refuse(save(tmp_path, make))
    assert error.what == "net.tflite: ADD reads 'later', which a later step makes"


def test_a_step_without_inputs_that_it_takes(tmp_path: Path) -> None:
    def make(m: Model) -> None:
        x = m.input(1, 4, 4, 2)
        m.step("SLICE", [x, m.numbers(0, 0, 0), m.numbers(1, 2)], 1, 2, 4, 2)

    error = refuse(save(tmp_path, make))
    assert error.what == "net.tflite: a SLICE has other inputs than it takes"


def test_nothing_is_read(tmp_path: Path) -> None:
    def make(m: Model) -> None:
        m.input(1, 4)
        m.step("RELU", [m.weights(1, 4)], 1, 4)

    assert refuse(save(tmp_path, make)).what == "net.tflite: no step reads an input"


def test_a_vector_named_a_thousand_times(tmp_path: Path) -> None:
    """Steps that all have the same long list of inputs: the file is small, what it says is not."""
    model = Model()
    x = model.input(1, 4)
    y = model.step("ADD_N", [x] * 20_000, 1, 4)
    model.steps = model.steps * 5_000  # one table, 5,000 times
    path = model.save(tmp_path, y)
    assert path.stat().st_size < 200_000
    assert "its vectors are used again and again" in read_or_refuse(path)
