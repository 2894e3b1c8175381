"""How many networks a second `cnncost sweep` counts, and how that grows with processes.

python benchmarks/sweep_speed.py [--rows N] [--jobs 1,2]

Whole processes are timed, from start to the last line of csv; the start alone (one row) is taken
off. `inputs` changes the input's extents alone, `params` a width multiplier, so that the text is
read anew for each row; `memory` asks for bytes too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

CNNCOST = [sys.executable, "-c", "from cnncost.cli import main; main()", "sweep"]
SWEEPS = {
    "inputs, ResNet-50": ("resnet50", "--input", "64..{}", 64),
    "params, MobileNetV2": ("mobilenet_v2", "--set", "alpha=1..{}:0.001", 1),
    "memory, ResNet-50": ("resnet50", "--columns", "memory", "--input", "64..{}", 64),
}


def seconds_of(words: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([*CNNCOST, *words, "-f", "csv"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rows", type=int, default=2000, help="of the quick sweeps")
    options.add_argument("--jobs", default="1,2")
    given = options.parse_args()
    print(f"{'':22}{'jobs':>5}{'rows':>8}{'rows/s':>9}")
    for name, (*words, least) in SWEEPS.items():
        rows = given.rows if name.startswith("inputs") else max(2, given.rows // 10)
        for jobs in given.jobs.split(","):
            last = least + rows - 1 if least > 1 else f"{1 + (rows - 1) / 1000:.3f}"
            first = least if least > 1 else f"{least}.000"
            spans = [[str(w).format(end) for w in words] for end in (last, first)]
            took = seconds_of([*spans[0], "--jobs", jobs]) - seconds_of([*spans[1], "--jobs", "1"])
            print(f"{name:22}{jobs:>5}{rows:8,}{rows / took:9,.0f}", flush=True)


if __name__ == "__main__":
    main()
