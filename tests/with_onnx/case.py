"""One operation or pattern that exporters write, and the spec that a person would write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Case(NamedTuple):
    """A model over one input `x`, and the lines of its spec."""

    name: str
    x: tuple[int, ...]
    nodes: str
    lines: str
    weights: Mapping[str, tuple[int, ...]] = {}
    numbers: Mapping[str, Any] = {}  # Any: whatever numpy takes
    opset: int = 17
