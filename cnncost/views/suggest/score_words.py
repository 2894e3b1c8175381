"""Scores as people read them: an estimate of ln(error after / error before)."""

from __future__ import annotations

from cnncost.suggest.edits.edit import UNIT
from cnncost.suggest.search.plan import Plan, PlanStep, SingleEdit

SCORE_WORDS = (
    "estimates of ln(error after / before) of networks trained alike, fitted to thousands that "
    "others trained; they rank edits and predict no accuracy. --explain has the evidence."
)


def score_text(one: SingleEdit | Plan | PlanStep) -> str:
    """A score with three decimals; a dash where it is not known."""
    return "-" if one.score is None else f"{one.score / UNIT:.3f}"
