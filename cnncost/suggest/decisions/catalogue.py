"""The kinds of edit, in the order of the catalogue, and which of them a search may use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from cnncost.errors import CnncostError, did_you_mean
from cnncost.language.line import Line
from cnncost.language.nodes import Items, Node, Scalar
from cnncost.layers import TYPES
from cnncost.suggest.edits import (
    asymmetric,
    bottleneck,
    depth,
    expansion,
    grouped,
    head,
    kernel_stack,
    lowrank,
    multiplier,
    replacement,
    resolution,
    separable,
    smaller_kernel,
    stride,
    width,
)
from cnncost.suggest.text import scores
from cnncost.suggest.text.edit import Decision, Edit
from cnncost.suggest.text.editable_spec import EditableSpec
from cnncost.suggest.text.scores import Evidence
from cnncost.suggest.text.text_changes import TextChange


@dataclass(frozen=True)
class AllowedEdits:
    """What a user allows and forbids."""

    forbidden: frozenset[str] = frozenset()
    extrapolate: bool = False
    """Also below the widths and resolutions of which anything is known."""
    precision: bool = False
    """Also smaller element types, shown apart."""
    kept: tuple[str, ...] = ()
    """Layers, or blocks' calls, that stay as they are."""

    multiple: int | None = None
    """What new widths are multiples of; None for 8 where the old ones are."""
    narrowest: Fraction = Fraction(scores.NARROWEST)
    """The smallest part of a width that is offered without extrapolation."""

    def together_with(self, edit: Edit) -> AllowedEdits:
        """What may go together with a spatial change: what a multiplier takes of the widths is
        not taken again."""
        return replace(self, narrowest=self.narrowest / edit.part)

    def allows(self, kind: DecisionKind | SpatialKind) -> bool:
        return not set(kind.names) <= self.forbidden


class DecisionKind(NamedTuple):
    """One kind of edit, or several that one file makes."""

    names: tuple[str, ...]
    rule: Callable[[EditableSpec, AllowedEdits], Iterable[Decision]]
    evidence: tuple[Evidence, ...]

    def decisions(self, editable: EditableSpec, allowed: AllowedEdits) -> Iterator[Decision]:
        """Yield what the kind has, without edits that renumber layers referred to by number."""
        return _keep_numbering(editable, iter(self.rule(editable, allowed)))


def _drop_forbidden(decisions: Iterable[Decision], allowed: AllowedEdits) -> Iterable[Decision]:
    for decision in decisions:
        if decision.options[-1].kind not in allowed.forbidden:
            yield decision


def _replacement_decisions(editable: EditableSpec, allowed: AllowedEdits) -> Iterator[Decision]:
    rules = [rule for name, rule in _RULES.items() if name not in allowed.forbidden]
    found = replacement.replacement_decisions(
        editable,
        allowed.kept,
        rules,
        of_groups=[kernel_stack.list_replacements],
        of_first=[asymmetric.list_replacements],
    )
    if smaller_kernel.KIND in allowed.forbidden:
        return found
    return smaller_kernel.add_kernel_options(editable, allowed.kept, found)


_RULES = {
    separable.KIND: separable.list_replacements,
    kernel_stack.KIND: kernel_stack.list_replacements,
    asymmetric.KIND: asymmetric.list_replacements,
    bottleneck.KIND: bottleneck.list_replacements,
    grouped.KIND: grouped.list_replacements,
    lowrank.KIND: lowrank.list_replacements,
}
"""What can stand in a convolution's place: options of one decision a line."""


STRUCTURAL = tuple(_RULES)
"""The kinds that put other layers in a layer's place."""


def _low_rank_dense(editable: EditableSpec, allowed: AllowedEdits) -> Iterable[Decision]:
    return (
        ()
        if lowrank.KIND in allowed.forbidden
        else lowrank.dense_rank_decisions(editable, allowed.kept)
    )


KINDS: tuple[DecisionKind, ...] = (
    DecisionKind(
        (width.KIND, width.DENSE_KIND),
        lambda editable, allowed: _drop_forbidden(
            width.width_decisions(
                editable,
                narrowest=allowed.narrowest,
                extrapolate=allowed.extrapolate,
                multiple=allowed.multiple,
            ),
            allowed,
        ),
        (width.EVIDENCE, width.DENSE_EVIDENCE),
    ),
    DecisionKind(
        (head.POOL, head.GLOBAL, head.DROP),
        lambda editable, allowed: head.head_decisions(editable, allowed.kept, allowed.forbidden),
        (head.POOL_EVIDENCE, head.GLOBAL_EVIDENCE, head.DROP_EVIDENCE),
    ),
    DecisionKind(
        (*_RULES, smaller_kernel.KIND),
        _replacement_decisions,
        tuple(
            module.EVIDENCE
            for module in (
                *(separable, kernel_stack, asymmetric, bottleneck, grouped, lowrank),
                smaller_kernel,
            )
        ),
    ),
    DecisionKind((lowrank.KIND,), _low_rank_dense, (lowrank.EVIDENCE,)),
    DecisionKind(
        (depth.KIND,),
        lambda editable, allowed: depth.depth_decisions(editable, allowed.kept),
        (depth.EVIDENCE,),
    ),
)
"""The catalogue of what the solver chooses among."""


