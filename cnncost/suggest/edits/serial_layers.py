"""Layers in series: which convolutions stand behind one another, and what parts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncost.layers import Layer
from cnncost.suggest.edits.edit_site import ACTIVATIONS, NORMS
from cnncost.suggest.text.editable_spec import EditableSpec

TRANSPARENT = frozenset((*NORMS, *ACTIVATIONS, "dropout", "identity", "lrn", "channel_shuffle"))
"""What does not part two convolutions."""

CONVOLUTIONS = ("conv", "depthwise_conv", "conv_transpose")


def readers_behind(editable: EditableSpec, index: int) -> Iterator[int]:
    """The nodes that read a node through what does not part them."""
    due = [index]
    while due:
        for reader in dict.fromkeys(editable.readers[due.pop()]):
            if _word_of(editable, reader) in TRANSPARENT:
                due.append(reader)
            else:
                yield reader


def source_before(editable: EditableSpec, index: int) -> int:
    """The node that a node reads through what does not part them."""
    source = editable.network.nodes[index].reads[0]
    while _word_of(editable, source) in TRANSPARENT:
        source = editable.network.nodes[source].reads[0]
    return source


def is_pointwise(layer: Layer) -> bool:
    """Whether a layer is a 1x1 convolution."""
    kernel: Sequence[int] = getattr(layer, "kernel", (0,))
    return layer.word == "conv" and max(kernel) == 1


def is_transition(editable: EditableSpec, index: int) -> bool:
    """Whether a node is a 1x1 between a concatenation and a pool: a DenseNet's transition."""
    layer = editable.network.nodes[index].layer
    if layer is None or not is_pointwise(layer):
        return False
    behind = [_word_of(editable, reader) for reader in readers_behind(editable, index)]
    before = _word_of(editable, source_before(editable, index))
    return before == "concat" and bool(behind) and {"avgpool", "maxpool"} >= set(behind)


def _word_of(editable: EditableSpec, index: int) -> str:
    layer = editable.network.nodes[index].layer
    return "" if layer is None else layer.word
