"""Layers in series: which norms, activations and convolutions stand behind one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncost.layers import Layer
from cnncost.network import Network, Node

NORMS = ("batchnorm", "layernorm", "rmsnorm", "instancenorm")

ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "hardswish"),
    *("sigmoid", "hardsigmoid", "tanh", "softplus", "mish", "step"),
)

TRANSPARENT = frozenset((*NORMS, *ACTIVATIONS, "dropout", "identity", "lrn", "channel_shuffle"))
"""What does not part two convolutions."""

CONVOLUTIONS = ("conv", "depthwise_conv", "conv_transpose")


def readers_behind(network: Network, index: int) -> Iterator[int]:
    """The nodes that read a node through what does not part them."""
    due = [index]
    while due:
        for reader in dict.fromkeys(network.readers[due.pop()]):
            if _word_of(network, reader) in TRANSPARENT:
                due.append(reader)
            else:
                yield reader


def source_before(network: Network, index: int) -> int:
    """The node that a node reads through what does not part them."""
    source = network.nodes[index].reads[0]
    while _word_of(network, source) in TRANSPARENT:
        source = network.nodes[source].reads[0]
    return source


def is_pointwise(layer: Layer) -> bool:
    """Whether a layer is a 1x1 convolution."""
    kernel: Sequence[int] = getattr(layer, "kernel", (0,))
    return layer.word == "conv" and max(kernel) == 1


def is_transition(network: Network, index: int) -> bool:
    """Whether a node is a 1x1 between a concatenation and a pool: a DenseNet's transition."""
    layer = network.nodes[index].layer
    if layer is None or not is_pointwise(layer):
        return False
    behind = [_word_of(network, reader) for reader in readers_behind(network, index)]
    before = _word_of(network, source_before(network, index))
    return before == "concat" and bool(behind) and {"avgpool", "maxpool"} >= set(behind)


def _word_of(network: Network, index: int) -> str:
    layer = network.nodes[index].layer
    return "" if layer is None else layer.word


def norm_and_activation_behind(network: Network, node: Node) -> tuple[str, ...]:
    """The norm and the activation that alone read a node, one behind the other, by their words."""
    words: list[str] = []
    at = node.index
    for allowed in (NORMS, ACTIVATIONS):
        following = network.readers[at]
        if len(following) != 1:
            break
        layer = network.nodes[following[0]].layer
        if layer is not None and layer.word in allowed:
            words.append(layer.word)
            at = following[0]
    return tuple(words)
