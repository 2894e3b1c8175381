"""The functions of one number that layers apply to every unit."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from cnncost.study.run.number_map import Number

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Klambauer et al. 2017, sec. 2: the fixed point of zero mean and unit variance."""


def _relu(v: Number) -> Number:
    return max(v, 0)


def _relu6(v: Number) -> Number:
    return min(max(v, 0), 6)


def _leaky_relu(v: Number) -> Number:
    return v if v >= 0 else v * Fraction(1, 100)


def _hardsigmoid(v: Number) -> Number:
    part = _relu6(v + 3)
    return part / 6 if isinstance(part, float) else Fraction(part) / 6


def _sigmoid(v: Number) -> Number:
    # The exponent is never above zero, so nothing overflows.
    return 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))


def _softplus(v: Number) -> Number:
    # log(1 + e^v) = max(v, 0) + log(1 + e^-|v|)
    return max(float(v), 0.0) + math.log1p(math.exp(-abs(float(v))))


def _elu(v: Number) -> Number:
    return v if v >= 0 else math.expm1(v)


def _selu(v: Number) -> Number:
    return SELU_SCALE * float(v) if v >= 0 else SELU_SCALE * SELU_ALPHA * math.expm1(v)


def _gelu(v: Number) -> Number:
    # x times the normal distribution function
    return float(v) * (1 + math.erf(float(v) / math.sqrt(2))) / 2


FUNCTIONS: dict[str, Callable[[Number], Number]] = {
    "relu": _relu,
    "relu6": _relu6,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": lambda v: float(v) * _sigmoid(v),
    "hardswish": lambda v: v * _hardsigmoid(v),
    "sigmoid": _sigmoid,
    "hardsigmoid": _hardsigmoid,
    "tanh": math.tanh,
    "softplus": _softplus,
    "mish": lambda v: float(v) * math.tanh(_softplus(v)),
    "step": lambda v: int(v >= 0),
}
"""The functions of one number, by the layer type's word."""
