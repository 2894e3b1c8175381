"""Values as YAML on one line."""

from __future__ import annotations

from typing import Any


def written(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(_entry(key, item) for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _entry(key: str, value: Any) -> str:
    return key if value is None else f"{key}: {written(value)}"
