"""A large kernel as a stack of 3x3 (VGG)."""

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

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

KIND = "kernel-stack"

EVIDENCE = scores.Evidence(
    "Simonyan & Zisserman 2015, sec. 2.3 (a stack of 3x3 beats one 5x5); Szegedy et al. 2016",
    "where the layer widens and the stack is narrower inside: priced as a rank",
)

WORDS = {5: "two", 7: "three"}


def list_replacements(site: EditSite) -> Iterator[ConvolutionReplacement]:
    """5x5 as two, 7x7 as three; the stride on the first, all of the original's width."""
    kernel = shared_kernel(site)
    if kernel is None or len(dict.fromkeys(kernel)) > 1 or kernel[0] not in WORDS:
        return
    if not is_centred(site):
        return
    filters, inputs = site.shared_field("filters"), {n.inputs[0].channels: None for n in site.nodes}
    if not isinstance(filters, int) or len(inputs) > 1:
        return
    (channels,) = inputs
    count, words = (kernel[0] - 1) // 2, [NewLayer(word) for word in words_between(site)]
    # Where the layer widens, the stack widens at its end: all of its width would save nothing.
    inner = channels if channels < filters else None
    layers: list[NewLayer] = []
    for position in range(count):
        layers += words if position else []
        width = KEPT if inner is None or position == count - 1 else inner
        common: dict[str, Raw] = {
            "filters": width,
            "kernel": 3,
            "padding": 1,
            "groups": KEPT,
            "bias": KEPT,
        }
        stride = {} if position else {"stride": KEPT}
        layers.append(NewLayer("conv", {**common, **stride}))
    through = "" if inner is None else f", through {inner} filters"
    yield ConvolutionReplacement(
        KIND,
        f"{_sizes_text(kernel[0], kernel)} as {WORDS[kernel[0]]} {_sizes_text(3, kernel)}{through}",
        layers,
    )


def _sizes_text(size: int, kernel: tuple[int, ...]) -> str:
    return "x".join(str(size) for _ in kernel)
