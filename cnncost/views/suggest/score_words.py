"""Scores as people read them: an estimate of ln(error after / error before)."""

from __future__ import annotations

from cnncost.suggest.search.plan import Plan, PlanStep, SingleEdit
from cnncost.suggest.text.scores import UNIT


def score_text(one: SingleEdit | Plan | PlanStep) -> str:
    """A score with three decimals; a dash where it is not known."""
    return "-" if one.score is None else f"{one.score / UNIT:.3f}"
