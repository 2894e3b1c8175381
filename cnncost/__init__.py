"""What a convolutional network costs, from a text file: units, weights, connections.

The names below are imported when they are first used: the command line starts without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncost.accuracy import Damage, damage
    from cnncost.api import count, load, load_device, loads, time
    from cnncost.costs import Convention, LayerCount, Report, Totals
    from cnncost.errors import CnncostError, SpecError
    from cnncost.language import Spec
    from cnncost.notebook import compare, draw, from_torch, memory, suggest, table
    from cnncost.timing import Device, NetworkTime

__version__ = "0.1.0"

_HOMES = {
    **dict.fromkeys(("Damage", "damage"), "accuracy"),
    **dict.fromkeys(("count", "load", "load_device", "loads", "time"), "api"),
    **dict.fromkeys(("Convention", "LayerCount", "Report", "Totals"), "costs"),
    **dict.fromkeys(("CnncostError", "SpecError"), "errors"),
    "Spec": "language",
    **dict.fromkeys(("compare", "draw", "from_torch", "memory", "suggest", "table"), "notebook"),
    **dict.fromkeys(("Device", "NetworkTime"), "timing"),
}
"""The module that each public name lives in."""

__all__ = [
    "CnncostError",
    "Convention",
    "Damage",
    "Device",
    "LayerCount",
    "NetworkTime",
    "Report",
    "Spec",
    "SpecError",
    "Totals",
    "__version__",
    "compare",
    "count",
    "damage",
    "draw",
    "from_torch",
    "load",
    "load_device",
    "loads",
    "memory",
    "suggest",
    "table",
    "time",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'cnncost' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"cnncost.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return __all__
