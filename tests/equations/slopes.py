"""The derivatives of the activations, element by element."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Klambauer et al. 2017, eq. 14."""


def _steps(x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """`low` up to zero, `high` above."""
    return low.where(x <= 0, high)


def _elu(x: Tensor) -> Tensor:
    return _steps(x, x.exp(), x.new_ones(()))


def _gelu(x: Tensor) -> Tensor:
    """The normal distribution, and x times its density."""
    distribution = (1 + (x / sqrt(2)).erf()) / 2
    return distribution + x * (-(x**2) / 2).exp() / sqrt(2 * pi)


def _silu(x: Tensor) -> Tensor:
    s = x.sigmoid()
    return s * (1 + x * (1 - s))


def _hardswish(x: Tensor) -> Tensor:
    """(2 x + 3) / 6 between -3 and 3; 0 below, 1 above."""
    return ((2 * x + 3) / 6).where(x.abs() < 3, (x >= 3).to(x.dtype))


def _mish(x: Tensor) -> Tensor:
    t = (1 + x.exp()).log().tanh()
    return t + x * (1 - t**2) * x.sigmoid()


SLOPES: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": lambda x: (x > 0).to(x.dtype),
    "relu6": lambda x: ((x > 0) & (x < 6)).to(x.dtype),
    "leaky_relu": lambda x: _steps(x, x.new_tensor(0.01), x.new_ones(())),
    "elu": _elu,
    "selu": lambda x: SELU_SCALE * _steps(x, SELU_ALPHA * x.exp(), x.new_ones(())),
    "gelu": _gelu,
    "silu": _silu,
    "hardswish": _hardswish,
    "sigmoid": lambda x: x.sigmoid() * (1 - x.sigmoid()),
    "hardsigmoid": lambda x: (x.abs() < 3).to(x.dtype) / 6,
    "tanh": lambda x: 1 - x.tanh() ** 2,
    "softplus": lambda x: x.sigmoid(),
    "mish": _mish,
    "step": lambda x: 0 * x,
}
"""By the layer type's word."""
