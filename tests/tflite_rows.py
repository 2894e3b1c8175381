"""What the layers of a TensorFlow Lite file are, make and cost."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cnncost


class Row(NamedTuple):
    """What a layer is, makes and costs."""

    word: str
    output: tuple[int, ...]
    weights: int = 0
    others: int = 0
    """Biases and learned numbers that are neither."""
    connections: int = 0


def rows_of(path: Path, **inputs: tuple[int, ...]) -> list[Row]:
    shapes = {"" if name == "x" else name: shape for name, shape in inputs.items()}
    report = cnncost.count(cnncost.load(path, inputs=shapes))
    return [
        Row(
            row.node.layer.word, row.node.output.dims, row.weights,
            row.parameters - row.weights, row.connections,
        )
        for row in report.layers
    ]  # fmt: skip
