"""A convolution in groups, with its channels shuffled behind it (ShuffleNet)."""

from __future__ import annotations

from collections.abc import Iterator

from cnncost.suggest.edits.edit_site import EditSite
from cnncost.suggest.edits.new_layer import KEPT, NewLayer
from cnncost.suggest.edits.replacement import ConvolutionReplacement
from cnncost.suggest.text import scores

KIND = "grouped"

EVIDENCE = scores.Evidence(
    "ResNeXt (Xie et al. 2017), ShuffleNet (Zhang et al. 2018)", "the price .02 a doubling"
)

GROUPS = (2, 4, 8)


def list_replacements(site: EditSite) -> Iterator[ConvolutionReplacement]:
    """Groups that split all widths; the shuffle lets the next layer see every group."""
    if site.given_argument("groups"):
        return  # the key stands there already
    if any(node.output.positions == 1 for node in site.nodes):
        return  # over one position a convolution is a dense layer
    widths = [w for n in site.nodes for w in (n.inputs[0].channels, n.output.channels)]
    for groups in GROUPS:
        if any(width % groups or width < 4 * groups for width in widths):
            continue
        kept = dict.fromkeys(("filters", "kernel", "stride", "padding", "dilation"), KEPT)
        conv = NewLayer("conv", {**kept, "groups": groups, "bias": KEPT})
        yield ConvolutionReplacement(
            KIND,
            f"in {groups} groups, shuffled",
            [conv, NewLayer("channel_shuffle", {"groups": groups})],
        )
