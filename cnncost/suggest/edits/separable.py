"""A convolution as a depthwise one and a 1x1 (MobileNet)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnncost.layers import Layer
from cnncost.shape import Shape
from cnncost.suggest.edits.edit_site import EditSite
from cnncost.suggest.edits.new_layer import KEPT, NewLayer
from cnncost.suggest.edits.replacement import (
    ConvolutionReplacement,
    conv_fields,
    words_between,
)
from cnncost.suggest.text import scores

if TYPE_CHECKING:
    pass

KIND = "separable"

EVIDENCE = scores.Evidence(
    "Howard et al. 2017, table 4 (a full convolution in place of each separable one); trained "
    "variants: at a lower price the search bought nothing else, and its plans were no better "
    "than uniform scaling",
    "less in proportion above 64 input channels. It may raise units and peak memory",
)


def list_replacements(site: EditSite) -> Iterator[ConvolutionReplacement]:
    """The depthwise convolution takes kernel, stride, padding and dilation, with the norm and
    activation that the original has behind it."""
    pairs = list(zip(site.nodes, site.layers, strict=True))
    before = sum(layer.weights(node.inputs[0]) for node, layer in pairs)
    after = sum(_weights(node.inputs[0], layer) for node, layer in pairs)
    if after >= before:
        return
    words = [NewLayer(word) for word in words_between(site)]
    fields = ("kernel", "stride", "padding", "dilation", "bias")
    first = NewLayer("depthwise_conv", dict.fromkeys(fields, KEPT))
    last = NewLayer("conv", {"filters": KEPT, "kernel": 1, "bias": KEPT})
    yield ConvolutionReplacement(
        KIND,
        "depthwise, then 1x1",
        [first, *words, last],
    )


def _weights(x: Shape, layer: Layer) -> int:
    conv = conv_fields(layer)
    filters: int = conv.filters
    taps = layer.weights(x) // (x.channels * filters)
    return x.channels * (taps + filters)
