"""Hidden dense layers of one width narrowed alike: the textbook's edit, of two decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncost.suggest.edits.width import DENSE_KIND, DENSE_UNITS
from cnncost.suggest.suggestion.single_edits import ForeseenEdit
from cnncost.suggest.text.edit import Decision, Edit
from cnncost.suggest.text.editable_spec import EditableSpec

JOINT_UNITS = DENSE_UNITS[:2]
"""The widths that are shown."""


def list_joint_edits(
    editable: EditableSpec, decisions: Sequence[Decision]
) -> Iterator[ForeseenEdit]:
    """Yield an edit for each width that all hidden dense layers of a spec may have alike."""
    dense = [one for one in decisions if one.group and one.options[-1].kind == DENSE_KIND]
    for units in JOINT_UNITS:
        parts = [_option_of(decision, units) for decision in dense]
        edits = [edit for edit in parts if edit is not None]
        widths = {_widths_text(edit): None for edit in edits}
        if len(edits) < 2 or len(edits) < len(dense) or len(widths) > 1:
            continue
        labels = [decision.label for decision in dense]
        named = f"{', '.join(labels[:-1])} and {labels[-1]}"
        changes = tuple([change for edit in edits for change in edit.changes])
        edit = Edit(
            DENSE_KIND, f"{named}: {next(iter(widths))}", sum(e.score for e in edits), changes
        )
        spec = editable.read_edited(changes)
        if spec is not None:
            yield ForeseenEdit(edit, editable.measure(spec.network), apart=True)


def _option_of(decision: Decision, units: int) -> Edit | None:
    """The option of a decision that leaves so many units."""
    ending = f" to {units} units"
    return next((edit for edit in decision.options if edit.phrase.endswith(ending)), None)


def _widths_text(edit: Edit) -> str:
    """`4096 to 512 units`."""
    return edit.phrase.rpartition(": ")[2]
