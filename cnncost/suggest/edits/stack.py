"""A large kernel as a stack of 3x3 (VGG)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnncost.layers import Layer
from cnncost.shape import Shape
from cnncost.suggest import damage
from cnncost.suggest.edits.convolutions import (
    Replacement,
    Steps,
    biased,
    centred,
    fields,
    kernel_of,
    middle,
)
from cnncost.suggest.edits.lines import Part, Site

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

KIND = "kernel-stack"

EVIDENCE = damage.Evidence(
    "Simonyan & Zisserman 2015, sec. 2.3 (a stack of 3x3 beats one 5x5); Szegedy et al. 2016"
)

WORDS = {5: "two", 7: "three"}


def offer(site: Site) -> Iterator[Replacement]:
    """5x5 as two, 7x7 as three; the stride on the first, all of the original's width."""
    kernel = kernel_of(site)
    if kernel is None or len(dict.fromkeys(kernel)) > 1 or kernel[0] not in WORDS:
        return
    if not centred(site):
        return
    count = (kernel[0] - 1) // 2
    between = middle(site)
    head: list[Part] = ["{conv: ", site.main(), ", kernel: 3, padding: 1"]
    items: list[list[Part]] = [[*head, *site.given("stride"), *biased(site), "}"]]
    for _ in range(count - 1):
        items += [[word] for word in between]
        items.append([*head, *biased(site), "}"])
    yield Replacement(
        KIND,
        f"{'x'.join(map(str, kernel))} as {WORDS[kernel[0]]} {'x'.join('3' for _ in kernel)}",
        damage.KERNEL_STACK,
        "no damage known",
        items,
        lambda layer, x: _steps(layer, x, count, between),
    )


def _steps(layer: Layer, x: Shape, count: int, between: list[str]) -> Steps:
    conv = fields(layer)
    common: dict[str, Raw] = {
        "filters": conv.filters, "kernel": 3, "padding": 1, "bias": conv.bias
    }  # fmt: skip
    steps: Steps = [("conv", {**common, "stride": conv.stride})]
    for _ in range(count - 1):
        steps += [(word, {}) for word in between]
        steps.append(("conv", common))
    return steps
