"""How the time of `cnncost suggest` grows with the number of layers: flat chains of convolutions,
one after another, with the seconds of processor each takes to say all its single edits and to make
its cost tables, and what a search under a time limit ends with.

Run it with the Python of an environment that has cnncost installed:
    python benchmarks/suggest_chain.py [SECONDS [LAYERS ...]]
"""

from __future__ import annotations

import sys
from math import log
from time import monotonic, process_time
from typing import NamedTuple

import cnncost
from cnncost.plans.decisions.search_space import build_search_space
from cnncost.plans.edits.edit import UNIT, AllowedEdits
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester

BUDGETS = ("weights=50%", "connections=60%")


def chain(count: int) -> str:
    """A chain of 3x3 convolutions of 64 to 160 filters, each on a line of its own."""
    lines = ["input: [3, 64, 64]", "layers:"]
    for i in range(count):
        lines += [f"  - {{conv: {64 + 8 * (i % 13)}, kernel: 3, padding: 1}}", "  - relu"]
    return "\n".join([*lines, "  - global_avgpool", "  - dense: 10"]) + "\n"


class ChainTimes(NamedTuple):
    """Seconds of processor for one chain."""

    layers: int
    singles: float
    """A suggestion without budgets: every edit tried alone."""
    tables: float
    """The cost tables of the spec as it stands."""


def measure_times(text: str, layers: int) -> ChainTimes:
    started = process_time()
    suggester = Suggester(cnncost.loads(text), SuggestionRequest(seconds=600))
    suggester.suggest()
    singles = process_time() - started
    started = process_time()
    build_search_space(suggester.editable, AllowedEdits())
    return ChainTimes(layers, singles, process_time() - started)


def print_row(count: int, seconds: float, before: ChainTimes | None) -> ChainTimes:
    """Measure one chain and print a row."""
    text = chain(count)
    now = measure_times(text, count)
    powers = [" " * 8] * 2
    if before is not None:
        grown = log(count / before.layers)
        powers = [f"{log(a / b) / grown:8.2f}" for a, b in zip(now[1:], before[1:], strict=True)]
    started = monotonic()
    found = Suggester(cnncost.loads(text), SuggestionRequest(BUDGETS, seconds=seconds)).suggest()
    spent = monotonic() - started
    score = "none" if found.plan is None else f"{found.plan.price / UNIT:.3f}"
    bound = "" if found.plan is None else f", none below {found.plan.bound / UNIT:.3f}"
    left = f"; left out: {'; '.join(found.left_out)}" if found.left_out else ""
    times = f"{now.singles:8.2f} s {powers[0]} {now.tables:8.2f} s {powers[1]}"
    print(f"{count:6} {times} {spent:8.1f} s  {score}{bound}{left}", flush=True)
    return now


if __name__ == "__main__":
    limit = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    counts = [int(word) for word in sys.argv[2:]] or [50, 100, 200, 300, 1000]
    print(f"convs    singles exponent     tables exponent    search (limit {limit:g} s)  score")
    known = None
    for number in counts:
        known = print_row(number, limit, known)
