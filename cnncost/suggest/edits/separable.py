"""A convolution as a depthwise one and a 1x1 (MobileNet)."""

from __future__ import annotations

from collections.abc import Iterator
from math import log
from typing import TYPE_CHECKING

from cnncost.layers import Layer
from cnncost.shape import Shape
from cnncost.suggest.edits.edit_site import EditSite
from cnncost.suggest.edits.inlined_call import TextPart
from cnncost.suggest.edits.replacement import (
    ConvolutionReplacement,
    LayerSpecs,
    bias_parts,
    conv_fields,
    words_between,
)
from cnncost.suggest.text import damage

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

KIND = "separable"

EVIDENCE = damage.Evidence(
    "Howard et al. 2017, table 4 (a full convolution in place of each separable one); trained "
    "variants: at a lower price the search bought nothing else, and its plans were no better "
    "than uniform scaling",
    "less in proportion above 64 input channels. It may raise units and peak memory",
)


def list_replacements(site: EditSite) -> Iterator[ConvolutionReplacement]:
    """The depthwise convolution takes kernel, stride, padding and dilation, with the norm and
    activation that the original has behind it."""
    ci = min(node.inputs[0].channels for node in site.nodes)
    pairs = list(zip(site.nodes, site.layers, strict=True))
    before = sum(layer.weights(node.inputs[0]) for node, layer in pairs)
    after = sum(_weights(node.inputs[0], layer) for node, layer in pairs)
    if after >= before:
        return
    weight = site.weight()
    share = min(1.0, damage.SEPARABLE_FULL_CHANNELS / ci)
    score = damage.SEPARABLE * weight * damage.phi(log(before / after) / 2) * share
    first: list[TextPart] = ["{depthwise_conv: ", *site.value_parts("kernel")]
    for field in ("stride", "padding", "dilation"):
        first += site.given_argument(field)
    between = words_between(site)
    words: list[list[TextPart]] = [[word] for word in between]
    last: list[TextPart] = ["{conv: ", *site.main_parts(), ", kernel: 1", *bias_parts(site), "}"]
    yield ConvolutionReplacement(
        KIND,
        "depthwise, then 1x1",
        score,
        f"1.5 x w {weight:.3f} x phi(half ln {before / after:.3g}) x {share:.2f}",
        [[*first, *bias_parts(site), "}"], *words, last],
        lambda layer, x: _layer_specs(layer, x, between),
    )


def _layer_specs(layer: Layer, x: Shape, between: list[str]) -> LayerSpecs:
    conv = conv_fields(layer)
    names = ("kernel", "stride", "padding", "dilation", "bias")
    spatial: dict[str, Raw] = {name: getattr(conv, name) for name in names}
    last: dict[str, Raw] = {"filters": conv.filters, "kernel": 1, "bias": conv.bias}
    return [("depthwise_conv", spatial), *((word, {}) for word in between), ("conv", last)]


def _weights(x: Shape, layer: Layer) -> int:
    conv = conv_fields(layer)
    filters: int = conv.filters
    taps = layer.weights(x) // (x.channels * filters)
    return x.channels * (taps + filters)
