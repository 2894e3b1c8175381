"""Keras in: a model's configuration, without Keras, as a graph in the words of a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.formats.keras_in.keras_archive import read_configuration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cnncost.formats.graph import Graph


def read(path: Path, name: str, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    """The network of a `model.to_json()` or a `.keras` archive; `name` stands in messages.

    `shapes` are those of one example of each input, channels first, where the file leaves
    them open or they should be others; a single one needs no name.

    Raises:
        CnncostError: the file is damaged, no model of layers, or its shapes stay open.
    """
    from cnncost.formats.keras_in.keras_network import build_keras_graph

    return build_keras_graph(read_configuration(path, name), name, shapes)
