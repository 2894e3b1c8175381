"""The damage of a change: the difference of two networks' error potentials, with an interval."""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, NamedTuple

from cnncost.accuracy import error_constants as constants
from cnncost.accuracy.measured import Measurement, find_nearest
from cnncost.accuracy.potential import Potential, network_terms, potential_of
from cnncost.network import Network

if TYPE_CHECKING:
    from cnncost.language import Spec


class DamagePart(NamedTuple):
    """What one kind of difference adds."""

    name: str
    score: float
    nearest: Measurement | None
    """The published measurement of this kind that is nearest in size; None for next to nothing."""


class Damage(NamedTuple):
    """What a change of architecture is estimated to cost in accuracy."""

    score: float
    """ln(error after / error before): 0.1 is about 10 % more errors, relatively."""
    low: float
    high: float
    """The ends of the 90 % interval."""
    parts: tuple[DamagePart, ...]
    """They add up to the score."""


def damage(before: Spec | Network, after: Spec | Network) -> Damage:
    """Estimate ln(error after / error before) of two architectures, trained alike on one task.

    Any two networks can be compared; the estimate rests on image classifiers, and is surest
    between networks of one kind. It ranks architectures and never predicts an accuracy.
    """
    return estimate_damage(_network_of(before), _network_of(after))


def estimate_damage(before: Network, after: Network) -> Damage:
    """Estimate the damage between two networks: the difference of their potentials."""
    return compare_potentials(*(potential_of(network_terms(one)) for one in (before, after)))


def compare_potentials(before: Potential, after: Potential) -> Damage:
    """Return the damage between two networks of these potentials."""
    scores = [b - a for a, b in zip(before, after, strict=True)]
    parts = tuple(
        DamagePart(part.name, score, find_nearest(part.name, score))
        for part, score in zip(constants.PARTS, scores, strict=True)
    )
    score = sum(scores)
    spread = constants.NINETY * interval_deviation(scores)
    return Damage(score, score - spread, score + spread, parts)


def interval_deviation(scores: list[float]) -> float:
    """Return the standard deviation of ln(error) around an estimate of these parts.

    Each part is off by a factor of its own, which differs from task to task.
    """
    return hypot(
        constants.CERTAIN,
        *(part.uncertainty * score for part, score in zip(constants.PARTS, scores, strict=True)),
    )


def _network_of(given: Spec | Network) -> Network:
    return given if isinstance(given, Network) else given.network
