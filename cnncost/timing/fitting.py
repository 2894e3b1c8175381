"""Fit the costs of a device to measured times: ln(predicted / measured) with heavy tails."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnncost.arrays import Floats

ROUNDS = 300
SCALE = 0.07
"""The half width of the residuals' Cauchy distribution: about the median error of good fits."""

LEAST_RATIO = 1e-6
"""A network whose figures cost nothing is predicted to take no time at all."""

NEGLIGIBLE = 1e-3
"""A term that adds less than this share to every time is dropped."""


class TimedRun(NamedTuple):
    """One network, measured."""

    group: Hashable
    """What is left out together when a fit is judged: the network, at all its batches."""
    figures: Mapping[str, float]
    """What each term's cost is multiplied with, for the whole run."""
    seconds: float


def fit_costs(measured: Sequence[TimedRun], terms: Sequence[str]) -> dict[str, float]:
    """Fit the seconds that one of each term takes, none of them negative.

    They are the likeliest ones if ln(predicted / measured) has a Cauchy distribution: the sum of
    ln(1 + (residual / SCALE)^2) is made small by Gauss-Newton steps, with the costs' logarithms
    as unknowns. So a time that is off by a factor counts the same for a small network as for a
    large one, and networks that run in a way of their own hardly count.

    >>> rows = [TimedRun(i, {"units": u, "run": 1}, 2e-9 * u + 1e-3) for i, u in
    ...         enumerate((1e5, 1e6, 1e7))]
    >>> {term: round(cost, 10) for term, cost in fit_costs(rows, ("units", "run")).items()}
    {'units': 2e-09, 'run': 0.001}
    """
    kept = [term for term in terms if any(row.figures.get(term, 0) for row in measured)]
    measured = [row for row in measured if any(row.figures.get(term, 0) for term in kept)]
    while kept:
        costs = _fit_positive(measured, kept)
        idle = [term for term in kept if _largest_share(measured, costs, term) < NEGLIGIBLE]
        if not idle:
            return costs
        kept = [term for term in kept if term not in idle]
    return {}


def predict_seconds(figures: Mapping[str, float], costs: Mapping[str, float]) -> float:
    """Predict a time from a network's figures."""
    return sum(cost * figures.get(term, 0.0) for term, cost in costs.items())


def leave_one_out(measured: Sequence[TimedRun], terms: Sequence[str]) -> list[float]:
    """Return each measurement's predicted / measured, from a fit without its group."""
    ratios = []
    for row in measured:
        others = [other for other in measured if other.group != row.group]
        ratios.append(predict_seconds(row.figures, fit_costs(others, terms)) / row.seconds)
    return ratios


def find_quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile of some values, by linear interpolation.

    >>> find_quantile([4.0, 1.0, 2.0], 0.5), find_quantile([1.0, 2.0], 0.25)
    (2.0, 1.25)
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def judge_ratios(ratios: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Return the median of |predicted / measured - 1|, and the 5th and 95th percentile of
    measured / predicted, between which 1 is made to lie."""
    error = find_quantile([abs(ratio - 1) for ratio in ratios], 0.5)
    turned = [1 / max(ratio, LEAST_RATIO) for ratio in ratios]
    low, high = find_quantile(turned, 0.05), find_quantile(turned, 0.95)
    return error, (min(low, 1.0), max(high, 1.0))


def _largest_share(measured: Sequence[TimedRun], costs: Mapping[str, float], term: str) -> float:
    return max(
        costs[term] * row.figures.get(term, 0.0) / predict_seconds(row.figures, costs)
        for row in measured
    )


def _fit_positive(measured: Sequence[TimedRun], terms: Sequence[str]) -> dict[str, float]:
    """Fit costs above zero: steps that make the sum larger are tried again with more damping."""
    import numpy as np

    scales = [_mean_figure(measured, term) for term in terms]
    table = np.array([[row.figures.get(term, 0.0) for term in terms] for row in measured])
    shares: Floats = table / np.array(scales)
    times: Floats = np.array([row.seconds for row in measured])
    logs: Floats = np.full(len(terms), float(np.median(np.log(times / shares.sum(axis=1)))))
    damping, least = 1e-2, _sum_residuals(shares, times, logs)
    for _ in range(ROUNDS):
        step = _find_step(shares, times, logs, damping)
        found = _sum_residuals(shares, times, logs + step)
        if found < least - 1e-12:
            logs, least, damping = logs + step, found, max(damping / 3, 1e-6)
        else:
            damping *= 4
        if damping > 1e8:
            break
    return {
        term: exp(float(value) - log(scale))
        for term, value, scale in zip(terms, logs, scales, strict=True)
    }


def _mean_figure(measured: Sequence[TimedRun], term: str) -> float:
    return sum(row.figures.get(term, 0.0) for row in measured) / len(measured)


def _sum_residuals(shares: Floats, times: Floats, logs: Floats) -> float:
    import numpy as np

    residuals = np.log(shares @ np.exp(logs) / times)
    return float(np.log1p((residuals / SCALE) ** 2).sum())


def _find_step(shares: Floats, times: Floats, logs: Floats, damping: float) -> Floats:
    import numpy as np

    parts: Floats = shares * np.exp(logs)
    predicted = parts.sum(axis=1)
    residuals = np.log(predicted / times)
    slopes = parts / predicted[:, None]
    weights = 1 / (residuals**2 + SCALE**2)
    matrix = slopes.T @ (slopes * weights[:, None])
    matrix += np.diag(damping * np.diag(matrix) + 1e-12)
    step: Floats = np.linalg.solve(matrix, -slopes.T @ (weights * residuals))
    return np.clip(step, -2.0, 2.0)
