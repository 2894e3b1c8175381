"""Low rank: a dense layer as two, a convolution as one to fewer channels and a 1x1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log
from typing import TYPE_CHECKING

from cnncost.layers import Layer
from cnncost.shape import Shape
from cnncost.suggest.edits.edit_site import EditSite, list_sites, make_layers, saves_costs
from cnncost.suggest.edits.inlined_call import TextPart
from cnncost.suggest.edits.replacement import (
    ConvolutionReplacement,
    LayerSpecs,
    bias_parts,
    conv_fields,
)
from cnncost.suggest.text import damage
from cnncost.suggest.text.edit import NO_EDIT, Decision, Edit, PlacedLayer
from cnncost.suggest.text.editable_spec import EditableSpec

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

KIND = "low-rank"

EVIDENCE = damage.Evidence(
    "Zhang et al. 2015 (VGG-16's convolutions); Kim et al. 2016",
    "that the rank's ratio counts as three quarters of a width's",
)

CONV_PARTS, DENSE_PARTS = (2, 4), (2, 4, 8)


def list_replacements(site: EditSite) -> Iterator[ConvolutionReplacement]:
    """k x k to a part of the filters without a bias, then 1x1 to all of them."""
    filters = site.shared_field("filters")
    if not isinstance(filters, int):
        return
    weight = site.weight()
    for part in CONV_PARTS:
        rank = filters // part
        if rank < 4:
            continue
        first: list[TextPart] = [f"{{conv: {rank}"]
        for field in ("kernel", "stride", "padding", "dilation"):
            first += site.given_argument(field)
        last: list[TextPart] = [
            "{conv: ",
            *site.main_parts(),
            ", kernel: 1",
            *bias_parts(site),
            "}",
        ]
        yield ConvolutionReplacement(
            KIND,
            f"{rank} filters, then 1x1 up",
            damage.LOW_RANK * weight * damage.phi(log(filters / rank)),
            f".75 x w {weight:.3f} x phi(ln {filters / rank:.3g})",
            [[*first, ", bias: false}"], last],
            lambda layer, x, r=rank: _layer_specs(layer, x, r),  # type: ignore[misc]
        )


def _layer_specs(layer: Layer, x: Shape, rank: int) -> LayerSpecs:
    conv = conv_fields(layer)
    sizes = {f: getattr(conv, f) for f in ("kernel", "stride", "padding", "dilation")}
    last: dict[str, Raw] = {"filters": conv.filters, "kernel": 1, "bias": conv.bias}
    return [("conv", {"filters": rank, **sizes, "bias": False}), ("conv", last)]


def dense_rank_decisions(editable: EditableSpec, kept: Sequence[str]) -> Iterator[Decision]:
    """A decision for each line of dense layers, with the ranks that save."""
    for site in list_sites(editable, "dense", kept):
        options = [edit for part in DENSE_PARTS if (edit := _split_dense(site, part)) is not None]
        if options:
            yield Decision(site.label, (NO_EDIT, *options), site.nodes[0].index)


def _split_dense(site: EditSite, part: int) -> Edit | None:
    sides = [min(node.inputs[0].units, node.output.units) for node in site.nodes]
    rank = min(sides) // part

    def substitute(layer: Layer, xs: tuple[Shape, ...]) -> list[PlacedLayer]:
        dense = conv_fields(layer)
        last: dict[str, Raw] = {"units": dense.units, "bias": dense.bias}
        return make_layers(xs, [("dense", {"units": rank, "bias": False}), ("dense", last)])

    pairs = list(zip(site.nodes, site.layers, strict=True))
    if rank < 4 or not all(
        saves_costs(substitute(one, node.inputs), one, node.inputs) for node, one in pairs
    ):
        return None
    weight = site.weight()
    ratio = min(sides) / rank
    last: list[TextPart] = ["{dense: ", *site.main_parts(), *site.given_argument("bias"), "}"]
    return Edit(
        KIND,
        f"{site.label}: as two of rank {rank}",
        damage.units(damage.LOW_RANK * weight * damage.phi(log(ratio))) + damage.PER_EDIT,
        (site.replace_by_sequence([[f"{{dense: {rank}, bias: false}}"], last]),),
        {node.index: substitute for node in site.nodes},
        because=f".75 x w {weight:.3f} x phi(ln {ratio:.3g})",
    )
