"""`cnncost suggest` on all bundled networks and the ONNX files of a folder: budgets of each metric
at 75, 50, 25 and 10 % of today's, alone and in pairs, each a process of its own: a fork of one that
has imported the program, so that 18,000 do not import it 18,000 times.

    python benchmarks/suggest_all.py [--onnx FOLDER] [--sample N] [--seed N] [--time-limit SECONDS]
        [--results FILE] [--jobs N]

With `--results` each outcome is added to a CSV file, and cases that are in it are not run again:
all 18,000 take hours, in as many sittings as it needs.

Prints Markdown tables by metric, share and network, and a line for each failure: an exit code that
does not go with the answer, a traceback, a plan over its budget, or no end by twice the time limit.
Exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice, product, starmap
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO, NamedTuple

from cnncost import bundled, cli
from cnncost.quantity import BUDGETS, BYTES

FORKS = multiprocessing.get_context("fork")

SHARES = (75, 50, 25, 10)
FILES = 12
"""ONNX files of a folder that are taken, one for each network."""

AND = " and "

GRACE = 30.0
"""Seconds beyond twice the time limit in which a process must have ended."""

PROGRAM = (
    "numpy",
    "highspy",
    "cnncost.cli.suggest",
    "cnncost.plans.suggestion.suggester",
    "cnncost.views.suggest.suggestion_data",
)
"""What every case imports."""

ANSWERS = ("proved", "gap", "none", "open", "refused", "failed")
"""A best plan; one with a gap; proved that there is none; none found; no request; a failure."""


class Case(NamedTuple):
    """One network, with budgets of the same share of one metric or two."""

    arch: str
    metrics: str
    """`weights and sram`."""
    share: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it, whatever folder a file is in."""
        return Path(self.arch).name, self.metrics, str(self.share)

    def command(self, seconds: float) -> list[str]:
        budgets = [f"{metric}={self.share}%" for metric in self.metrics.split(AND)]
        words = [word for budget in budgets for word in ("--budget", budget)]
        form = ["-f", "json", "--top", "1", "--time-limit", str(seconds)]
        return ["cnncost", "suggest", self.arch, *words, *form]


class Outcome(NamedTuple):
    """How one case ended."""

    case: Case
    answer: str
    gap: float = 0.0
    said: str = ""
    """What failed."""
    seconds: float = 0.0


def list_cases(archs: Sequence[str]) -> Iterator[Case]:
    """Every metric alone and every pair of metrics, at every share."""
    metrics = (*BUDGETS, *BYTES)
    pairs = [AND.join(pair) for pair in combinations(metrics, 2)]
    return starmap(Case, product(archs, [*metrics, *pairs], SHARES))


def import_program() -> None:
    """Import what every case needs; numpy as the program does, with one thread."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for name in PROGRAM:
        importlib.import_module(name)


class Running:
    """One case in a process of its own, from its start to its end."""

    def __init__(self, case: Case, seconds: float) -> None:
        self.case, self.seconds, self.begun = case, seconds, time.perf_counter()
        self.out, self.err = (tempfile.TemporaryFile() for _ in range(2))  # noqa: SIM115  end() closes
        self.process = FORKS.Process(target=self._run_command)
        self.process.start()

    def _run_command(self) -> None:
        """Be the program: what it prints goes to the files."""
        for file, descriptor in ((self.out, 1), (self.err, 2)):
            os.dup2(file.fileno(), descriptor)
        sys.stdout, sys.stderr = (os.fdopen(d, "w", closefd=False) for d in (1, 2))
        sys.argv = self.case.command(self.seconds)
        cli.main()

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or should have."""
        late = time.perf_counter() - self.begun > 2 * self.seconds + GRACE
        return late or not self.process.is_alive()

    def end(self) -> Outcome:
        """Say how it ended; it is killed if it did not."""
        spent = time.perf_counter() - self.begun
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
            return Outcome(self.case, "failed", 0.0, "it did not end", spent)
        status = self.process.exitcode
        said, trouble = (self._read(file) for file in (self.out, self.err))
        last = (trouble.strip().splitlines() or [f"exit code {status}"])[-1]
        if "Traceback" in trouble or status not in (0, 1, 2):
            return Outcome(self.case, "failed", 0.0, last, spent)
        if status == 2:
            return Outcome(self.case, "refused", 0.0, trouble.strip().splitlines()[0], spent)
        return Outcome(self.case, *judge_answer(json.loads(said), status), spent)

    @staticmethod
    def _read(file: IO[bytes]) -> str:
        with file:
            file.seek(0)
            return file.read().decode()


