"""TensorFlow Lite in: a `.tflite` file, without its weights, as a graph in the words of a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cnncost.formats.graph import Graph


def read(path: Path, name: str, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    """Read a `.tflite` file as a graph; `name` stands in messages.

    `shapes` are those of one example of each input, channels first, where the file leaves
    them open or they should be others; a single one needs no name.

    Raises:
        CnncostError: the file is damaged, no TensorFlow Lite file, or its shapes stay open.
    """
    from cnncost.formats.tflite_in.tflite_graph import build_tflite_graph
    from cnncost.formats.tflite_in.tflite_model import load_tflite_model

    return build_tflite_graph(load_tflite_model(path, name), name, shapes)
