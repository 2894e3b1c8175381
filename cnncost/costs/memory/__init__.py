"""Memory: what a network needs in bytes, by rules measured on PyTorch."""

from cnncost.costs.memory.embedded import Embedded, embedded
from cnncost.costs.memory.inference import Alive, Peak
from cnncost.costs.memory.memory_report import (
    DTYPES,
    OPTIMIZERS,
    Memory,
    Saved,
    Training,
    memory,
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
    "embedded",
    "memory",
    "refuse_unknown",
]
