"""The equations of activations and norms, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnncost.layers import FAMILIES
from cnncost.study.backward.gradient_expression import (
    Expression,
    Symbol,
    call,
    mean,
    number,
    operator,
    slope,
    total,
    where,
)
from cnncost.study.backward.layer_use import (
    GradientStep,
    Rule,
    Rules,
    SymbolSizes,
    Use,
    existing_axes,
)

if TYPE_CHECKING:
    from cnncost.layers.activation import Prelu
    from cnncost.layers.normalisation import Lrn, Normalisation
    from cnncost.shape import Shape

LRN_SCALE, LRN_POWER = "0.0001", "0.75"
"""Alpha and beta of the paper (Krizhevsky et al. 2012, sec. 3.3); the mean is PyTorch's form."""


def derive_elementwise(use: Use) -> Rule:
    """y = φ(x): the chain rule, element by element."""
    word, (x,) = use.layer.word, use.x
    return Rule((use.dy * slope(word, x),), output=call(word, x))


def derive_prelu(use: Use[Prelu]) -> Rule:
    """The slope is 1 above zero, a below (He et al. 2015, sec. 2.2)."""
    a, (x,) = use.own_parameter("a"), use.x
    axes = existing_axes(use.shape, "ip" if use.layer.shared else "p")
    below = use.dy * x * where(x, "≤ 0")
    slopes = where(x, "> 0") + a * where(x, "≤ 0")
    into = GradientStep(a, total(axes, below) if axes else below)
    return Rule((use.dy * slopes,), (into,), output=slopes * x)


def derive_softmax(use: Use) -> Rule:
    """Every channel of a position is part of the sum that the others are divided by."""
    back = use.y * (use.dy - total("i", use.y * use.dy))
    return Rule((back,), output=call("softmax", use.x[0]))


def derive_logsoftmax(use: Use) -> Rule:
    """As softmax, whose value is exp(y) here."""
    back = use.dy - call("exp", use.y) * total("i", use.dy)
    return Rule((back,), output=call("logsoftmax", use.x[0]))


def _norm_rule(
    axes: str, options: Callable[[Use[Any]], str] = lambda use: ""
) -> Callable[[Use[Normalisation]], Rule]:
    """y = γ ∘ x̂ + β, x̂ = (x - mean) / σ over those axes (Ioffe & Szegedy 2015, sec. 3)."""

    def rule(use: Use[Normalisation]) -> Rule:
        x, over, how = use.x[0], existing_axes(use.shape, axes), options(use)
        deviation, normal = use.own_symbol("σ"), use.own_symbol("x", "hat")
        kept = (
            GradientStep(
                deviation,
                Expression("deviation", (x,), over, how),
                sizes=_deviation_sizes(use.shape, over, how),
            ),
            GradientStep(normal, (x - mean(over, x, how)) / deviation),
        )
        g: Expression = use.dy
        if not use.layer.affine:
            back = _centre_gradient(g, normal, over, how) / deviation
            return Rule((back,), (), kept, output=normal)
        gamma = use.own_parameter("γ")
        if "i" in axes:  # the scales differ within what is averaged
            back = _centre_gradient(gamma * g, normal, over, how) / deviation
        else:
            back = gamma * _centre_gradient(g, normal, over, how) / deviation
        output = gamma * normal + use.own_parameter("β")
        return Rule((back,), _scale_and_shift(use, normal), kept, output=output)

    return rule


def _deviation_sizes(shape: Shape, over: str, how: str) -> SymbolSizes:
    """A deviation has the axes that it is not taken over; with groups, each channel has one."""
    axes = [0] if "i" not in over or how else []
    axes += [] if "p" in over else range(1, len(shape.dims))
    dims = tuple(shape.dims[axis] for axis in axes)
    return SymbolSizes(dims, tuple(axes), shared="n" in over)


def _centre_gradient(g: Expression, normal: Symbol, over: str, how: str) -> Expression:
    """Subtract from g its mean and its part along x̂: neither changes a norm's output."""
    return g - mean(over, g, how) - normal * mean(over, g * normal, how)


def _scale_and_shift(use: Use, normal: Symbol) -> tuple[GradientStep, ...]:
    gamma, beta = use.own_parameter("γ"), use.own_parameter("β")
    into: Expression = use.dy * normal
    if use.shape.is_vector:
        return (GradientStep(gamma, into), GradientStep(beta, use.dy))
    return (GradientStep(gamma, total("p", into)), GradientStep(beta, total("p", use.dy)))


def derive_lrn(use: Use[Lrn]) -> Rule:
    """y = x / d^0.75, d = 1 + 0.0001 times the mean of n neighbouring channels' squares."""
    x, d, n = use.x[0], use.own_symbol("d"), use.layer.size
    near = operator("neighbours", f"n={n}")
    scale, power = number(LRN_SCALE), LRN_POWER
    kept = GradientStep(d, number(1) + scale @ (near @ (x * x)))
    # 2 x 0.0001 x 0.75: the square's derivative, alpha and beta.
    shared = number("0.00015") @ (x * (near.T @ (use.dy * x / d ** "1.75")))
    return Rule((use.dy / d**power - shared,), (), (kept,), output=x / d**power)


OTHERS: Rules = {"prelu": derive_prelu, "softmax": derive_softmax, "logsoftmax": derive_logsoftmax}

POINTWISE: Rules = {
    **{word: OTHERS.get(word, derive_elementwise) for word in FAMILIES["activation"]},
    "batchnorm": _norm_rule("np"),
    "layernorm": _norm_rule("i"),
    "instancenorm": _norm_rule("p"),
    "groupnorm": _norm_rule("ip", lambda use: f"g={use.layer.groups}"),
    "lrn": derive_lrn,
}
