"""Whole processes timed side by side: one run of each in turn, so that a busy machine's mood
strikes all alike."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Timing(NamedTuple):
    """Seconds of one command: the median and the least, by the clock and on the processor."""

    median: float
    least: float
    processor: float
    megabytes: float


def timings(commands: Mapping[str, Sequence[str]], rounds: int = 25) -> dict[str, Timing]:
    """Each command's timing over so many rounds, after one that warms the caches."""
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            measured = once(command)
            if turn:
                runs[name].append(measured)
    return {
        name: Timing(
            statistics.median(clock for clock, _, _ in measured),
            min(clock for clock, _, _ in measured),
            min(processor for _, processor, _ in measured),
            max(peak for _, _, peak in measured),
        )
        for name, measured in runs.items()
    }


def once(command: Sequence[str]) -> tuple[float, float, float]:
    """One run's seconds by the clock and on the processor, and its peak memory in MiB."""
    silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=silent)
    _, status, usage = os.wait4(pid, 0)
    clock = time.perf_counter() - begun
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def report(found: Mapping[str, Timing], against: Mapping[str, str]) -> None:
    """A line a command; its ratio to the command that it is measured against."""
    print(f"{'command':44}{'median s':>9}{'least s':>9}{'cpu s':>8}{'MiB':>6}   ratio of medians")
    for name, timing in found.items():
        line = f"{name:44}{timing.median:9.3f}{timing.least:9.3f}{timing.processor:8.3f}"
        line += f"{timing.megabytes:6.0f}"
        if name in against:
            base = found[against[name]]
            line += f"   {timing.median / base.median:.2f} x {against[name]}"
            line += f" (least {timing.least / base.least:.2f})"
        print(line)


HERE = Path(__file__).parent