class SpatialKind(NamedTuple):
    """One kind of edit that changes the extents of maps, or all widths: made before the others."""

    names: tuple[str, ...]
    rule: Callable[[EditableSpec, AllowedEdits], Iterable[Edit]]
    evidence: tuple[Evidence, ...]

    def edits(self, editable: EditableSpec, allowed: AllowedEdits) -> Iterator[Edit]:
        """Yield what the kind has, without edits that renumber layers referred to by number."""
        return _keep_edit_numbering(editable, iter(self.rule(editable, allowed)))


SPATIAL: tuple[SpatialKind, ...] = (
    SpatialKind(
        (resolution.KIND,),
        lambda editable, allowed: resolution.resolution_edits(
            editable, extrapolate=allowed.extrapolate, kept=allowed.kept
        ),
        (resolution.EVIDENCE,),
    ),
    SpatialKind(
        (multiplier.KIND,),
        lambda editable, allowed: multiplier.multiplier_edits(editable, allowed.kept),
        (multiplier.EVIDENCE,),
    ),
    SpatialKind(
        (stride.STRIDE,),
        lambda editable, allowed: stride.stride_edits(editable, allowed.kept),
        (stride.STRIDE_EVIDENCE,),
    ),
    SpatialKind(
        (stride.POOLING,),
        lambda editable, allowed: stride.pool_edits(editable, allowed.kept),
        (stride.POOLING_EVIDENCE,),
    ),
    SpatialKind(
        (expansion.KIND,),
        lambda editable, allowed: expansion.expansion_edits(editable, allowed.kept),
        (expansion.EVIDENCE,),
    ),
)
"""The kinds that are enumerated outside the solver."""

EXTRAPOLATION, PRECISION = "extrapolation", "precision"
"""What `--allow` can add: smaller widths and resolutions; smaller element types."""


def kind_names() -> list[str]:
    """The names of all kinds."""
    return list(dict.fromkeys(name for name, _ in _evidence()))


def parse_allowed_edits(
    allow: Iterable[str],
    forbid: Iterable[str],
    kept: Iterable[str],
    multiple: int | None = None,
) -> AllowedEdits:
    """What `--allow`, `--forbid`, `--keep` and `--multiple` make of the catalogue.

    Raises:
        CnncostError: no kind is called so.
    """
    known = [EXTRAPOLATION, PRECISION, *kind_names()]
    allowed = [_parse_kind(word, known, "--allow") for word in allow]
    forbidden = [_parse_kind(word, kind_names(), "--forbid") for word in forbid]
    return AllowedEdits(
        frozenset(forbidden), EXTRAPOLATION in allowed, PRECISION in allowed, tuple(kept), multiple
    )


def _parse_kind(word: str, known: list[str], option: str) -> str:
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


def _keep_numbering(editable: EditableSpec, decisions: Iterator[Decision]) -> Iterator[Decision]:
    """The decisions without the options after which a number means another layer."""
    words = _words_by_number(editable)
    for decision in decisions:
        kept = [c for c in decision.options if not _renumbers(editable, c.changes, words)]
        if len(kept) > 1:
            yield replace(decision, options=tuple(kept))


def _keep_edit_numbering(editable: EditableSpec, options: Iterator[Edit]) -> Iterator[Edit]:
    """The options after which every number means the same layer."""
    words = _words_by_number(editable)
    return (edit for edit in options if not _renumbers(editable, edit.changes, words))


def _words_by_number(editable: EditableSpec) -> tuple[str, ...]:
    """The types and blocks of which layers are referred to by number."""
    lines: dict[int, Line] = {w.line.start: w.line for w in editable.spec.written.values()}
    lines.update(editable.block_calls())
    names = {line.name: None for line in lines.values()}
    blocks = {line.block.name: None for line in lines.values() if line.block is not None}
    found: dict[str, None] = {}
    for line in lines.values():
        for node in (*line.arguments.values(), *line.common.values(), *_main_values(line)):
            for name in _names_in(node):
                match = NUMBERED.fullmatch(name)
                if match and name not in names and (match[1] in TYPES or match[1] in blocks):
                    found[match[1]] = None
    return tuple(found)


def _main_values(line: Line) -> list[Node]:
    return [line.main] if line.main is not None and not line.bodies else []


def _names_in(node: Node) -> Iterator[str]:
    """The parts of every name in a value."""
    if isinstance(node, Scalar):
        yield from WORD.findall(node.text)
    elif isinstance(node, Items):
        for item in node.items:
            yield from _names_in(item)


def _renumbers(editable: EditableSpec, changes: Sequence[TextChange], words: Sequence[str]) -> bool:
    """Whether a change has more or fewer layers of these types than the text in its place."""
    text = editable.spec_text.text
    for change in changes if words else ():
        old = WORD.findall(text[change.place.start : change.place.end])
        said = (p if isinstance(p, str) else text[p.start : p.end] for p in change.parts)
        new = WORD.findall(" ".join(said))
        if any(old.count(word) != new.count(word) for word in words):
            return True
    return False
