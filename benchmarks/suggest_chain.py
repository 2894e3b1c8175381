"""How the time of `cnncost suggest` grows with the number of layers: flat chains of convolutions,
whole processes one after another, with the seconds of processor each takes to make its variables
and its cost tables, and what the search ends with.

Run it with the Python of an environment that has cnncost installed:
    python benchmarks/suggest_chain.py [SECONDS [LAYERS ...]]
"""

from __future__ import annotations

import sys
from math import log
from time import monotonic, process_time

import cnncost
from cnncost.suggest.decisions.catalogue import AllowedEdits
from cnncost.suggest.decisions.search_space import build_search_space
from cnncost.suggest.suggestion.request import SuggestionRequest
from cnncost.suggest.suggestion.suggester import Suggester
from cnncost.suggest.text.damage import UNIT

BUDGETS = ("weights=50%", "connections=60%")


def chain(count: int) -> str:
    """A chain of 3x3 convolutions of 64 to 160 filters, each on a line of its own."""
    lines = ["input: [3, 64, 64]", "layers:"]
    for i in range(count):
        lines += [f"  - {{conv: {64 + 8 * (i % 13)}, kernel: 3, padding: 1}}", "  - relu"]
    return "\n".join([*lines, "  - global_avgpool", "  - dense: 10"]) + "\n"


def tables_seconds(text: str) -> float:
    """Seconds of processor for the cost tables of the spec as it stands."""
    study = Suggester(
        cnncost.loads(text), SuggestionRequest(seconds=0.01)
    )  # no more than its draft
    started = process_time()
    build_search_space(study.editable, AllowedEdits())
    return process_time() - started


def line(count: int, seconds: float, before: tuple[int, float] | None) -> tuple[int, float]:
    """Measure one chain and print a row; the layers and the seconds of its tables."""
    text = chain(count)
    tables = tables_seconds(text)
    power = f"{log(tables / before[1]) / log(count / before[0]):8.2f}" if before else " " * 8
    started = monotonic()
    found = Suggester(cnncost.loads(text), SuggestionRequest(BUDGETS, seconds=seconds)).suggest()
    spent = monotonic() - started
    score = "none" if found.plan is None else f"{found.plan.score / UNIT:.3f}"
    bound = "" if found.plan is None else f", none below {found.plan.bound / UNIT:.3f}"
    left = f"; left out: {'; '.join(found.left_out)}" if found.left_out else ""
    print(f"{count:6} {tables:8.2f} s {power} {spent:8.1f} s  {score}{bound}{left}")
    return count, tables


if __name__ == "__main__":
    limit = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    counts = [int(word) for word in sys.argv[2:]] or [50, 100, 200, 300, 1000]
    print(f"convs     tables  exponent    whole (limit {limit:g} s)  score")
    known = None
    for number in counts:
        known = line(number, limit, known)
