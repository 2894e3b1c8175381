"""Where third parties' files and measurements lie beside a checkout; None where there are none."""

from __future__ import annotations

from pathlib import Path


def find_beside(name: str) -> Path | None:
    """A folder of them, such as `evidence/mcu`."""
    for folder in Path(__file__).parents[2:4]:
        if (found := folder / "shared" / name).is_dir():
            return found
    return None
