"""Structural replacements of a convolution: what can stand in its line's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from cnncost.errors import CnncostError
from cnncost.layers import Layer
from cnncost.network import Node
from cnncost.suggest.edits.edit_site import EditSite, list_sites, saves_costs
from cnncost.suggest.edits.new_layer import NewLayer, place_layers, replace_line
from cnncost.suggest.text.edit import NO_EDIT, Decision, Edit
from cnncost.suggest.text.editable_spec import EditableSpec

FEW_CHANNELS = 16
"""Fewer than these an input's first convolution is not made through as few: `conv1` of 32 filters
over one channel cost .38 in training as a depthwise layer and a 1x1, .30 as two kernels."""


class ConvolutionReplacement(NamedTuple):
    """One way to replace all the convolutions of a line."""

    kind: str
    what: str
    """What the phrase says of it."""
    layers: Sequence[NewLayer]
    """What stands in a convolution's place."""


ReplacementRule = Callable[[EditSite], Iterator[ConvolutionReplacement]]


def replacement_decisions(
    editable: EditableSpec,
    kept: Sequence[str],
    rules: Sequence[ReplacementRule],
    of_groups: Sequence[ReplacementRule],
    of_first: Sequence[ReplacementRule],
) -> Iterator[Decision]:
    """A decision for each line of convolutions, with the replacements that save.

    Convolutions in groups take only the replacements of `of_groups`, and those that read an
    input of few channels, of which all else is made, only those of `of_first`.
    """
    for site in list_sites(editable, "conv", kept):
        if any(_is_unusual(layer) for layer in site.layers):
            continue
        plain = site.shared_field("groups") == 1
        first = any(_reads_picture(editable, node) for node in site.nodes)
        fitting = [
            rule
            for rule in rules
            if (plain or rule in of_groups) and (not first or rule in of_first)
        ]
        found = chain.from_iterable(rule(site) for rule in fitting)
        options = [edit for one in found if (edit := _make_edit(site, one)) is not None]
        if options:
            # Behind the copies of a line that one of the layers may go with: what goes takes
            # along what stands in its place.
            yield Decision(site.label, (NO_EDIT, *options), site.nodes[-1].index)


def _reads_picture(editable: EditableSpec, node: Node) -> bool:
    source = editable.network.nodes[node.reads[0]]
    return source.layer is None and source.output.channels < FEW_CHANNELS


def _is_unusual(layer: Layer) -> bool:
    conv: Any = layer  # the fields of a convolution
    return bool(conv.connects) or max(conv.kernel) == 1


def _make_edit(site: EditSite, one: ConvolutionReplacement) -> Edit | None:
    substitute = partial(place_layers, one.layers)
    try:
        for node, layer in zip(site.nodes, site.layers, strict=True):
            if not saves_costs(substitute(layer, node.inputs), layer, node.inputs):
                return None
    except CnncostError:
        return None
    return Edit(
        one.kind,
        f"{site.label}: {one.what}",
        changes=(replace_line(site, one.layers),),
        substitutes={node.index: substitute for node in site.nodes},
        convolutions=len(site.nodes),
    )


def words_between(site: EditSite) -> list[str]:
    """The norm and activation to put between two new convolutions: the original's own."""
    return list(site.words_behind() or ())


def shared_kernel(site: EditSite) -> tuple[int, ...] | None:
    """The kernel that all the layers share."""
    kernel = site.shared_field("kernel")
    return kernel if isinstance(kernel, tuple) else None


def is_centred(site: EditSite) -> bool:
    """Whether padding keeps the extents, but for the stride: half the kernel, or `same`."""
    kernel, padding = shared_kernel(site), site.shared_field("padding")
    if kernel is None or padding is None or site.shared_field("dilation") != (1,) * len(kernel):
        return False
    return padding == "same" or padding == tuple((k // 2, k // 2) for k in kernel)


def conv_fields(layer: Layer) -> Any:  # Any: the fields of a convolution
    """A convolution's fields."""
    return layer
