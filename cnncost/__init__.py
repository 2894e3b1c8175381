"""What a convolutional network costs, from a text file: units, weights, connections."""

from __future__ import annotations

from cnncost.api import count, load, loads
from cnncost.costs import Convention, LayerCount, Report, Totals
from cnncost.errors import CnncostError, SpecError
from cnncost.spec import Spec

__version__ = "0.1.0"

__all__ = [
    "CnncostError",
    "Convention",
    "LayerCount",
    "Report",
    "Spec",
    "SpecError",
    "Totals",
    "__version__",
    "count",
    "load",
    "loads",
]
