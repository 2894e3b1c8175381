"""The keys and values that a decoder keeps of the positions that it has read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from cnncost.layers.attention import Attention
    from cnncost.network import Input, Network, Node


def count_kv_bytes(network: Network, batch: int, size: int) -> int:
    """Count the bytes of the keys and values of all positions, in all attention layers, at `size`
    bytes a number: a decoder that writes one word after another keeps them (Pope et al. 2022).

    Raises:
        CnncostError: the network has no attention layer.
    """
    numbers = [_count_numbers(node) for node in network.nodes if _attends(node)]
    if not numbers:
        raise CnncostError(
            f"{network.name} has no attention layer, so it keeps no keys and values",
            "without --kv-cache its memory is shown",
        )
    return batch * size * sum(numbers)


def _attends(node: Input | Node) -> TypeGuard[Node[Attention]]:
    return node.layer is not None and node.layer.word == "attention"


def _count_numbers(node: Node[Attention]) -> int:
    # A key and a value of kv_dim channels for each position.
    return 2 * node.layer.kv_dim * node.inputs[0].positions
