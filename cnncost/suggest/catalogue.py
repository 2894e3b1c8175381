"""The kinds of edit, in the order of the catalogue, and which of them a search may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from cnncost.errors import CnncostError, did_you_mean
from cnncost.suggest import precision
from cnncost.suggest.damage import Evidence
from cnncost.suggest.draft import Draft
from cnncost.suggest.edits import (
    asymmetric,
    bottleneck,
    convolutions,
    depth,
    grouped,
    head,
    lowrank,
    multiplier,
    numbered,
    resolution,
    separable,
    stack,
    stride,
    width,
)
from cnncost.suggest.variable import Choice, Variable


@dataclass(frozen=True)
class Menu:
    """What a user allows and forbids."""

    forbidden: frozenset[str] = frozenset()
    extrapolate: bool = False
    """Also below the widths and resolutions of which anything is known."""
    precision: bool = False
    """Also smaller element types, shown apart."""
    kept: tuple[str, ...] = ()
    """Layers, or blocks' calls, that stay as they are."""

    def beside(self, choice: Choice) -> Menu:
        """What may go together with a spatial change: widths are not divided twice."""
        if choice.kind != multiplier.KIND:
            return self
        return replace(self, forbidden=self.forbidden | {width.KIND, width.DENSE_KIND})

    def uses(self, kind: Kind | Spatial) -> bool:
        return not set(kind.names) <= self.forbidden


class Kind(NamedTuple):
    """One kind of edit, or several that one file makes."""

    names: tuple[str, ...]
    offered: Callable[[Draft, Menu], Iterable[Variable]]
    evidence: tuple[Evidence, ...]

    def variables(self, draft: Draft, menu: Menu) -> Iterator[Variable]:
        """What it offers, as far as every layer keeps the number that it is referred to by."""
        return numbered.steady(draft, iter(self.offered(draft, menu)))


def _without(variables: Iterable[Variable], menu: Menu) -> Iterable[Variable]:
    for variable in variables:
        if variable.choices[-1].kind not in menu.forbidden:
            yield variable


def _replacements(draft: Draft, menu: Menu) -> Iterator[Variable]:
    offers = [offer for name, offer in _OFFERS.items() if name not in menu.forbidden]
    return convolutions.variables(draft, menu.kept, offers, [stack.offer])


_OFFERS = {
    separable.KIND: separable.offer,
    stack.KIND: stack.offer,
    asymmetric.KIND: asymmetric.offer,
    bottleneck.KIND: bottleneck.offer,
    grouped.KIND: grouped.offer,
    lowrank.KIND: lowrank.offer,
}
"""What can stand in a convolution's place: choices of one variable a line."""


STRUCTURAL = tuple(_OFFERS)
"""The kinds that put other layers in a layer's place."""


def _low_rank_dense(draft: Draft, menu: Menu) -> Iterable[Variable]:
    return () if lowrank.KIND in menu.forbidden else lowrank.dense_variables(draft, menu.kept)


KINDS: tuple[Kind, ...] = (
    Kind(
        (width.KIND, width.DENSE_KIND),
        lambda draft, menu: _without(width.variables(draft, extrapolate=menu.extrapolate), menu),
        (width.EVIDENCE, width.DENSE_EVIDENCE),
    ),
    Kind(
        (head.POOL, head.GLOBAL, head.DROP),
        lambda draft, menu: head.variables(draft, menu.kept, menu.forbidden),
        (head.POOL_EVIDENCE, head.GLOBAL_EVIDENCE, head.DROP_EVIDENCE),
    ),
    Kind(
        tuple(_OFFERS),
        _replacements,
        tuple(
            module.EVIDENCE
            for module in (separable, stack, asymmetric, bottleneck, grouped, lowrank)
        ),
    ),
    Kind((lowrank.KIND,), _low_rank_dense, (lowrank.EVIDENCE,)),
    Kind((depth.KIND,), lambda draft, menu: depth.variables(draft, menu.kept), (depth.EVIDENCE,)),
)
"""The catalogue of what the solver chooses among."""


class Spatial(NamedTuple):
    """One kind of edit that changes the extents of maps, or all widths: made before the others."""

    names: tuple[str, ...]
    offered: Callable[[Draft, Menu], Iterable[Choice]]
    evidence: tuple[Evidence, ...]

    def choices(self, draft: Draft, menu: Menu) -> Iterator[Choice]:
        """What it offers, as far as every layer keeps the number that it is referred to by."""
        return numbered.steady_choices(draft, iter(self.offered(draft, menu)))


SPATIAL: tuple[Spatial, ...] = (
    Spatial(
        (resolution.KIND,),
        lambda draft, menu: resolution.choices(draft, extrapolate=menu.extrapolate, kept=menu.kept),
        (resolution.EVIDENCE,),
    ),
    Spatial(
        (multiplier.KIND,),
        lambda draft, menu: multiplier.choices(draft, menu.kept),
        (multiplier.EVIDENCE,),
    ),
    Spatial(
        (stride.STRIDE,),
        lambda draft, menu: stride.strides(draft, menu.kept),
        (stride.STRIDE_EVIDENCE,),
    ),
    Spatial(
        (stride.POOLING,),
        lambda draft, menu: stride.pools(draft, menu.kept),
        (stride.POOLING_EVIDENCE,),
    ),
)
"""The kinds that are enumerated outside the solver, at most one change of them a plan."""

EXTRAPOLATION = "extrapolation"
"""What `--allow` can add besides kinds that are off by default."""


def names() -> list[str]:
    """The names of all kinds."""
    return list(dict.fromkeys(name for name, _ in _evidence()))


def menu(allow: Iterable[str], forbid: Iterable[str], kept: Iterable[str]) -> Menu:
    """What `--allow`, `--forbid` and `--keep` make of the catalogue.

    Raises:
        CnncostError: no kind is called so.
    """
    known = [EXTRAPOLATION, precision.KIND, *names()]
    allowed = [_kind(word, known, "--allow") for word in allow]
    forbidden = [_kind(word, names(), "--forbid") for word in forbid]
    return Menu(
        frozenset(forbidden), EXTRAPOLATION in allowed, precision.KIND in allowed, tuple(kept)
    )


def _kind(word: str, known: list[str], option: str) -> str:
    kind = word.strip().replace("_", "-")
    if kind not in known:
        all_of = f"the kinds are {', '.join(known)}"
        raise CnncostError(
            f"{option} {word}: no such kind of edit", did_you_mean(kind, known, all_of)
        )
    return kind


def evidence_of(name: str) -> Evidence:
    """What the scores of a kind rest on."""
    return dict(_evidence())[name]


def _evidence() -> list[tuple[str, Evidence]]:
    """Every kind's name with what its scores rest on, in the order of the catalogue."""
    inside = [pair for kind in KINDS for pair in zip(kind.names, kind.evidence, strict=True)]
    outside = [pair for kind in SPATIAL for pair in zip(kind.names, kind.evidence, strict=True)]
    return inside + outside
