"""How `cnncost suggest` scales: whole processes on flat chains of convolutions and on the ONNX
files of a folder, with one, two and three budgets, bytes among them.

    python benchmarks/suggest_scale.py [--onnx FILE ...] [--chains N ...] [--time-limit SECONDS ...]

Prints a Markdown table: seconds of wall clock and of processor, the most memory, and how each
ended. Exits with 1 where a process failed, or ended later than GRACE seconds behind its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

BUDGETS = (
    ("connections=50%",),
    ("connections=50%", "weights=50%"),
    ("connections=50%", "weights=50%", "sram=70%"),
)

GRACE = 5.0
"""Seconds behind its limit in which a process shows what it found, on a machine of its own."""


class ScaleRun(NamedTuple):
    """One process, and how it ended."""

    wall: float
    processor: float
    mebibytes: float
    answer: str
    failed: bool = False


def write_chain(folder: Path, count: int) -> Path:
    """Write a chain of 3x3 convolutions of 64 to 160 filters, each on a line of its own."""
    lines = ["input: [3, 64, 64]", "layers:"]
    for i in range(count):
        lines += [f"  - {{conv: {64 + 8 * (i % 13)}, kernel: 3, padding: 1}}", "  - relu"]
    path = folder / f"chain_{count}.yaml"
    path.write_text("\n".join([*lines, "  - global_avgpool", "  - dense: 10"]) + "\n")
    return path


def run_suggest(arch: Path, budgets: Sequence[str], limit: float) -> ScaleRun:
    """Run one process to its end, and read what the system counted of it."""
    words = [word for budget in budgets for word in ("--budget", budget)]
    program = str(Path(sys.executable).parent / "cnncost")
    command = [program, "suggest", str(arch), *words, "--time-limit", str(limit), "-f", "json"]
    command += ["--top", "12"]  # as many single edits as a screen has
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said, trouble = out.read().decode(), err.read().decode()
    failed = process.returncode not in (0, 1) or "Traceback" in trouble or wall > limit + GRACE
    answer = find_answer(said) if process.returncode in (0, 1) else trouble.strip()[-80:]
    return ScaleRun(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, answer, failed)


def find_answer(said: str) -> str:
    """What was found: the least price of the plans, and whether no plan's is less."""
    data = json.loads(said)
    plans = [one for one in (data["plan"], *data["others"]) if one is not None]
    if not plans:
        return "no plan"
    best = min(plans, key=lambda one: one["price"])
    gap = best["price"] - best["bound"]
    return f"{best['price']:.3f}, {'proved' if data['proved'] else f'gap of {gap:.3f}'}"


def list_runs(given: argparse.Namespace, folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The inputs with their budgets."""
    chains = [write_chain(folder, count) for count in given.chains]
    yield from product([*chains, *given.onnx], BUDGETS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onnx", type=Path, nargs="*", default=[], metavar="FILE")
    parser.add_argument("--chains", type=int, nargs="*", default=[100, 300, 1000], metavar="N")
    parser.add_argument("--time-limit", type=float, nargs="*", default=[60.0], metavar="SECONDS")
    given = parser.parse_args()
    print("| network | budgets | limit | wall s | processor s | MiB | price |")
    print("|---|---|---:|---:|---:|---:|---|")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for (arch, budgets), limit in product(
            list(list_runs(given, Path(folder))), given.time_limit
        ):
            one = run_suggest(arch, budgets, limit)
            failed = failed or one.failed
            numbers = f"{one.wall:.1f} | {one.processor:.1f} | {one.mebibytes:.0f}"
            asked = ", ".join(budgets)
            print(f"| {arch.stem} | {asked} | {limit:g} | {numbers} | {one.answer} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
