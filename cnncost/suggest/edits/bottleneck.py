"""A convolution between a 1x1 that narrows and a 1x1 that widens (ResNet)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnncost.suggest.edits.edit_site import EditSite
from cnncost.suggest.edits.new_layer import KEPT, NewLayer
from cnncost.suggest.edits.replacement import (
    ConvolutionReplacement,
    words_between,
)
from cnncost.suggest.text import scores

if TYPE_CHECKING:
    pass

KIND = "bottleneck"

EVIDENCE = scores.Evidence(
    "He et al. 2016, sec. 4.1; Iandola et al. 2016 (squeeze layers); trained variants",
    "that the rank's ratio counts like a width's",
)

PARTS = (2, 4)


def list_replacements(site: EditSite) -> Iterator[ConvolutionReplacement]:
    """1x1 to a half or a quarter of the narrower side, k x k there, 1x1 back up."""
    filters = site.shared_field("filters")
    inputs = {node.inputs[0].channels: None for node in site.nodes}
    if not isinstance(filters, int) or len(inputs) > 1:
        return
    words = [NewLayer(word) for word in words_between(site)]
    last = NewLayer("conv", {"filters": KEPT, "kernel": 1, "bias": KEPT})
    narrower = min(filters, *inputs)
    for part in PARTS:
        rank = narrower // part
        if rank < 4:
            continue
        first = NewLayer("conv", {"filters": rank, "kernel": 1, "bias": KEPT})
        kept = dict.fromkeys(("kernel", "stride", "padding", "dilation", "bias"), KEPT)
        spatial = NewLayer("conv", {"filters": rank, **kept})
        yield ConvolutionReplacement(
            KIND,
            f"1x1 to {rank}, the kernel there, 1x1 up",
            [first, *words, spatial, *words, last],
        )
