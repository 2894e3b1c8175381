"""Structural replacements of a convolution: what can stand in its line's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.errors import CnncostError
from cnncost.layers import Layer
from cnncost.shape import Shape
from cnncost.suggest.edits.edit_site import Site, chained, saves, sites
from cnncost.suggest.edits.inlined_call import Part
from cnncost.suggest.text import damage
from cnncost.suggest.text.edit import AS_IT_IS, Choice, Piece, Variable
from cnncost.suggest.text.editable_spec import Draft

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

Steps = list[tuple[str, "dict[str, Raw]"]]


class Replacement(NamedTuple):
    """One way to replace all the convolutions of a line."""

    kind: str
    what: str
    """What the phrase says of it."""
    damage: float
    because: str
    items: list[list[Part]]
    """The layers as text."""
    steps: Callable[[Layer, Shape], Steps]
    """The same layers, for a convolution of any width over its input."""


Offer = Callable[[Site], Iterator[Replacement]]


def variables(
    draft: Draft, kept: Sequence[str], offers: Sequence[Offer], grouped: Sequence[Offer]
) -> Iterator[Variable]:
    """A variable for each line of convolutions, with the replacements that save.

    Convolutions in groups take only the replacements among `grouped`.
    """
    for site in sites(draft, "conv", kept):
        if any(_unusual(layer) for layer in site.layers):
            continue
        plain = site.same("groups") == 1
        fitting = [offer for offer in offers if plain or offer in grouped]
        found = chain.from_iterable(offer(site) for offer in fitting)
        choices = [choice for one in found if (choice := _choice(site, one)) is not None]
        if choices:
            # Behind the copies of a line that one of the layers may go with: what goes takes
            # along what stands in its place.
            yield Variable(site.label, (AS_IT_IS, *choices), site.nodes[-1].index)


def _unusual(layer: Layer) -> bool:
    conv: Any = layer  # the fields of a convolution
    return bool(conv.connects) or max(conv.kernel) == 1


def _choice(site: Site, one: Replacement) -> Choice | None:
    def pieces(layer: Layer, xs: tuple[Shape, ...]) -> list[Piece]:
        return chained(xs, one.steps(layer, xs[0]))

    try:
        for node, layer in zip(site.nodes, site.layers, strict=True):
            if not saves(pieces(layer, node.inputs), layer, node.inputs):
                return None
    except CnncostError:
        return None
    return Choice(
        one.kind,
        f"{site.label}: {one.what}",
        damage.units(one.damage) + damage.PER_EDIT,
        (site.sequence(one.items),),
        {node.index: pieces for node in site.nodes},
        convolutions=len(site.nodes),
        because=one.because,
    )


def middle(site: Site) -> list[str]:
    """The norm and activation to put between two new convolutions: the original's own."""
    return list(site.following() or ())


def kernel_of(site: Site) -> tuple[int, ...] | None:
    """The kernel that all the layers share."""
    kernel = site.same("kernel")
    return kernel if isinstance(kernel, tuple) else None


def centred(site: Site) -> bool:
    """Whether padding keeps the extents, but for the stride: half the kernel, or `same`."""
    kernel, padding = kernel_of(site), site.same("padding")
    if kernel is None or padding is None or site.same("dilation") != (1,) * len(kernel):
        return False
    return padding == "same" or padding == tuple((k // 2, k // 2) for k in kernel)


def fields(layer: Layer) -> Any:  # Any: the fields of a convolution
    """A convolution's fields."""
    return layer


def biased(site: Site) -> list[Part]:
    """`, bias: ...` as the line has it."""
    return site.given("bias")
