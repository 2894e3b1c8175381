"""Write an estimate of what a change costs in accuracy, in words and as data."""

from __future__ import annotations

from math import exp

from cnncost.accuracy import Damage, DamagePart

DECIMALS = 5
"""An estimate is written to 1e-5, as scores are."""


def ratio_text(damage: Damage) -> str:
    """Write how the errors change, in words, with the 90 % interval.

    >>> ratio_text(Damage(0.0862, 0.0198, 0.157, ()))
    'estimated error x 1.09, 90 % between 1.02 and 1.17'
    """
    ends = f"90 % between {exp(damage.low):.2f} and {exp(damage.high):.2f}"
    return f"estimated error x {exp(damage.score):.2f}, {ends}"


def part_text(part: DamagePart) -> str:
    """Write what one part of a damage is, and the published measurement that stands nearest."""
    text = f"{part.name} {part.score:+.3f}"
    if part.nearest is None:
        return text
    near = part.nearest
    return f"{text} (measured: {near.change} {near.ln_error:+.3f}, {near.source})"


def damage_data(damage: Damage) -> dict[str, object]:
    """Make the data of a damage: its interval and what its parts add."""
    return {
        "low": round_score(damage.low),
        "high": round_score(damage.high),
        "parts": {part.name: round_score(part.score) for part in damage.parts},
    }


def round_score(score: float) -> float:
    """Round a score to 1e-5."""
    return round(score, DECIMALS) + 0.0  # no minus before a zero
