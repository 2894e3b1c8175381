"""How long `cnncost table` takes against a Typer program that only prints.

Run it with the Python of an environment that has cnncost installed:
    python benchmarks/startup.py [ROUNDS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from interleaved import HERE, report, timings

if __name__ == "__main__":
    python = sys.executable
    cnncost = str(Path(python).parent / "cnncost")
    commands = {
        "Typer hello": [python, str(HERE / "hello" / "line.py")],
        "cnncost table alexnet --format csv": [cnncost, "table", "alexnet", "--format", "csv"],
        "Typer + Rich hello": [python, str(HERE / "hello" / "rich_table.py")],
        "cnncost table alexnet": [cnncost, "table", "alexnet"],
    }
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    against = {
        "cnncost table alexnet --format csv": "Typer hello",
        "cnncost table alexnet": "Typer + Rich hello",
    }
    report(timings(commands, rounds), against)
