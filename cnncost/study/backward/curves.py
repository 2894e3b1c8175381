"""The functions of one number that layers apply to every unit, each with its derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cnncost.study.backward.scalar_formula import ScalarFormula, as_formula, bracket, call_scalar


class Curve(NamedTuple):
    """A function and its derivative, as formulas of their argument."""

    value: ScalarFormula
    slope: ScalarFormula


X = ScalarFormula("letter", word="x")
ONE = as_formula(1)
ABOVE, BELOW = bracket(X, ">", 0), bracket(X, "≤", 0)


def _exp(x: ScalarFormula) -> ScalarFormula:
    return call_scalar("exp", x)


def _number(digits: str) -> ScalarFormula:
    return as_formula(digits)


SIGMOID = ONE / (ONE + _exp(as_formula(0) - X))
SOFTPLUS = call_scalar("log", ONE + _exp(X))
TANH = call_scalar("tanh", X)
NORMAL = (ONE + call_scalar("erf", X / call_scalar("sqrt", _number("2")))) / 2
DENSITY = _exp(as_formula(0) - X ** "2" / 2) / call_scalar(
    "sqrt", as_formula(2) * call_scalar("pi")
)
SELU_SCALE, SELU_ALPHA = _number("1.0507009873554805"), _number("1.6732632423543772")
"""Klambauer et al. 2017, sec. 2."""


def _clip(x: ScalarFormula, top: int) -> ScalarFormula:
    return call_scalar("min", call_scalar("max", x, as_formula(0)), as_formula(top))


def _named(word: str) -> ScalarFormula:
    return call_scalar(word, X)


INSIDE = bracket(X, ">", "-3") * bracket(X, "<", "3")

CURVES: dict[str, Curve] = {
    "relu": Curve(call_scalar("max", X, as_formula(0)), ABOVE),
    "relu6": Curve(_clip(X, 6), ABOVE * bracket(X, "<", 6)),
    "leaky_relu": Curve(X * ABOVE + _number("0.01") * X * BELOW, ABOVE + _number("0.01") * BELOW),
    "elu": Curve(X * ABOVE + (_exp(X) - 1) * BELOW, ABOVE + _exp(X) * BELOW),
    "selu": Curve(
        SELU_SCALE * (X * ABOVE + SELU_ALPHA * (_exp(X) - 1) * BELOW),
        SELU_SCALE * (ABOVE + SELU_ALPHA * _exp(X) * BELOW),
    ),
    "gelu": Curve(X * NORMAL, NORMAL + X * DENSITY),
    "silu": Curve(X * _named("sigmoid"), _named("sigmoid") * (ONE + X * (ONE - _named("sigmoid")))),
    "hardswish": Curve(
        X * _clip(X + 3, 6) / 6,
        (as_formula(2) * X + 3) / 6 * INSIDE + bracket(X, "≥", 3),
    ),
    "sigmoid": Curve(SIGMOID, _named("sigmoid") * (ONE - _named("sigmoid"))),
    "hardsigmoid": Curve(_clip(X + 3, 6) / 6, INSIDE / 6),
    "tanh": Curve(TANH, ONE - TANH ** "2"),
    "softplus": Curve(SOFTPLUS, _named("sigmoid")),
    "mish": Curve(
        X * call_scalar("tanh", _named("softplus")),
        call_scalar("tanh", _named("softplus"))
        + X * (ONE - call_scalar("tanh", _named("softplus")) ** "2") * _named("sigmoid"),
    ),
    "step": Curve(bracket(X, "≥", 0), as_formula(0)),
}
"""By the layer type's word."""

ELEMENTARY: tuple[str, ...] = ("exp", "log", "tanh", "erf", "sqrt", "min", "max", "floor", "pi")
"""The functions that formulas are made of."""


def find_slope(word: str) -> Callable[[ScalarFormula], ScalarFormula]:
    """Return a curve's derivative, to be written at an argument."""
    return lambda x: CURVES[word].slope.replace_letter("x", x)
