"""Inputs that are indices of words, which embeddings read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from cnncost.network import Input, Network, Node

MOVES = ("identity", "flatten", "reshape", "permute", "slice", "crop", "concat", "channel_shuffle")
"""The types that hand indices on as they are."""


def find_vocabularies(network: Network) -> dict[int, int]:
    """Find every node whose numbers are indices, and how many words there are.

    Raises:
        CnncostError: an embedding reads numbers that a layer computes.
    """
    found: dict[int, int] = {}
    for node in network.layers:
        if node.layer.word == "embedding":
            inner: Any = node.layer  # an Embedding
            for index in _list_sources(network, node):
                found[index] = min(inner.vocabulary, found.get(index, inner.vocabulary))
    return found


def _list_sources(network: Network, embedding: Node) -> list[int]:
    """List the nodes above an embedding, up to the inputs."""
    pending, found = list(embedding.reads), []
    while pending:
        node: Input | Node = network.nodes[pending.pop()]
        found.append(node.index)
        if node.layer is None:
            continue
        if node.layer.word not in MOVES:
            raise CnncostError(
                f"{embedding.name} reads what {node.name} computes: --check draws indices of "
                "inputs alone",
                "check the layers above and those below in specs of their own",
            )
        pending.extend(node.reads)
    return found
