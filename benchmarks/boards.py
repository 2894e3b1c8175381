"""How well a constant per system predicts the time of networks on microcontrollers.

python benchmarks/boards.py EVIDENCE [--terms]

EVIDENCE is a folder with `mlperf_tiny.csv`: latencies of MLPerf Tiny's four networks, closed
division. It is no part of this repository. A system is a board with its software in one round; its
cycles are c (connections + k units + w weights), and c is fitted to its networks, by the mean of
logarithms. Each network is judged by the c of the other three. Systems are judged that compute in
int8 on a Cortex-M4, M7 or M33 with a tuned engine; the range of c of all is printed.

With `--terms` other k and w are tried.

The weights of the visual wake words network are 83 % zeros. Some engines of round 1.1 and later
leave out its dead channels: where that explains a system's times better, its network is counted
without them.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import cnncost
from cnncost.timing.engines import CYCLES, UNIT, WEIGHT
from cnncost.timing.fitting import find_quantile, judge_ratios

TUNED = ("Cortex-M4", "Cortex-M7", "Cortex-M33")
NETWORKS = ("ad", "ic", "kws", "vww")
ALIVE = (3_742_091, 190_700, 35_400)
"""Connections, units and weights of the visual wake words network without dead channels: the
connections were counted, the weights are 17 % of all, the units follow from what was published."""

ENGINES = {
    "X-CUBE-AI v7.1": "x-cube-ai-7.1",
    "X-CUBE-AI v7.3": "x-cube-ai-7.3",
    "X-CUBE-AI v8": "x-cube-ai-8",
    "X-CUBE-AI v9": "x-cube-ai-10",
    "X-CUBE-AI v10": "x-cube-ai-10",
    "CMSIS-NN": "cmsis-nn",
    "Hardware-Aware": "hale",
    "Engine 20": "plumerai-2023",
    "Plumerai": "plumerai-2022",
    "microTVM": "plain-c",
    "TensorFlow Lite for Micro": "plain-c",
    "Tensorflow Lite Micro": "plain-c",
}
"""The engine of a system's software: that of the first text which it has."""


class MeasuredSystem(NamedTuple):
    """A board with its software, in one round."""

    round: str
    board: str
    core: str
    software: str
    cycles: Mapping[str, float]

    @property
    def engine(self) -> str:
        return next((name for text, name in ENGINES.items() if text in self.software), "")


def read_systems(file: Path) -> list[MeasuredSystem]:
    """Read the systems that ran all four networks in int8 on a plain core."""
    found: dict[tuple[str, ...], dict[str, float]] = {}
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["plain"] == "yes" and row["dtype"] == "int8" and row["latency_ms"]:
                key = tuple(row[k] for k in ("round", "board", "core", "software", "system"))
                cycles = float(row["latency_ms"]) * float(row["mhz"]) * 1000
                found.setdefault(key, {})[row["network"]] = cycles
    return [
        MeasuredSystem(*key[:4], cycles)
        for key, cycles in found.items()
        if set(cycles) == set(NETWORKS)
    ]


def count_figures() -> dict[str, tuple[int, int, int]]:
    """Count connections, units and weights of the four networks."""
    found = {}
    for name in NETWORKS:
        totals = cnncost.count(cnncost.load(f"mlperf_tiny_{name}")).totals
        found[name] = (totals.connections, totals.units, totals.weights)
    return found


def fit_cycles(
    system: MeasuredSystem, figures: Mapping[str, Sequence[float]], names: Sequence[str]
) -> float:
    """Fit c to some networks; `figures` are weighted sums by network."""
    return exp(mean(log(system.cycles[n] / figures[n][0]) for n in names))


def judge_system(system: MeasuredSystem, unit: float, weight: float) -> tuple[float, list[float]]:
    """Return c, and predicted / measured of each network left out."""

    def try_counts(counts: Mapping[str, Sequence[int]]) -> tuple[float, list[float]]:
        sums = {n: [m + unit * u + weight * w] for n, (m, u, w) in counts.items()}
        ratios = [
            fit_cycles(system, sums, [o for o in NETWORKS if o != n])
            * sums[n][0]
            / system.cycles[n]
            for n in NETWORKS
        ]
        return fit_cycles(system, sums, NETWORKS), ratios

    counts = count_figures()
    tries = [try_counts(counts)]
    if system.round >= "1.1":
        tries.append(try_counts(counts | {"vww": ALIVE}))
    return min(tries, key=lambda one: max(abs(log(ratio)) for ratio in one[1]))


def is_tuned(system: MeasuredSystem) -> bool:
    return system.core in TUNED and system.engine != "plain-c"


def judge_terms(
    systems: Sequence[MeasuredSystem], unit: float, weight: float
) -> tuple[float, float, tuple[float, float]]:
    """Return the median and 90th percentile of the errors, and the interval."""
    tuned = [system for system in systems if is_tuned(system)]
    ratios = [ratio for one in tuned for ratio in judge_system(one, unit, weight)[1]]
    median, interval = judge_ratios(ratios)
    return median, find_quantile([abs(ratio - 1) for ratio in ratios], 0.9), interval


def list_ranges(systems: Sequence[MeasuredSystem]) -> Iterator[str]:
    """List c by core and engine, beside what ships."""
    found: dict[tuple[str, str], list[float]] = {}
    for system in systems:
        c, _ = judge_system(system, UNIT, WEIGHT)
        found.setdefault((system.core, system.engine or system.software), []).append(c)
    for (core, engine), values in sorted(found.items()):
        shipped = CYCLES.get(core.lower(), {}).get(engine, "")
        span = f"{min(values):6.2f} {max(values):6.2f}  ({len(values)})"
        yield f"  {core:<22} {engine[:14]:<14} {span}  shipped: {shipped}"


def main() -> None:
    """Print the errors, and the range of c of each core and engine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("evidence", type=Path)
    parser.add_argument("--terms", action="store_true", help="try other k and w")
    given = parser.parse_args()
    systems = read_systems(given.evidence / "mlperf_tiny.csv")
    tried = [(UNIT, WEIGHT)]
    if given.terms:
        tried = [(k, w) for k in (0.0, 20.0, 24.0, 27.0, 30.0) for w in (0.0, 0.4, 0.6, 0.8)]
    print(f"{sum(map(is_tuned, systems))} tuned systems of {len(systems)}")
    for unit, weight in tried:
        median, tenth, (low, high) = judge_terms(systems, unit, weight)
        print(
            f"k {unit:g}, w {weight:g}: median error {100 * median:.1f} %, 90th percentile "
            f"{100 * tenth:.1f} %; measured / predicted {low:.2f} to {high:.2f}"
        )
    print("\n".join(list_ranges(systems)))


if __name__ == "__main__":
    main()
