"""The rows of a spec, and that of a layer alone."""

from __future__ import annotations

import cnncost
from cnncost.costs.count import LayerCount


def rows(text: str, *, biases: bool = False, exclude_padding: bool = False) -> list[LayerCount]:
    spec = cnncost.loads(text)
    return list(cnncost.count(spec, biases=biases, exclude_padding=exclude_padding).layers)


def the_row(shape: str, line: str, **convention: bool) -> LayerCount:
    (row,) = rows(f"input: {shape}\nlayers:\n  - {line}\n", **convention)
    return row
