"""Mutants of `mutate_numbers.py` that change no number and no plan, and why."""

from __future__ import annotations

SAME: dict[tuple[str, str], str] = {}
"""By module and change, as printed."""
