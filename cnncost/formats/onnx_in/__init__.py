"""ONNX in: a file, without its weights, as a graph in the words of a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.formats.onnx_in.onnx_model import load_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cnncost.formats.graph import Graph


def read(path: Path, name: str, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    """Read an ONNX file as a graph; `name` stands in messages.

    `shapes` are those of one example of each input, channels first, where the file leaves
    them open or they should be others; a single one needs no name.

    Raises:
        CnncostError: onnx is not installed, the file is damaged, or its shapes stay open.
    """
    from cnncost.formats.onnx_in.onnx_graph import build_onnx_graph

    return build_onnx_graph(load_model(path, name), name, shapes)
