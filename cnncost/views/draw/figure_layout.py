"""The margins that all figures keep."""

from __future__ import annotations

MARGIN = 1.5
"""The white around a figure, in millimetres."""
