"""Scores as people read them: the edits of the head with their interval."""

from __future__ import annotations

from collections.abc import Iterable

from cnncost.suggest.search.plan import Plan
from cnncost.suggest.text.damage import HEAD_INTERVAL, UNIT
from cnncost.suggest.text.edit import Edit

MARK = "~"
"""Before the score of an edit of the head, and of a plan that has one."""

HEAD = (
    f"{MARK} An edit of the head scores {HEAD_INTERVAL[0]:+.2f} to {HEAD_INTERVAL[1]:+.2f} "
    "depending on the task, which the architecture does not tell."
)
"""What stands below wherever a score is so marked."""


def has_head_edit(options: Iterable[Edit]) -> bool:
    """Whether any of these edits is one of the head."""
    return any(edit.head for edit in options)


def score_text(one: Edit | Plan) -> str:
    """A score with three decimals; marked where it depends on the task."""
    head = one.head if isinstance(one, Edit) else has_head_edit(step.edit for step in one.steps)
    return f"{MARK * head}{one.score / UNIT:.3f}"
