"""How long `cnncost suggest` takes with two budgets, whole processes in turns, beside a Typer
program that only prints (about 0.14 s on the machine that the bounds of 1, 3 and 6 s are for).

Run it with the Python of an environment that has cnncost installed:
    python benchmarks/suggest_times.py [ROUNDS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from interleaved import HERE, report, timings

ASKED = {
    "alexnet": ("weights=20M", "connections=500M"),
    "vgg16": ("weights=50%", "connections=60%"),
    "resnet50": ("weights=50%", "connections=60%"),
}
"""For each network its budgets."""

HELLO = "Typer hello"

if __name__ == "__main__":
    cnncost = str(Path(sys.executable).parent / "cnncost")
    commands = {HELLO: [sys.executable, str(HERE / "hello" / "line.py")]}
    commands |= {
        f"suggest {name} {' '.join(budgets)}": [
            cnncost, "suggest", name, *(word for b in budgets for word in ("--budget", b)),
        ]
        for name, budgets in ASKED.items()
    }  # fmt: skip
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    report(timings(commands, rounds), {name: HELLO for name in commands if name != HELLO})
