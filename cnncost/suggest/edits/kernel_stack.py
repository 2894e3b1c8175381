"""A large kernel as a stack of 3x3 (VGG)."""

from __future__ import annotations

from collections.abc import Iterator
from math import log
from typing import TYPE_CHECKING

from cnncost.layers import Layer
from cnncost.suggest.edits.edit_site import Site
from cnncost.suggest.edits.inlined_call import Part
from cnncost.suggest.edits.replacement import (
    Replacement,
    Steps,
    biased,
    centred,
    fields,
    kernel_of,
    middle,
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


def offer(site: Site) -> Iterator[Replacement]:
    """5x5 as two, 7x7 as three; the stride on the first, all of the original's width."""
    kernel = kernel_of(site)
    if kernel is None or len(dict.fromkeys(kernel)) > 1 or kernel[0] not in WORDS:
        return
    if not centred(site):
        return
    filters, inputs = site.same("filters"), {n.inputs[0].channels: None for n in site.nodes}
    if not isinstance(filters, int) or len(inputs) > 1:
        return
    (channels,) = inputs
    count, between = (kernel[0] - 1) // 2, middle(site)
    # Where the layer widens, the stack widens at its end: all of its width would save nothing.
    inner = channels if channels < filters else None
    common: list[Part] = [", kernel: 3, padding: 1", *site.given("groups"), *biased(site)]
    width: list[Part] = site.main() if inner is None else [str(inner)]
    items: list[list[Part]] = []
    for position in range(count):
        items += [[word] for word in between] if position else []
        own = width if position < count - 1 else site.main()
        items.append(["{conv: ", *own, *common, *(site.given("stride") * (not position)), "}"])
    score, because = damage.KERNEL_STACK, "no damage known"
    if inner is not None:
        ratio = filters / inner
        score = damage.LOW_RANK * site.weight() * damage.phi(log(ratio))
        because = f"priced as a rank: .75 x w {site.weight():.3f} x phi(ln {ratio:.3g})"
    through = "" if inner is None else f", through {inner} filters"
    yield Replacement(
        KIND,
        f"{_by(kernel[0], kernel)} as {WORDS[kernel[0]]} {_by(3, kernel)}{through}",
        score,
        because,
        items,
        lambda layer, x: _steps(layer, inner, count, between),
    )


def _by(size: int, kernel: tuple[int, ...]) -> str:
    return "x".join(str(size) for _ in kernel)


def _steps(layer: Layer, inner: int | None, count: int, between: list[str]) -> Steps:
    conv = fields(layer)
    steps: Steps = []
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
