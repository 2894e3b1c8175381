"""What inference engines take on cores of microcontrollers: cycles per connection, as a range.

The cycles of one inference in int8 are c (connections + 27 units + 0.6 weights), over the layers
with weights. The 27 and the 0.6 hold for all engines and cores; c is the engine's on a core.
`benchmarks/boards.py` fits all of them to MLPerf Tiny's results.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

UNIT, WEIGHT = 27.0, 0.6
"""How many connections a unit and a weight take as long as."""

INTERVAL = (0.82, 1.21)
"""The 5th and 95th percentile of measured / predicted on the network left out."""

MEDIAN_ERROR = 0.061
"""The median of |predicted / measured - 1| on it."""

SOURCE = "MLPerf Tiny, closed division, int8 (Apache-2.0)"

CORES = {
    "cortex-m0+": "Cortex-M0+",
    "cortex-m4": "Cortex-M4",
    "cortex-m7": "Cortex-M7",
    "cortex-m33": "Cortex-M33",
    "rv32imac": "RISC-V RV32IMAC",
    "rxv2": "Renesas RXv2",
}
"""The cores that an engine's cycles are known for."""

CYCLES: dict[str, dict[str, tuple[float, float]]] = {
    "cortex-m0+": {"hale": (6.3, 7.82)},
    "cortex-m4": {
        "x-cube-ai-10": (1.24, 1.24),
        "x-cube-ai-8": (1.67, 1.89),
        "x-cube-ai-7.3": (1.91, 1.93),
        "x-cube-ai-7.1": (2.30, 2.31),
        "hale": (1.50, 1.75),
        "plumerai-2023": (1.23, 1.72),
        "plumerai-2022": (1.61, 2.11),
        "cmsis-nn": (2.14, 2.62),
        "plain-c": (3.19, 4.36),
    },
    "cortex-m7": {
        "x-cube-ai-10": (0.74, 0.88),
        "x-cube-ai-8": (0.98, 1.03),
        "x-cube-ai-7.3": (1.03, 1.04),
        "x-cube-ai-7.1": (1.33, 1.34),
        "hale": (0.85, 0.87),
        "plumerai-2023": (0.83, 0.86),
        "plumerai-2022": (0.94, 0.98),
    },
    "cortex-m33": {
        "x-cube-ai-8": (1.41, 1.41),
        "x-cube-ai-7.3": (1.55, 1.56),
        "x-cube-ai-7.1": (1.82, 1.83),
        "hale": (1.32, 1.32),
        "plumerai-2023": (1.12, 1.12),
        "plumerai-2022": (1.31, 1.31),
        "cmsis-nn": (2.14, 2.41),
    },
    "rv32imac": {"plain-c": (19.1, 19.2)},
    "rxv2": {"cmsis-nn": (2.20, 2.20)},
}
"""The least and the most c of each engine on each core. x-cube-ai-10 is X-CUBE-AI 9 and 10; plain-c
is TensorFlow Lite Micro's reference kernels, and microTVM's own code."""


class EngineCycles(NamedTuple):
    """What the engines of one name, or of names that begin alike, take per connection."""

    names: tuple[str, ...]
    least: float
    most: float

    @property
    def middle(self) -> float:
        """The geometric mean of both ends."""
        return sqrt(self.least * self.most)


def choose_engines(
    known: Mapping[str, tuple[float, float]], engine: str = ""
) -> EngineCycles | None:
    """Choose the engines whose names are `engine` or begin with it; all if it is empty. None if
    there are none.

    >>> choose_engines(CYCLES["cortex-m4"], "x-cube-ai").least
    1.24
    """
    names = [name for name in known if name == engine or not engine]
    names = names or [name for name in known if name.startswith((f"{engine}-", f"{engine}."))]
    if not names:
        return None
    ends = [known[name] for name in names]
    return EngineCycles(tuple(names), min(a for a, _ in ends), max(b for _, b in ends))
