"""Memory: the bytes that a network needs, by rules that were measured on PyTorch."""

from cnncost.costs.memory.embedded import Embedded, measure_embedded
from cnncost.costs.memory.inference import Alive, Peak
from cnncost.costs.memory.memory_report import (
    DTYPES,
    OPTIMIZERS,
    Memory,
    Saved,
    Training,
    measure_memory,
    refuse_unknown,
)

__all__ = [
    "DTYPES",
    "OPTIMIZERS",
    "Alive",
    "Embedded",
    "Memory",
    "Peak",
    "Saved",
    "Training",
    "measure_embedded",
    "measure_memory",
    "refuse_unknown",
]
