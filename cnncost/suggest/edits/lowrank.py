"""Low rank: a dense layer as two, a convolution as one to fewer channels and a 1x1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log
from typing import TYPE_CHECKING

from cnncost.layers import Layer
from cnncost.shape import Shape
from cnncost.suggest.edits.edit_site import Site, chained, saves, sites
from cnncost.suggest.edits.inlined_call import Part
from cnncost.suggest.edits.replacement import Replacement, Steps, biased, fields
from cnncost.suggest.text import damage
from cnncost.suggest.text.edit import AS_IT_IS, Choice, Piece, Variable
from cnncost.suggest.text.editable_spec import Draft

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

KIND = "low-rank"

EVIDENCE = damage.Evidence(
    "Zhang et al. 2015 (VGG-16's convolutions); Kim et al. 2016",
    "that the rank's ratio counts as three quarters of a width's",
)

CONV_PARTS, DENSE_PARTS = (2, 4), (2, 4, 8)


def offer(site: Site) -> Iterator[Replacement]:
    """k x k to a part of the filters without a bias, then 1x1 to all of them."""
    filters = site.same("filters")
    if not isinstance(filters, int):
        return
    weight = site.weight()
    for part in CONV_PARTS:
        rank = filters // part
        if rank < 4:
            continue
        first: list[Part] = [f"{{conv: {rank}"]
        for field in ("kernel", "stride", "padding", "dilation"):
            first += site.given(field)
        last: list[Part] = ["{conv: ", *site.main(), ", kernel: 1", *biased(site), "}"]
        yield Replacement(
            KIND,
            f"{rank} filters, then 1x1 up",
            damage.LOW_RANK * weight * damage.phi(log(filters / rank)),
            f".75 x w {weight:.3f} x phi(ln {filters / rank:.3g})",
            [[*first, ", bias: false}"], last],
            lambda layer, x, r=rank: _steps(layer, x, r),  # type: ignore[misc]
        )


def _steps(layer: Layer, x: Shape, rank: int) -> Steps:
    conv = fields(layer)
    sizes = {f: getattr(conv, f) for f in ("kernel", "stride", "padding", "dilation")}
    last: dict[str, Raw] = {"filters": conv.filters, "kernel": 1, "bias": conv.bias}
    return [("conv", {"filters": rank, **sizes, "bias": False}), ("conv", last)]


def dense_variables(draft: Draft, kept: Sequence[str]) -> Iterator[Variable]:
    """A variable for each line of dense layers, with the ranks that save."""
    for site in sites(draft, "dense", kept):
        choices = [choice for part in DENSE_PARTS if (choice := _dense(site, part)) is not None]
        if choices:
            yield Variable(site.label, (AS_IT_IS, *choices), site.nodes[0].index)


def _dense(site: Site, part: int) -> Choice | None:
    sides = [min(node.inputs[0].units, node.output.units) for node in site.nodes]
    rank = min(sides) // part

    def pieces(layer: Layer, xs: tuple[Shape, ...]) -> list[Piece]:
        dense = fields(layer)
        last: dict[str, Raw] = {"units": dense.units, "bias": dense.bias}
        return chained(xs, [("dense", {"units": rank, "bias": False}), ("dense", last)])

    pairs = list(zip(site.nodes, site.layers, strict=True))
    if rank < 4 or not all(
        saves(pieces(one, node.inputs), one, node.inputs) for node, one in pairs
    ):
        return None
    weight = site.weight()
    ratio = min(sides) / rank
    last: list[Part] = ["{dense: ", *site.main(), *site.given("bias"), "}"]
    return Choice(
        KIND,
        f"{site.label}: as two of rank {rank}",
        damage.units(damage.LOW_RANK * weight * damage.phi(log(ratio))) + damage.PER_EDIT,
        (site.sequence([[f"{{dense: {rank}, bias: false}}"], last]),),
        {node.index: pieces for node in site.nodes},
        because=f".75 x w {weight:.3f} x phi(ln {ratio:.3g})",
    )
