"""A convolution in groups, with its channels shuffled behind it (ShuffleNet)."""

from __future__ import annotations

from collections.abc import Iterator
from math import log2

from cnncost.layers import Layer
from cnncost.shape import Shape
from cnncost.suggest.edits.edit_site import EditSite
from cnncost.suggest.edits.inlined_call import TextPart
from cnncost.suggest.edits.replacement import ConvolutionReplacement, LayerSpecs, conv_fields
from cnncost.suggest.text import damage

KIND = "grouped"

EVIDENCE = damage.Evidence(
    "ResNeXt (Xie et al. 2017), ShuffleNet (Zhang et al. 2018)", "the price .02 a doubling"
)

GROUPS = (2, 4, 8)


def list_replacements(site: EditSite) -> Iterator[ConvolutionReplacement]:
    """Groups that split all widths; the shuffle lets the next layer see every group."""
    if site.given_argument("groups"):
        return  # the key stands there already
    widths = [w for n in site.nodes for w in (n.inputs[0].channels, n.output.channels)]
    for groups in GROUPS:
        if any(width % groups or width < 4 * groups for width in widths):
            continue
        conv: list[TextPart] = ["{conv: ", *site.main_parts()]
        for field in ("kernel", "stride", "padding", "dilation"):
            conv += site.given_argument(field)
        conv += [f", groups: {groups}", *site.given_argument("bias"), "}"]
        yield ConvolutionReplacement(
            KIND,
            f"in {groups} groups, shuffled",
            damage.GROUPED * log2(groups) * len(site.nodes),
            f".02 x log2 {groups} a convolution",
            [conv, [f"{{channel_shuffle: {groups}}}"]],
            lambda layer, x, g=groups: _layer_specs(layer, x, g),  # type: ignore[misc]
        )


def _layer_specs(layer: Layer, x: Shape, groups: int) -> LayerSpecs:
    conv = conv_fields(layer)
    names = ("filters", "kernel", "stride", "padding", "dilation", "bias")
    arguments = {name: getattr(conv, name) for name in names}
    return [("conv", {**arguments, "groups": groups}), ("channel_shuffle", {"groups": groups})]
