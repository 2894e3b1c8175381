"""Activations known by their values: exporters write hardswish, gelu or silu in many ways."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import atan, ceil, cos, erf, erfc, exp, expm1, floor, log, log1p, sin, sqrt, tanh

POINTS = (-7.3, -4.1, -3.2, -2.6, -1.5, -0.7, -0.2, 0.0, 0.15, 0.6, 1.3, 2.2, 2.9, 3.4, 5.7, 6.6)
"""Where functions are compared: on both sides of every kink of the language's activations, and
where a threshold unit jumps."""

Curve = tuple[float, ...]
"""A function's values at the points."""

CLOSE = 2e-3
"""gelu's approximation by tanh stays within 0.0005 of it; float32 constants are far closer."""


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), without an overflow."""
    return 1 / (1 + exp(-x)) if x > -700 else 0.0


def softplus(x: float) -> float:
    """log(1 + exp(x)), without an overflow."""
    return log1p(exp(x)) if x < 30 else x


def hardsigmoid(x: float, alpha: float = 1 / 6, beta: float = 0.5) -> float:
    """A line between 0 and 1; the slope is PyTorch's."""
    return max(0.0, min(1.0, alpha * x + beta))


_KNOWN: dict[str, Callable[[float], float]] = {
    "relu": lambda x: max(0.0, x),
    "relu6": lambda x: min(6.0, max(0.0, x)),
    "silu": lambda x: x * sigmoid(x),
    "hardswish": lambda x: x * hardsigmoid(x),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / sqrt(2))),
    "hardsigmoid": hardsigmoid,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "mish": lambda x: x * tanh(softplus(x)),
    "softplus": softplus,
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * expm1(x)),
    "step": lambda x: float(x >= 0),
}

UNARY: dict[str, Callable[[float], float]] = {
    "Relu": _KNOWN["relu"],
    "Sigmoid": sigmoid,
    "Tanh": tanh,
    "Erf": erf,
    "Erfc": erfc,  # TensorFlow's, which tf2onnx hands on as it is
    "Exp": exp,
    "Log": log,
    "Sqrt": sqrt,
    "Neg": lambda x: -x,
    "Abs": abs,
    "Floor": floor,
    "Ceil": ceil,
    "Round": round,
    "Sign": lambda x: (x > 0) - (x < 0),
    "Sin": sin,
    "Cos": cos,
    "Atan": atan,
    "Softsign": lambda x: x / (1 + abs(x)),
    "Reciprocal": lambda x: 1 / x,
    "Softplus": softplus,
    "HardSwish": _KNOWN["hardswish"],
    "Mish": _KNOWN["mish"],
    "Identity": lambda x: x,
}
"""ONNX's functions of one number that have no attributes."""

BINARY: dict[str, Callable[[float, float], float]] = {
    **dict.fromkeys(("Add", "Sum"), lambda a, b: a + b),
    "Mean": lambda a, b: (a + b) / 2,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a / b,
    "Pow": lambda a, b: float(a**b),
    "Min": min,
    "Max": max,
    "GreaterOrEqual": lambda a, b: float(a >= b),
}
"""And of two."""


def known_activation(word: str) -> Callable[[float], float]:
    """Return the activation of that name as a function of one number."""
    return _KNOWN[word]


@cache
def _known_curves() -> dict[str, Curve]:
    return {word: tuple(map(function, POINTS)) for word, function in _KNOWN.items()}


def find_activation(curve: Curve) -> str:
    """Return the layer type whose function has these values: `identity` for a x + b, empty if there
    is none."""
    for word, known in _known_curves().items():
        if _is_near(curve, known):
            return word
    if _is_line(curve, range(len(POINTS))):
        return "identity"
    above = [i for i, x in enumerate(POINTS) if x > 0]
    below = [i for i, x in enumerate(POINTS) if x < 0]
    if all(abs(curve[i] - POINTS[i]) < CLOSE for i in above):
        slope = curve[below[0]] / POINTS[below[0]]
        if slope >= 0 and all(abs(curve[i] - slope * POINTS[i]) < CLOSE for i in below):
            return "leaky_relu"
        scale = curve[below[0]] / expm1(POINTS[below[0]])
        if all(abs(curve[i] - scale * expm1(POINTS[i])) < CLOSE for i in below):
            return "elu"
    # Clipped at zero and at some other ceiling than six: ReLU1, ReLU20.
    if min(curve) == 0.0 and _is_clipped(curve):
        return "relu6"
    return ""


def _is_clipped(curve: Curve) -> bool:
    top = max(curve)
    return top > 0 and all(
        abs(y - min(top, max(0.0, x))) < CLOSE for x, y in zip(POINTS, curve, strict=True)
    )


def _is_line(curve: Curve, at: range) -> bool:
    slope = (curve[-1] - curve[0]) / (POINTS[-1] - POINTS[0])
    return all(
        abs(curve[0] + slope * (POINTS[i] - POINTS[0]) - curve[i]) <= 1e-4 * (1 + abs(curve[i]))
        for i in at
    )


def _is_near(curve: Curve, known: Curve) -> bool:
    return all(abs(a - b) < CLOSE for a, b in zip(curve, known, strict=True))
