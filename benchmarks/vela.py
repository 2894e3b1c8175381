"""What Vela takes of SRAM and flash on an Ethos-U55, beside cnncost's lower bound.

    pip install ethos-u-vela==5.2.0
    python benchmarks/vela.py FILE.tflite ... [--write vela.csv]

Prints one row per file, number of multipliers and aim (`--optimise Size` or `Performance`), with
SRAM as a share of the lower bound and flash as a share of weights and biases. Files of which Vela
leaves operators to the core have no row: their tensors are not all in its report. With `--write`
the rows are kept as `vela.csv` has them, without what cnncost says.
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import cnncost
from cnncost.costs.memory import measure_embedded

MULTIPLIERS = (64, 256)
AIMS = ("Size", "Performance")
COLUMNS = ("file", "multipliers", "aim", "sram_kib", "flash_kib")


class VelaRun(NamedTuple):
    """What Vela reported of one file, in KiB."""

    file: str
    multipliers: int
    aim: str
    sram: float
    flash: float


def run_vela(path: Path, multipliers: int, aim: str) -> VelaRun | None:
    """Compile a file; None where Vela fails, or leaves operators to the core."""
    config = f"ethos-u55-{multipliers}"
    with tempfile.TemporaryDirectory() as folder:
        words = ["--accelerator-config", config, "--optimise", aim, "--output-dir", folder]
        done = subprocess.run(
            [str(Path(sys.executable).parent / "vela"), str(path), *words],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    found = [
        re.search(pattern, done.stdout)
        for pattern in (r"Total SRAM used +([\d.]+) KiB", r"Flash used +([\d.]+) KiB")
    ]
    if done.returncode or "CPU operators = 0 " not in done.stdout or None in found:
        return None
    sram, flash = (float(one[1]) for one in found if one)
    return VelaRun(path.stem, multipliers, aim, sram, flash)


def run_all(paths: list[Path]) -> Iterator[VelaRun]:
    for path, multipliers, aim in product(paths, MULTIPLIERS, AIMS):
        found = run_vela(path, multipliers, aim)
        if found:
            yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    runs = list(run_all(given.files))
    bounds = {p.stem: measure_embedded(cnncost.load(str(p)).network) for p in given.files}
    for run in runs:
        bound = bounds[run.file]
        shares = f"{1024 * run.sram / bound.sram:.3f}, {1024 * run.flash / bound.flash:.3f}"
        print(f"{run.file}, {run.multipliers}, {run.aim}: {run.sram}, {run.flash} KiB; {shares}")
    if given.write:
        with given.write.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *runs])


if __name__ == "__main__":
    main()
