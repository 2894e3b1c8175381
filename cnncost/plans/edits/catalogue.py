"""The kinds of edit, in the order of the catalogue: the rule and the evidence of each.

Left out of what a rule makes are edits after which a number such as `conv3` means another layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from cnncost.errors import CnncostError, did_you_mean
from cnncost.language.line import Line
from cnncost.language.nodes import Items, Node, Scalar
from cnncost.layers import TYPES
from cnncost.plans.edits.coarser_maps import (
    COARSER_EVIDENCE,
    RESOLUTION,
    RESOLUTION_EVIDENCE,
    pool_edits,
    resolution_edits,
    stride_edits,
)
from cnncost.plans.edits.convolution_replacements import (
    LOW_RANK,
    LOW_RANK_EVIDENCE,
    REPLACEMENTS,
    dense_rank_decisions,
)
from cnncost.plans.edits.dropped_blocks import dropped_block_decisions
from cnncost.plans.edits.edit import (
    DEPTH,
    EXPANSION,
    MULTIPLIER,
    POOLING,
    STRIDE,
    WIDEST,
    WIDEST_BEYOND,
    AllowedEdits,
    Decision,
    Edit,
    Evidence,
)
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.factors import (
    DEPTH_EVIDENCE,
    EXPANSION_EVIDENCE,
    MULTIPLIER_EVIDENCE,
    depth_decisions,
    expansion_edits,
    multiplier_edits,
)
from cnncost.plans.edits.head import (
    DROP_DENSE,
    DROP_EVIDENCE,
    GLOBAL_POOL_EVIDENCE,
    GLOBAL_POOL_HEAD,
    POOL_BEFORE_DENSE,
    POOL_HEAD_EVIDENCE,
    head_decisions,
)
from cnncost.plans.edits.replacement import replacement_decisions
from cnncost.plans.edits.smaller_kernel import KERNEL, KERNEL_EVIDENCE, add_kernel_options
from cnncost.plans.edits.text_changes import TextChange
from cnncost.plans.edits.width import (
    DENSE_EVIDENCE,
    DENSE_KIND,
    WIDTH_EVIDENCE,
    WIDTH_KIND,
    width_decisions,
)


class DecisionKind(NamedTuple):
    """One kind of edit that the search decides on, or several that one rule makes."""

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
    kinds = [kind for name, kind in REPLACEMENTS.items() if name not in allowed.forbidden]
    found = replacement_decisions(
        editable,
        allowed.kept,
        [kind.rule for kind in kinds],
        of_groups=[kind.rule for kind in kinds if kind.of_groups],
        of_first=[kind.rule for kind in kinds if kind.of_first],
    )
    if KERNEL in allowed.forbidden:
        return found
    return add_kernel_options(editable, allowed.kept, found)


def _low_rank_dense(editable: EditableSpec, allowed: AllowedEdits) -> Iterable[Decision]:
    return () if LOW_RANK in allowed.forbidden else dense_rank_decisions(editable, allowed.kept)


KINDS: tuple[DecisionKind, ...] = (
    DecisionKind(
        (WIDTH_KIND, DENSE_KIND),
        lambda editable, allowed: _drop_forbidden(width_decisions(editable, allowed), allowed),
        (WIDTH_EVIDENCE, DENSE_EVIDENCE),
    ),
    DecisionKind(
        (POOL_BEFORE_DENSE, GLOBAL_POOL_HEAD, DROP_DENSE),
        lambda editable, allowed: head_decisions(editable, allowed.kept, allowed.forbidden),
        (POOL_HEAD_EVIDENCE, GLOBAL_POOL_EVIDENCE, DROP_EVIDENCE),
    ),
    DecisionKind(
        (*REPLACEMENTS, KERNEL),
        _replacement_decisions,
        (*(kind.evidence for kind in REPLACEMENTS.values()), KERNEL_EVIDENCE),
    ),
    DecisionKind((LOW_RANK,), _low_rank_dense, (LOW_RANK_EVIDENCE,)),
    DecisionKind(
        (DEPTH,),
        lambda editable, allowed: (
            *depth_decisions(editable, allowed),
            *dropped_block_decisions(editable, allowed.kept),
        ),
        (DEPTH_EVIDENCE,),
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


def _coarser(
    rule: Callable[[EditableSpec, tuple[str, ...]], Iterable[Edit]],
) -> Callable[[EditableSpec, AllowedEdits], Iterable[Edit]]:
    """A rule for smaller networks, and not where a state runs over the positions: what fewer of
    them cost it is not known."""

    def list_edits(editable: EditableSpec, allowed: AllowedEdits) -> Iterable[Edit]:
        words = {node.layer.word for node in editable.network.layers}
        return () if allowed.grow or words & RECURRENT else rule(editable, allowed.kept)

    return list_edits


RECURRENT = frozenset({"lstm", "gru", "rnn"})

SPATIAL: tuple[SpatialKind, ...] = (
    SpatialKind((RESOLUTION,), resolution_edits, (RESOLUTION_EVIDENCE,)),
    SpatialKind((MULTIPLIER,), multiplier_edits, (MULTIPLIER_EVIDENCE,)),
    SpatialKind((STRIDE,), _coarser(stride_edits), (COARSER_EVIDENCE,)),
    SpatialKind((POOLING,), _coarser(pool_edits), (COARSER_EVIDENCE,)),
    SpatialKind((EXPANSION,), expansion_edits, (EXPANSION_EVIDENCE,)),
)
"""The kinds that are enumerated outside the solver."""

EXTRAPOLATION, PRECISION = "extrapolation", "precision"
"""What `--allow` can add: smaller widths and resolutions, or larger; smaller element types."""


def kind_names() -> list[str]:
    """The names of all kinds."""
    return list(dict.fromkeys(name for name, _ in _evidence()))


def parse_allowed_edits(
    allow: Iterable[str],
    forbid: Iterable[str],
    kept: Iterable[str],
    multiple: int | None = None,
    *,
    grow: bool = False,
) -> AllowedEdits:
    """What `--allow`, `--forbid`, `--keep`, `--multiple` and `--grow` make of the catalogue.

    Raises:
        CnncostError: no kind is called so.
    """
    known = [EXTRAPOLATION, PRECISION, *kind_names()]
    allowed = [_parse_kind(word, known, "--allow") for word in allow]
    forbidden = [_parse_kind(word, kind_names(), "--forbid") for word in forbid]
    beyond = EXTRAPOLATION in allowed
    return AllowedEdits(
        frozenset(forbidden),
        beyond,
        PRECISION in allowed,
        tuple(kept),
        multiple,
        widest=Fraction(WIDEST_BEYOND if beyond else WIDEST),
        grow=grow,
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
