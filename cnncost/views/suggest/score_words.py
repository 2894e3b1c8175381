"""Scores as people read them: an estimate of ln(error after / error before), and its interval."""

from __future__ import annotations

from math import exp

from cnncost.accuracy import Damage, DamagePart
from cnncost.suggest.search.plan import Plan, PlanStep, SingleEdit
from cnncost.suggest.text.scores import UNIT


def score_text(one: SingleEdit | Plan | PlanStep) -> str:
    """A score with three decimals; a dash where it is not known."""
    return "-" if one.score is None else f"{one.score / UNIT:.3f}"


def ratio_text(damage: Damage) -> str:
    """How the errors change, in words, with the 90 % interval.

    >>> ratio_text(Damage(0.0862, 0.0198, 0.157, ()))
    'estimated error x 1.09, 90 % between 1.02 and 1.17'
    """
    ends = f"90 % between {exp(damage.low):.2f} and {exp(damage.high):.2f}"
    return f"estimated error x {exp(damage.score):.2f}, {ends}"


def part_text(part: DamagePart) -> str:
    """What one part of a damage is, and the published measurement that stands nearest."""
    text = f"{part.name} {part.score:+.3f}"
    if part.nearest is None:
        return text
    near = part.nearest
    return f"{text} (measured: {near.change} {near.ln_error:+.3f}, {near.source})"
