"""What the graphs for Graphviz and Mermaid show: one label per layer, and the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncost.network import Input, Network, Node


def node_label(node: Input | Node) -> tuple[str, str, str]:
    """Return a node's name, type and output shape."""
    return node.name, node.layer.word if node.layer else "input", str(node.output)


def list_edges(network: Network) -> Iterator[tuple[int, int]]:
    """List each read as (from, to), in the order of the readers."""
    for node in network.nodes:
        for read in node.reads:
            yield read, node.index
