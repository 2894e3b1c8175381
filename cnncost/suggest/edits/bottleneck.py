"""A convolution between a 1x1 that narrows and a 1x1 that widens (ResNet)."""

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

KIND = "bottleneck"

EVIDENCE = damage.Evidence(
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
    between, weight = words_between(site), site.weight()
    narrower = min(filters, *inputs)
    for part in PARTS:
        rank = narrower // part
        if rank < 4:
            continue
        spatial: list[TextPart] = [f"{{conv: {rank}, kernel: ", *site.value_parts("kernel")]
        for field in ("stride", "padding", "dilation"):
            spatial += site.given_argument(field)
        words: list[list[TextPart]] = [[word] for word in between]
        items: list[list[TextPart]] = [
            [f"{{conv: {rank}, kernel: 1", *bias_parts(site), "}"], *words,
            [*spatial, *bias_parts(site), "}"], *words,
            ["{conv: ", *site.main_parts(), ", kernel: 1", *bias_parts(site), "}"],
        ]  # fmt: skip
        ratio = narrower / rank
        yield ConvolutionReplacement(
            KIND,
            f"1x1 to {rank}, the kernel there, 1x1 up",
            damage.BOTTLENECK * weight * damage.phi(log(ratio)),
            f"1.5 x w {weight:.3f} x phi(ln {ratio:.3g})",
            items,
            lambda layer, x, r=rank: _layer_specs(layer, x, r, between),  # type: ignore[misc]
        )


def _layer_specs(layer: Layer, x: Shape, rank: int, between: list[str]) -> LayerSpecs:
    conv = conv_fields(layer)
    bias: dict[str, Raw] = {"bias": conv.bias}
    sizes = {f: getattr(conv, f) for f in ("kernel", "stride", "padding", "dilation")}
    words: LayerSpecs = [(word, {}) for word in between]
    return [
        ("conv", {"filters": rank, "kernel": 1, **bias}), *words,
        ("conv", {"filters": rank, **sizes, **bias}), *words,
        ("conv", {"filters": conv.filters, "kernel": 1, **bias}),
    ]  # fmt: skip
