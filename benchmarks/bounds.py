"""Time and memory of `cnncost table` on the largest and the worst specs, against the bounds.

Run it with the Python of an environment that has cnncost installed:
    python benchmarks/bounds.py [WORD]     # only the cases whose name contains the word

Each case is a file, each run a process of its own. Bounds: 100,000 layers in 15 s and 1 GiB; a
malformed file of up to 10 MiB in 2 s (6 s for the largest) and 500 MiB, exit code 2. ResNet-50,
read and counted in process: 15 ms, median. Seconds are of CPU: one process with one thread, and a
busy machine is not its fault.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

MIB = 2**20
LARGEST = 10 * MIB

HEAD = "input: [3, 32, 32]\nlayers:\n"


def filled(head: str, unit: str, tail: str = "", size: int = LARGEST) -> str:
    """As many copies of a unit as fit in a file of a size."""
    return head + unit * ((size - len(head) - len(tail)) // len(unit)) + tail


def numbered(head: str, unit: str, count: int, tail: str = "") -> str:
    """Copies of a unit in which N is the number of the copy."""
    return head + "".join(unit.replace("N", str(n)) for n in range(count)) + tail


def laughs() -> str:
    """Thirty blocks, each of which calls the next one ten times: 10^30 layers."""
    blocks = "".join(f"  b{n}: [{', '.join([f'b{n + 1}'] * 10)}]\n" for n in range(30))
    return f"input: [3]\nblocks:\n{blocks}  b30: [relu]\nlayers: [b0]\n"


CHAINS: dict[str, Callable[[], str]] = {
    "100,000 lines of relu": lambda: HEAD + "- relu\n" * 100_000,
    "100,000 lines of conv": lambda: numbered(
        HEAD, "- {name: cN, conv: 8, kernel: 3, padding: 1}\n", 100_000
    ),
    "100,000 copies": lambda: HEAD + "- {conv: 8, kernel: 3, padding: 1, repeat: 100000}\n",
    "50,000 calls of a block": lambda: (
        "input: [3, 32, 32]\nblocks:\n  b(w): [{conv: w, kernel: 3, padding: 1}, relu]\n"
        "layers: [{b: 8, repeat: 50000}]\n"
    ),
    "33,333 residuals": lambda: (
        HEAD + "- {residual: [{conv: 3, kernel: 1}, relu], repeat: 33333}\n"
    ),
}

BAD: dict[str, Callable[[], str]] = {
    "10 MiB of [": lambda: "[" * LARGEST,
    "10 MiB of {a: ": lambda: filled("", "{a: "),
    "10 MiB of '- '": lambda: filled("", "- "),
    "10 MiB of one word": lambda: "a" * LARGEST,
    "10 MiB of one number": lambda: f"input: [{'9' * (LARGEST - 20)}]\n",
    "10 MiB of line breaks": lambda: "\n" * LARGEST,
    "10 MiB of quotes": lambda: '"' * LARGEST,
    "10 MiB of aliases": lambda: filled(HEAD, "- *a\n"),
    "10 MiB of anchors": lambda: filled(HEAD, "- &a relu\n"),
    "10 MiB of relu": lambda: filled(HEAD, "- relu\n"),
    "10 MiB of one list": lambda: filled("input: [", "1, ", "1]\nlayers: [relu]\n"),
    "10 MiB of keys": lambda: filled("input: [3]\nlayers: [{conv: 8, ", "a: 1, ", "b: 1}]\n"),
    "10 MiB of top-level keys": lambda: filled("", "abc: 1\n"),
    "10 MiB of documents": lambda: filled("", "---\na\n"),
    "10 MiB of a plus": lambda: filled("input: [3]\nlayers: [{dense: ", "1 + ", "1}]\n"),
    "300,000 bad lines": lambda: HEAD + "- reluu\n" * 300_000,
    "300,000 bad lines, no two alike": lambda: numbered(HEAD, "- reluN\n", 300_000),
    "300,000 unknown keys": lambda: HEAD + "- {relu, kernal: 3}\n" * 300_000,
    "200,000 bad numbers": lambda: HEAD + "- {dense: widht}\n" * 200_000,
    "200,000 bad expressions": lambda: HEAD + "- {dense: 9**9**9}\n" * 200_000,
    "60,000 names, as many unknown": lambda: numbered(
        HEAD, "- {relu, name: layer_N}\n- {relu, from: layre_N}\n", 60_000
    ),
    "100,000 unread layers": lambda: HEAD + "- {relu, from: input}\n" * 100_000,
    "100,000 equal names": lambda: HEAD + "- {relu, name: a}\n" * 100_000,
    "100,000 unknown names in a join": lambda: numbered(HEAD + "- add: [", "aN, ", 100_000, "b]\n"),
    "100,000 blocks": lambda: numbered(
        "input: [3]\nblocks:\n", "  bN(a, c=aa): [a]\n", 100_000, "layers: [bb]\n"
    ),
    "100,000 params": lambda: numbered(
        "input: [3]\nparams:\n", "  pN: 1\n", 100_000, "layers: [dense: qq]\n"
    ),
    "100,000 parameters": lambda: numbered(
        "input: [3]\nblocks:\n  b(", "pN, ", 100_000, "q): [relu]\nlayers: [b]\n"
    ),
    "300,000 extra lines behind the bound": lambda: HEAD + "- relu\n" * 300_000,
    "repeat: 1e12": lambda: HEAD + "- {relu, repeat: 1e12}\n",
    "9**9**9": lambda: HEAD + "- {conv: 9**9**9, kernel: 1}\n",
    "1e999": lambda: HEAD + "- {conv: 1e999, kernel: 1e999}\n",
    "a block calling itself": lambda: "input: [3]\nblocks: {b: [b, b]}\nlayers: [b]\n",
    "thirty blocks of ten calls": laughs,
    "empty copies of copies": lambda: (
        HEAD + "- sequence: [{sequence: [{relu, repeat: 0}], repeat: 99999}]\n  repeat: 99999\n"
    ),
    "empty copies of nothing": lambda: (
        HEAD + "- sequence: [{sequence: [], repeat: 99999}]\n  repeat: 99999\n"
    ),
    "lines that are left out, repeated": lambda: filled(
        HEAD + "- repeat: 99999\n  sequence: [", "{relu, repeat: 0}, ", "relu]\n", 4_500_000
    ),
    "a chain of 100,000 blocks": lambda: (
        "input: [3]\nblocks:\n"
        + "".join(f"  b{n}: [b{n + 1}]\n" for n in range(100_000))
        + "  b100000: [b0]\nlayers: [b0]\n"
    ),
    "a dotted name of 10 MiB": lambda: filled("input: [3]\nlayers: [{relu, from: a", ".a", "}]\n"),
    "a window larger than its input": lambda: HEAD + "- {conv: 8, kernel: 33}\n",
    "an empty file": lambda: "",
}


def measured(path: Path) -> tuple[float, float, int, str]:
    """Seconds of CPU, MiB and exit code of one run, and the first line of its messages."""
    command = [sys.executable, "-m", "cnncost", "table", str(path), "--format", "csv", "--all"]
    with tempfile.TemporaryFile() as errors, open(os.devnull, "wb") as nothing:
        child = os.posix_spawn(
            sys.executable, command, os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
            ],
        )  # fmt: skip
        _, status, usage = os.wait4(child, 0)
        seconds = usage.ru_utime + usage.ru_stime
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip().splitlines()
    return seconds, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), (said or [""])[0]


def measure(cases: dict[str, Callable[[], str]], bounds: tuple[float, float, int]) -> bool:
    """Run cases and print a line each; whether all keep the bounds."""
    good = True
    for name, text in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.yaml"
            path.write_text(text(), encoding="utf-8")
            seconds, mib, code, said = measured(path)
        kept = seconds <= bounds[0] and mib <= bounds[1] and code == bounds[2]
        good = good and kept and "Traceback" not in said
        said = said.replace(str(path), path.name)
        print(f"{'ok  ' if kept else 'OVER'} {seconds:6.2f} s {mib:6.0f} MiB  exit {code}  {name}")
        if said:
            print(f"       {said[:90]}")
    return good


def resnet() -> bool:
    """ResNet-50's spec to counts, in process."""
    from cnncost import count, load

    spent = []
    for _ in range(40):
        began = time.perf_counter()
        count(load("resnet50"))
        spent.append(time.perf_counter() - began)
    print(f"ResNet-50, spec to counts: {1000 * median(spent):.1f} ms (median of {len(spent)})")
    return median(spent) <= 0.015


def main(word: str = "") -> int:
    def chosen(cases: dict[str, Callable[[], str]]) -> dict[str, Callable[[], str]]:
        return {name: text for name, text in cases.items() if word in name}

    good = [
        measure(chosen(CHAINS), (15, 1024, 0)),
        measure(chosen(BAD), (6, 500, 2)),
        bool(word) or resnet(),
    ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
