"""Count one spec under every combination of settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from cnncost.costs import Report
from cnncost.errors import CnncostError


@dataclass(frozen=True)
class SweepPoint:
    """One combination: its settings as they were written, and the network's counts."""

    settings: Mapping[str, str]
    report: Report | None
    trouble: CnncostError | None = None
    """Why these settings make no network."""


def list_combinations(axes: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """List every combination of the axes' values; the last axis changes fastest."""
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def sweep_settings(
    axes: Mapping[str, Sequence[str]], count: Callable[[Mapping[str, str]], Report]
) -> tuple[SweepPoint, ...]:
    """Count the network at every combination; one that makes no network has its error instead."""
    return tuple(_count_point(settings, count) for settings in list_combinations(axes))


def _count_point(
    settings: Mapping[str, str], count: Callable[[Mapping[str, str]], Report]
) -> SweepPoint:
    try:
        return SweepPoint(settings, count(settings))
    except CnncostError as trouble:
        return SweepPoint(settings, None, trouble)
