"""Low rank: a dense layer as two, a convolution as one to fewer channels and a 1x1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from cnncost.suggest.edits.edit_site import EditSite, list_sites, saves_costs
from cnncost.suggest.edits.new_layer import KEPT, NewLayer, place_layers, replace_line
from cnncost.suggest.edits.replacement import (
    ConvolutionReplacement,
)
from cnncost.suggest.text import scores
from cnncost.suggest.text.edit import NO_EDIT, Decision, Edit
from cnncost.suggest.text.editable_spec import EditableSpec

if TYPE_CHECKING:
    pass

KIND = "low-rank"

EVIDENCE = scores.Evidence(
    "Zhang et al. 2015 (VGG-16's convolutions); Kim et al. 2016",
    "that the rank's ratio counts as three quarters of a width's",
)

CONV_PARTS, DENSE_PARTS = (2, 4), (2, 4, 8)


def list_replacements(site: EditSite) -> Iterator[ConvolutionReplacement]:
    """k x k to a part of the filters without a bias, then 1x1 to all of them."""
    filters = site.shared_field("filters")
    if not isinstance(filters, int):
        return
    for part in CONV_PARTS:
        rank = filters // part
        if rank < 4:
            continue
        kept = dict.fromkeys(("kernel", "stride", "padding", "dilation"), KEPT)
        first = NewLayer("conv", {"filters": rank, **kept, "bias": False})
        last = NewLayer("conv", {"filters": KEPT, "kernel": 1, "bias": KEPT})
        yield ConvolutionReplacement(
            KIND,
            f"{rank} filters, then 1x1 up",
            [first, last],
        )


def dense_rank_decisions(editable: EditableSpec, kept: Sequence[str]) -> Iterator[Decision]:
    """A decision for each line of dense layers, with the ranks that save."""
    for site in list_sites(editable, "dense", kept):
        options = [edit for part in DENSE_PARTS if (edit := _split_dense(site, part)) is not None]
        if options:
            yield Decision(site.label, (NO_EDIT, *options), site.nodes[0].index)


def _split_dense(site: EditSite, part: int) -> Edit | None:
    sides = [min(node.inputs[0].units, node.output.units) for node in site.nodes]
    rank = min(sides) // part

    first = NewLayer("dense", {"units": rank, "bias": False})
    last = NewLayer("dense", {"units": KEPT, "bias": KEPT})
    substitute = partial(place_layers, (first, last))
    pairs = list(zip(site.nodes, site.layers, strict=True))
    if rank < 4 or not all(
        saves_costs(substitute(one, node.inputs), one, node.inputs) for node, one in pairs
    ):
        return None
    return Edit(
        KIND,
        f"{site.label}: as two of rank {rank}",
        changes=(replace_line(site, (first, last)),),
        substitutes={node.index: substitute for node in site.nodes},
    )
