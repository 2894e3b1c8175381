"""The kinds of edit, in the order of the catalogue, and which of them a search may use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from cnncost.errors import CnncostError, did_you_mean
from cnncost.layers import TYPES
from cnncost.spec.line import Line
from cnncost.spec.nodes import Items, Node, Scalar
from cnncost.suggest.edits import (
    asymmetric,
    bottleneck,
    depth,
    grouped,
    head,
    kernel_stack,
    lowrank,
    multiplier,
    replacement,
    resolution,
    separable,
    stride,
    width,
)
from cnncost.suggest.suggestion import precision
from cnncost.suggest.text.damage import Evidence
from cnncost.suggest.text.edit import Choice, Variable
from cnncost.suggest.text.editable_spec import Draft
from cnncost.suggest.text.text_changes import Change


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
        return steady(draft, iter(self.offered(draft, menu)))


def _without(variables: Iterable[Variable], menu: Menu) -> Iterable[Variable]:
    for variable in variables:
        if variable.choices[-1].kind not in menu.forbidden:
            yield variable


def _replacements(draft: Draft, menu: Menu) -> Iterator[Variable]:
    offers = [offer for name, offer in _OFFERS.items() if name not in menu.forbidden]
    return replacement.variables(draft, menu.kept, offers, [kernel_stack.offer])


_OFFERS = {
    separable.KIND: separable.offer,
    kernel_stack.KIND: kernel_stack.offer,
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
            for module in (separable, kernel_stack, asymmetric, bottleneck, grouped, lowrank)
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
        return steady_choices(draft, iter(self.offered(draft, menu)))


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


WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NUMBERED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*?)[0-9]+")


def steady(draft: Draft, variables: Iterator[Variable]) -> Iterator[Variable]:
    """The variables without the choices after which a number means another layer."""
    words = _referred(draft)
    for variable in variables:
        kept = [c for c in variable.choices if not _renumbers(draft, c.changes, words)]
        if len(kept) > 1:
            yield replace(variable, choices=tuple(kept))


def steady_choices(draft: Draft, choices: Iterator[Choice]) -> Iterator[Choice]:
    """The choices after which every number means the same layer."""
    words = _referred(draft)
    return (choice for choice in choices if not _renumbers(draft, choice.changes, words))


def _referred(draft: Draft) -> tuple[str, ...]:
    """The types and blocks of which layers are referred to by number."""
    lines: dict[int, Line] = {w.line.start: w.line for w in draft.spec.written.values()}
    lines.update(draft.calls())
    named = {line.name: None for line in lines.values()}
    blocks = {line.block.name: None for line in lines.values() if line.block is not None}
    found: dict[str, None] = {}
    for line in lines.values():
        for node in (*line.arguments.values(), *line.common.values(), *_main(line)):
            for name in _names(node):
                match = NUMBERED.fullmatch(name)
                if match and name not in named and (match[1] in TYPES or match[1] in blocks):
                    found[match[1]] = None
    return tuple(found)


def _main(line: Line) -> list[Node]:
    return [line.main] if line.main is not None and not line.bodies else []


def _names(node: Node) -> Iterator[str]:
    """The parts of every name in a value."""
    if isinstance(node, Scalar):
        yield from WORD.findall(node.text)
    elif isinstance(node, Items):
        for item in node.items:
            yield from _names(item)


def _renumbers(draft: Draft, changes: Sequence[Change], words: Sequence[str]) -> bool:
    """Whether a change has more or fewer layers of these types than the text in its place."""
    text = draft.sheet.text
    for change in changes if words else ():
        old = WORD.findall(text[change.place.start : change.place.end])
        said = (p if isinstance(p, str) else text[p.start : p.end] for p in change.parts)
        new = WORD.findall(" ".join(said))
        if any(old.count(word) != new.count(word) for word in words):
            return True
    return False
