"""A large kernel as a stack of 3x3 (VGG)."""

from __future__ import annotations

from collections.abc import Iterator
from math import log
from typing import TYPE_CHECKING

from cnncost.layers import Layer
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

KIND = "kernel-stack"

EVIDENCE = damage.Evidence(
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
    count, between = (kernel[0] - 1) // 2, words_between(site)
    # Where the layer widens, the stack widens at its end: all of its width would save nothing.
    inner = channels if channels < filters else None
    common: list[TextPart] = [
        ", kernel: 3, padding: 1",
        *site.given_argument("groups"),
        *bias_parts(site),
    ]
    width: list[TextPart] = site.main_parts() if inner is None else [str(inner)]
    items: list[list[TextPart]] = []
    for position in range(count):
        items += [[word] for word in between] if position else []
        own = width if position < count - 1 else site.main_parts()
        items.append(
            ["{conv: ", *own, *common, *(site.given_argument("stride") * (not position)), "}"]
        )
    score, because = damage.KERNEL_STACK, "no damage known"
    if inner is not None:
        ratio = filters / inner
        score = damage.LOW_RANK * site.weight() * damage.phi(log(ratio))
        because = f"priced as a rank: .75 x w {site.weight():.3f} x phi(ln {ratio:.3g})"
    through = "" if inner is None else f", through {inner} filters"
    yield ConvolutionReplacement(
        KIND,
        f"{_sizes_text(kernel[0], kernel)} as {WORDS[kernel[0]]} {_sizes_text(3, kernel)}{through}",
        score,
        because,
        items,
        lambda layer, x: _layer_specs(layer, inner, count, between),
    )


def _sizes_text(size: int, kernel: tuple[int, ...]) -> str:
    return "x".join(str(size) for _ in kernel)


def _layer_specs(layer: Layer, inner: int | None, count: int, between: list[str]) -> LayerSpecs:
    conv = conv_fields(layer)
    steps: LayerSpecs = []
    for position in range(count):
        steps += [(word, {}) for word in between] if position else []
        arguments: dict[str, Raw] = {
            "filters": conv.filters if inner is None or position == count - 1 else inner,
            "kernel": 3,
            "stride": 1 if position else conv.stride,
            "padding": 1,
            "groups": conv.groups,
            "bias": conv.bias,
        }
        steps.append(("conv", arguments))
    return steps
