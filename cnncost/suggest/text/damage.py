"""What an edit is estimated to cost in accuracy: every constant, each with its source.

D = ln(error after / error before), added up over the edits of a plan. It is a score that
ranks plans, never a prediction of accuracy. Sources marked "judgement" rest on no figure.
"Trained variants" are 262 edits of four small networks (two tasks, 1,603 trainings, base
errors 7 to 16 %): narrow and briefly trained networks, which is their limit.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

UNIT = 100_000
"""Scores are integers of 1e-5, so that optimality is exact."""

PER_EDIT = 10
"""1e-4 an edit: of equal plans the one of fewer edits."""

EQUIVALENT = 0.05
"""Two plans whose scores differ by less cannot be told apart (the residual of the fits)."""

WIDTH_CURVE = (0.2373, 0.1027)
"""phi(u) = a u + b u^2 over u = ln(width before / after): least squares on the width x
resolution tables of MobileNet (Howard et al. 2017) and MobileNetV2 (Sandler et al. 2018)."""

RESOLUTION_CURVE = (0.2558, 0.1437)
"""phi_r(u) over u = ln(extent before / after), fitted with it: R^2 = 0.995 on 34 points."""

NARROWEST, COARSEST = 0.25, 0.43
"""The smallest width and resolution that the tables hold: nothing is known below."""

RAW_CONV = 1.0
"""A group of channels, for each block that writes it."""

RAW_STEM = 1.5
"""The first convolution's. Judgement."""

RAW_BOTTLENECK = 0.4
"""Inside a bottleneck block; fitted to ThiNet-70/50/30 of ResNet-50 (Luo et al. 2017, from
scratch: Liu et al. 2019): predicted .041 .090 .184, measured .042 .090 .176."""

RAW_INSIDE = 0.8
"""Inside basic and inverted residual blocks. Trained variants."""

RAW_DENSE = 0.5
"""A hidden dense layer; fitted to Zeiler & Fergus 2014, Table 3 (4096 to 2048 units)."""

SEPARABLE = 1.5
LOW_RANK = 0.75
BOTTLENECK = 1.5
"""Factors of w phi for structural replacements. Trained variants: cheaper prices made the
search buy nothing else, and gave plans no better than uniform scaling."""

SEPARABLE_FULL_CHANNELS = 64
"""From so many input channels on a separable convolution costs less in proportion."""

KERNEL_STACK = 0.0
"""5x5 as two 3x3, 7x7 as three (Simonyan & Zisserman 2015; Szegedy et al. 2016)."""

ASYMMETRIC, ASYMMETRIC_ELSEWHERE = 0.003, 0.008
ASYMMETRIC_EXTENTS = (12, 20)
"""k x k as 1 x k and k x 1: works on maps of 12 to 20 positions, less well elsewhere
(Szegedy et al. 2016, sec. 3.2)."""

GROUPED = 0.02
"""A doubling of the groups. ResNeXt (Xie et al. 2017), ShuffleNet (Zhang et al. 2018);
judgement."""

POOL_HALF, POOL_WHOLE = 0.03, 0.08
"""A pool before the first dense layer, to half its map or to 1x1. AlexNet's own pool5; NIN
(Lin et al. 2014), ThiNet-GAP; judgement."""

GLOBAL_HEAD = 0.10
"""The hidden dense layers replaced by a global average pool. Zeiler & Fergus 2014, Table 3
(both removed: 40.5 to 44.8 % error); ThiNet-GAP."""

HEAD_INTERVAL = (-0.12, 0.23)
"""What a head edit may cost instead: its sign depends on the task."""

DROP_DENSE = 0.01
"""One hidden dense layer less. Zeiler & Fergus 2014, Table 3 (one removed: 40.5 to 40.0)."""

DEPTH, DEPTH_BOTTLENECK = 0.17, 0.08
"""Times ln(blocks before / after): ResNet-34 to 18, VGG-19/16/13/11; ResNet-152/101/50."""

DEPTH_SHARE = 3
"""At most one block in so many of a stage: scores do not add up beyond that."""

NARROW_CHANNELS = 64
"""Networks whose groups are mostly narrower lose about three times as much."""


class Evidence(NamedTuple):
    """What an edit's score rests on."""

    sources: str
    judgement: str = ""
    """What of it is a judgement; empty where all is measured."""


def phi(u: float) -> float:
    """The damage of all widths divided by exp(u)."""
    return WIDTH_CURVE[0] * u + WIDTH_CURVE[1] * u * u


def phi_resolution(u: float) -> float:
    """The damage of all extents divided by exp(u)."""
    return RESOLUTION_CURVE[0] * u + RESOLUTION_CURVE[1] * u * u


def units(damage: float) -> int:
    """A damage as a score: whole units of 1e-5, rounded to the nearest."""
    return round(damage * UNIT)


def equivalent_width(score: int) -> float:
    """The width multiplier of a MobileNet that would score the same."""
    from math import exp, sqrt

    a, b = WIDTH_CURVE
    return exp(-(sqrt(a * a + 4 * b * max(score, 0) / UNIT) - a) / (2 * b))


def ratio_damage(before: float, after: float) -> float:
    """phi of a width's change; 0 where it does not shrink."""
    return phi(log(before / after)) if after < before else 0.0
