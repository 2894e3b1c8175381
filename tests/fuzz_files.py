"""Files of every form with bytes damaged at random: a network comes of each, or a clean refusal.

    python tests/fuzz_files.py --seed 1 --count 500

The same seed and count damage the same files; a file that ends in anything else is kept, and
named with its case. ONNX files take part where onnx is installed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from keras_models import archived, keras_2
from tflite_files import Model, quantised

import cnncost
from cnncost import bundled
from cnncost.costs.memory.arena import plan_arena
from cnncost.errors import CnncostError

HERE = Path(__file__).parent
LONGEST = 10.0
"""Seconds of the processor for one file, which takes tenths."""

WORDS = (
    b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"9223372036854775808", b"1" + b"0" * 400,
    b"null", b"true", b'""', b"[]", b"{}", b"[[", b"}}", b'"\\ud800"', b'"\\u0000"', b"\\x1b[31m",
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\r\n", b"\t", b": ", b"- ", b"&a ",
    b"*a",
)  # fmt: skip
"""What is put in where a file is text."""

DEEP = (b"[" * 3000, b'{"a":' * 3000, b"- " * 3000)


class Case(NamedTuple):
    """One damaged file."""

    number: int
    ending: str
    data: bytes


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes after one to three accidents; a file in four has one that moves what follows."""
    found = bytearray(data)
    accidents = MOVING if chance.random() < 0.25 else (_change, _exchange)
    for _ in range(chance.randint(1, 3)):
        chance.choice(accidents)(found, chance)
    return bytes(found)


def _change(data: bytearray, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _exchange(data: bytearray, chance: random.Random) -> None:
    """Put a number in the place of another, as long as that one in a text."""
    digits = [at for at, byte in enumerate(data) if chr(byte) in "0123456789"]
    if digits:
        data[chance.choice(digits)] = chance.choice(b"0123456789-e")


def _insert(data: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    data[at:at] = chance.choice(WORDS)


def _replace(data: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    data[at : at + chance.randint(1, 12)] = chance.choice(WORDS)


def _cut(data: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    del data[at : at + chance.choice((1, 1, 2, 4, 30, len(data)))]


def _double(data: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    data[at:at] = data[at : at + chance.choice((1, 8, 200))]


def _nest(data: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    data[at:at] = chance.choice(DEEP)


Accident = Callable[[bytearray, random.Random], None]
MOVING: tuple[Accident, ...] = (*[_insert, _replace, _cut, _double] * 4, _nest)
"""Nesting, which takes longest, is the rarest."""


def whole_files(folder: Path) -> list[tuple[str, bytes]]:
    """The files that are damaged: their ending, and their bytes."""
    model = json.dumps(keras_2()).encode()
    stored = folder / "stored.keras"
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("config.json", model)
    found = [
        (".json", model),
        (".keras", archived(folder, metadata__json=b"{}", config__json=model).read_bytes()),
        (".keras", stored.read_bytes()),
    ]
    for kind in ("float32", "int8"):
        made = Model(kind)
        found.append((".tflite", made.data(quantised(made))))
    small = ("lenet5", "residual_mlp", "minmax", "densenet121", "mobilenet_v2")
    found += [(".yaml", bundled.network_path(name).read_bytes()) for name in small]
    if find_spec("onnx") is not None:
        files = sorted((HERE / "with_onnx" / "reference").glob("*.gz"))
        small_files = [path for path in files if path.stat().st_size < 2500][:20]
        found += [(".onnx", gzip.decompress(path.read_bytes())) for path in small_files]
    return found


def cases(seed: int, count: int, folder: Path) -> Iterator[Case]:
    """So many damaged files, every form in turn."""
    chance = random.Random(seed)
    forms: dict[str, list[bytes]] = {}
    for ending, data in whole_files(folder):
        forms.setdefault(ending, []).append(data)
    for number in range(count):
        ending = list(forms)[number % len(forms)]
        data = chance.choice(forms[ending])
        if ending == ".keras" and chance.random() < 0.5:
            inside = damaged(json.dumps(keras_2()).encode(), chance)
            data = archived(folder, config__json=inside).read_bytes()
        else:
            data = damaged(data, chance)
        yield Case(number, ending, data)


def trouble(case: Case, folder: Path) -> str:
    """What came of a damaged file that should not; empty if a network or a refusal did."""
    path = folder / f"case{case.ending}"
    path.write_bytes(case.data)
    start = time.process_time()
    try:
        spec = cnncost.load(path)
        cnncost.count(spec)
        if case.ending == ".tflite":
            plan_arena(spec.network)
    except CnncostError as error:
        lines = str(error).splitlines()
        if not all(line.isprintable() for line in lines):
            return f"a message that is not printable: {lines!r}"
    except Exception:
        return traceback.format_exc()
    taken = time.process_time() - start
    return f"{taken:.1f} s of the processor" if taken > LONGEST else ""


def main() -> None:
    """Damage files, and exit with 1 if one of them ended in neither a network nor a refusal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=500)
    given = parser.parse_args()
    bad = 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        for case in cases(given.seed, given.count, folder):
            if said := trouble(case, folder):
                bad += 1
                kept = Path(f"fuzz-{given.seed}-{case.number}{case.ending}")
                kept.write_bytes(case.data)
                sys.stdout.write(f"{kept}:\n{said}\n")
    sys.stdout.write(f"{given.count} files, {bad} of them in trouble\n")
    sys.exit(int(bad > 0))


if __name__ == "__main__":
    main()
