"""k x k as 1 x k and k x 1 (Inception)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnncost.suggest.edits.edit_site import EditSite
from cnncost.suggest.edits.new_layer import KEPT, NewLayer
from cnncost.suggest.edits.replacement import (
    ConvolutionReplacement,
    is_centred,
    shared_kernel,
    words_between,
)
from cnncost.suggest.text import scores

if TYPE_CHECKING:
    pass

KIND = "asymmetric"

EVIDENCE = scores.Evidence(
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
    words = [NewLayer(word) for word in words_between(site)]
    k, half = kernel[0], kernel[0] // 2
    across = _new_layer((1, k), (0, half), (1, stride[1]))
    down = _new_layer((k, 1), (half, 0), (stride[0], 1))
    yield ConvolutionReplacement(
        KIND,
        f"1x{k}, then {k}x1",
        [across, *words, down],
    )


def _new_layer(
    kernel: tuple[int, int], padding: tuple[int, int], stride: tuple[int, int]
) -> NewLayer:
    step = {"stride": stride} if max(stride) > 1 else {}
    sizes = {"kernel": kernel, "padding": padding, **step}
    return NewLayer("conv", {"filters": KEPT, **sizes, "bias": KEPT})