def run_cases(cases: Iterable[Case], seconds: float, jobs: int) -> Iterator[Outcome]:
    """Run so many cases at once; yield each outcome as it comes."""
    left, running = iter(cases), list[Running]()
    while True:
        running += [Running(case, seconds) for case in islice(left, jobs - len(running))]
        if not running:
            return
        wait([one.process.sentinel for one in running], timeout=1.0)
        for one in [one for one in running if one.is_over]:
            running.remove(one)
            yield one.end()


def judge_answer(data: dict, status: int) -> tuple[str, float, str]:  # type: ignore[type-arg]
    """What kind of answer it is, its gap, and what is wrong with it."""
    plan = data["plan"]
    held = bool(data["met"]) or plan is not None
    if data["complete"] and held != (status == 0):
        return "failed", 0.0, f"exit code {status}, though budgets are{'' if held else ' not'} held"
    if plan is None:
        return ("proved" if data["met"] else "none" if data["proved"] else "open"), 0.0, ""
    over = [b["metric"] for b in data["budgets"] if plan["after"][b["metric"]] > b["most"]]
    if over:
        return "failed", 0.0, f"over its budget of {', '.join(over)}"
    return ("proved" if plan["proved"] else "gap"), plan["price"] - plan["bound"], ""


def read_outcomes(path: str, cases: Iterable[Case]) -> list[Outcome]:
    """The outcomes of cases that a file has; none where there is no file."""
    if not path or not Path(path).exists():
        return []
    known = {case.key: case for case in cases}
    with Path(path).open(newline="") as file:
        return [
            Outcome(known[name, metrics, share], answer, float(gap), said, float(seconds))
            for name, metrics, share, answer, gap, seconds, said in csv.reader(file)
            if (name, metrics, share) in known
        ]


def add_outcome(path: str, one: Outcome) -> None:
    """Add an outcome to a file, if there is to be one."""
    if path:
        numbers = (f"{one.gap:.3f}", f"{one.seconds:.1f}")
        with Path(path).open("a", newline="") as file:
            csv.writer(file).writerow([*one.case.key, one.answer, *numbers, one.said])


def one_file_each(folder: str) -> list[str]:
    """The first file of each network of a folder, as many as are taken."""
    found: dict[str, str] = {}
    for path in sorted(Path(folder).glob("*.onnx")) if folder else []:
        found.setdefault(path.name.partition(".")[0], str(path))
    return list(found.values())[:FILES]


def print_table(title: str, groups: dict[str, list[Outcome]]) -> None:
    """One line for each group: how its cases ended, seconds, and the largest gap."""
    print(f"| {title} | cases | {' | '.join(ANSWERS)} | median s | most s | largest gap |")
    print("|---" * (len(ANSWERS) + 5) + "|")
    for name, found in groups.items():
        counts = [sum(one.answer == answer for one in found) for answer in ANSWERS]
        spent = [one.seconds for one in found]
        gap = max([one.gap for one in found if one.answer == "gap"], default=0.0)
        times = f"{statistics.median(spent):.1f} | {max(spent):.1f} | {gap:.3f}"
        print(f"| {name} | {len(found)} | {' | '.join(map(str, counts))} | {times} |")
    print()


def group_by(found: Iterable[Outcome], name: str) -> dict[str, list[Outcome]]:
    """The outcomes by metrics (pairs together), by share or by network, in the order of names."""
    groups: dict[str, list[Outcome]] = {}
    for one in found:
        file, metrics, share = one.case.key
        key = {"network": file, "share": f"{share} %"}.get(name, metrics)
        groups.setdefault(key if AND not in key else "two metrics", []).append(one)
    return dict(sorted(groups.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onnx", default="", metavar="FOLDER")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="so many cases only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=10.0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", default="", metavar="FILE")
    given = parser.parse_args()
    import_program()
    cases = list(list_cases([*bundled.list_names(), *one_file_each(given.onnx)]))
    random.Random(given.seed).shuffle(cases)  # what is done so far is a sample of all
    cases = cases[: given.sample or None]
    found = read_outcomes(given.results, cases)
    done = {one.case for one in found}
    left = [case for case in cases if case not in done]
    for one in run_cases(left, given.time_limit, given.jobs):
        found.append(one)
        add_outcome(given.results, one)
    print_table("budget", group_by(found, "metric"))
    print_table("share", group_by(found, "share"))
    print_table("network", group_by(found, "network"))
    for one in found:
        if one.said:
            print(f"{one.answer}: {' '.join(one.case.key)} %: {one.said}")
    return 1 if any(one.answer == "failed" for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
