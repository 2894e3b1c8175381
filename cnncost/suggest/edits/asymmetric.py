"""k x k as 1 x k and k x 1 (Inception)."""

from __future__ import annotations

from collections.abc import Iterator
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
    is_centred,
    shared_kernel,
    words_between,
)
from cnncost.suggest.text import damage

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

KIND = "asymmetric"

EVIDENCE = damage.Evidence(
    "Szegedy et al. 2016, sec. 3.2: works on maps of 12 to 20 positions, less well on early layers",
    "the prices .003 and .008",
)


def list_replacements(site: EditSite) -> Iterator[ConvolutionReplacement]:
    """Two-dimensional square kernels whose padding keeps the extents."""
    kernel, stride = shared_kernel(site), site.shared_field("stride")
    if kernel is None or len(kernel) != 2 or kernel[0] != kernel[1] or not is_centred(site):
        return
    if not isinstance(stride, tuple) or kernel[0] % 2 == 0:
        return
    low, high = damage.ASYMMETRIC_EXTENTS
    inside = all(low <= n <= high for node in site.nodes for n in node.output.extents)
    each = damage.ASYMMETRIC if inside else damage.ASYMMETRIC_ELSEWHERE
    k, half, between = kernel[0], kernel[0] // 2, words_between(site)
    items: list[list[TextPart]] = [_item(site, [1, k], [0, half], [1, stride[1]])]
    items += [[word] for word in between]
    items.append(_item(site, [k, 1], [half, 0], [stride[0], 1]))
    yield ConvolutionReplacement(
        KIND,
        f"1x{k}, then {k}x1",
        each * len(site.nodes),
        f"{each} a convolution",
        items,
        lambda layer, x: _layer_specs(layer, x, between),
    )


def _item(
    site: EditSite, kernel: list[int], padding: list[int], stride: list[int]
) -> list[TextPart]:
    step = f", stride: {stride}" if max(stride) > 1 else ""
    sizes = f", kernel: {kernel}, padding: {padding}{step}"
    return ["{conv: ", *site.main_parts(), sizes, *bias_parts(site), "}"]


def _layer_specs(layer: Layer, x: Shape, between: list[str]) -> LayerSpecs:
    conv = conv_fields(layer)
    k = conv.kernel[0]
    common: dict[str, Raw] = {"filters": conv.filters, "bias": conv.bias}
    across = {**common, "kernel": (1, k), "padding": (0, k // 2), "stride": (1, conv.stride[1])}
    down = {**common, "kernel": (k, 1), "padding": (k // 2, 0), "stride": (conv.stride[0], 1)}
    return [("conv", across), *((word, {}) for word in between), ("conv", down)]
