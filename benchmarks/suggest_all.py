"""`cnncost suggest` on all bundled networks and the ONNX files of a folder: budgets of each metric
at 75, 50, 25 and 10 % of today's, alone and in pairs, each a process of its own.

    python benchmarks/suggest_all.py [--onnx FOLDER] [--sample N] [--seed N] [--time-limit SECONDS]
        [--results FILE]

With `--results` each outcome is added to a file of JSON lines, and cases that are in it are not run
again: all 9,000 take hours, in as many sittings as it needs.

Prints a Markdown table by metric, one by network and a line for each failure: an exit code that
does not go with the answer, a traceback, a plan over its budget, or no end by twice the time limit.
Exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, product
from pathlib import Path
from typing import NamedTuple

from cnncost import bundled
from cnncost.quantity import BUDGETS, BYTES

SHARES = (75, 50, 25, 10)
FILES = 12
"""ONNX files of a folder that are taken, one for each network."""

GRACE = 30.0
"""Seconds beyond twice the time limit in which a process must have ended."""

ANSWERS = ("proved", "gap", "none", "open", "refused", "failed")
"""A best plan; one with a gap; proved that there is none; none found; no request; a failure."""


class Case(NamedTuple):
    """One network with its budgets."""

    arch: str
    budgets: tuple[str, ...]

    @property
    def metrics(self) -> str:
        return " and ".join(budget.partition("=")[0] for budget in self.budgets)

    def command(self, seconds: float) -> list[str]:
        words = [word for budget in self.budgets for word in ("--budget", budget)]
        program = str(Path(sys.executable).parent / "cnncost")
        return [program, "suggest", self.arch, *words, "-f", "json", "--time-limit", str(seconds)]


class Outcome(NamedTuple):
    """How one case ended."""

    case: Case
    answer: str
    seconds: float
    gap: float = 0.0
    said: str = ""
    """What failed."""


def list_cases(archs: Sequence[str]) -> Iterator[Case]:
    """Every metric alone at every share, and every pair of metrics at one share each."""
    metrics = (*BUDGETS, *BYTES)
    for arch in archs:
        for metric, share in product(metrics, SHARES):
            yield Case(arch, (f"{metric}={share}%",))
        for (one, other), share in product(combinations(metrics, 2), SHARES):
            yield Case(arch, (f"{one}={share}%", f"{other}={share}%"))


def run_case(case: Case, seconds: float) -> Outcome:
    """Run one process to its end."""
    begun = time.perf_counter()
    try:
        done = subprocess.run(
            case.command(seconds), capture_output=True, text=True, timeout=2 * seconds + GRACE
        )
    except subprocess.TimeoutExpired:
        return Outcome(case, "failed", time.perf_counter() - begun, said="it did not end")
    spent = time.perf_counter() - begun
    if "Traceback" in done.stderr or done.returncode not in (0, 1, 2):
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Outcome(case, "failed", spent, said=last)
    if done.returncode == 2:
        return Outcome(case, "refused", spent, said=done.stderr.strip().splitlines()[0])
    answer, gap, said = judge_answer(json.loads(done.stdout), done.returncode)
    return Outcome(case, answer, spent, gap, said)


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


def read_outcomes(path: str) -> list[Outcome]:
    """The outcomes that a file has; none where there is no file."""
    if not path or not Path(path).exists():
        return []
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    return [Outcome(Case(row.pop("arch"), tuple(row.pop("budgets"))), **row) for row in rows]


def add_outcome(path: str, one: Outcome) -> None:
    """Add an outcome to a file, if there is to be one."""
    if path:
        row = {**one.case._asdict(), **one._asdict()}
        del row["case"]
        with Path(path).open("a") as file:
            file.write(json.dumps(row) + "\n")


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
    """The outcomes by metrics (pairs together), or by network."""
    groups: dict[str, list[Outcome]] = {}
    for one in found:
        alone = len(one.case.budgets) == 1
        key = Path(one.case.arch).name if name == "network" else one.case.metrics
        groups.setdefault(key if alone or name == "network" else "two metrics", []).append(one)
    return groups


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onnx", default="", metavar="FOLDER")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="so many cases only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=10.0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", default="", metavar="FILE")
    given = parser.parse_args()
    cases = list(list_cases([*bundled.list_names(), *one_file_each(given.onnx)]))
    if given.sample and given.sample < len(cases):
        cases = random.Random(given.seed).sample(cases, given.sample)
    found = read_outcomes(given.results)
    done = {one.case for one in found}
    with ThreadPoolExecutor(given.jobs) as pool:
        left = [case for case in cases if case not in done]
        for one in pool.map(lambda case: run_case(case, given.time_limit), left):
            found.append(one)
            add_outcome(given.results, one)
    print_table("budget", group_by(found, "metric"))
    print_table("network", group_by(found, "network"))
    for one in found:
        if one.said:
            name, asked = Path(one.case.arch).name, " ".join(one.case.budgets)
            print(f"{one.answer}: {name} {asked}: {one.said}")
    return 1 if any(one.answer == "failed" for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
