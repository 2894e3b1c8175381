"""The single edits that a draft is offered, by their phrases."""

from __future__ import annotations

from cnncost.plans.decisions.search_space import list_decisions
from cnncost.plans.edits.catalogue import SPATIAL, parse_allowed_edits
from cnncost.plans.edits.edit import Edit
from cnncost.plans.edits.editable_spec import EditableSpec

ALL = parse_allowed_edits((), (), ())


def edits(editable: EditableSpec) -> list[Edit]:
    """Every single edit that a draft is offered."""
    found = [edit for decision in list_decisions(editable, ALL) for edit in decision.options[1:]]
    return found + [edit for kind in SPATIAL for edit in kind.edits(editable, ALL)]


def phrases(editable: EditableSpec, kind: str) -> list[str]:
    return [edit.phrase for edit in edits(editable) if edit.kind == kind]


def one(editable: EditableSpec, phrase: str) -> Edit:
    (found,) = [edit for edit in edits(editable) if edit.phrase == phrase]
    return found
