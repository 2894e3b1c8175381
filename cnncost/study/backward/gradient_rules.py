"""The gradient rule of every layer type; `weighted_gradients` has those with weight matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnncost.layers import FAMILIES
from cnncost.study.backward import (
    attention_gradients,
    recurrent_gradients,
    transformer_gradients,
    weighted_gradients,
)
from cnncost.study.backward.gradient_expression import (
    Expression,
    Symbol,
    by_head,
    call,
    mean,
    number,
    operator,
    slope,
    total,
    unknown,
    where,
)
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, Use, existing_axes
from cnncost.study.backward.weighted_gradients import format_per_axis, window_options

if TYPE_CHECKING:
    from cnncost.layers.activation import Prelu
    from cnncost.layers.joins import MatMul
    from cnncost.layers.normalisation import Lrn, Normalisation
    from cnncost.layers.reshaping import Crop, Pad, Upsample
    from cnncost.layers.scaling import Scale
    from cnncost.layers.sliding_window import Windowed

# Pools, shapes, joins, dropout, scale

Options = Callable[[Use[Any]], str]  # Any: each function names its layer type


def _linear_rule(options: Options) -> Callable[[Use], Rule]:
    """Make the rule of y = A x for a fixed matrix A, named after the layer type: x̄ = Aᵀ ȳ."""

    def rule(use: Use) -> Rule:
        return Rule((operator(use.layer.word, options(use)).T @ use.dy,))

    return rule


def _maximum_rule(options: Options) -> Callable[[Use], Rule]:
    """Make the rule of a maximum: its gradient goes to the unit that was the maximum."""

    def rule(use: Use) -> Rule:
        return Rule((slope(use.layer.word, use.x[0], options(use)).T @ use.dy,))

    return rule


def _derive_unchanged(use: Use) -> Rule:
    """Each input has the output's gradient, unchanged."""
    return Rule((use.dy,) * len(use.x))


def derive_global_avgpool(use: Use) -> Rule:
    """Each position has an equal share of the mean's gradient."""
    return Rule((use.dy @ number(1).T / number(use.shape.positions),))


def derive_reshape(use: Use) -> Rule:
    """The gradient has the same units, in the input's shape."""
    return Rule((operator("reshape", str(use.shape)) @ use.dy,))


def derive_dropout(use: Use) -> Rule:
    """The gradient is multiplied by m, which is 0 where units were dropped, else 1 / (1 - rate)."""
    return Rule((use.dy * use.own_symbol("m"),))


def derive_scale(use: Use[Scale]) -> Rule:
    """y = γ ∘ x."""
    gamma, (x,) = use.own_parameter("γ"), use.x
    axes = existing_axes(use.shape, "ip" if use.layer.shared else "p")
    into = total(axes, use.dy * x) if axes else use.dy * x
    return Rule((gamma * use.dy,), (GradientStep(gamma, into),))


def derive_mul(use: Use) -> Rule:
    """Each gradient is multiplied by the other factors; a gate's is summed over positions."""
    gradients = []
    for i, shape in enumerate(use.node.inputs):
        others = [x for j, x in enumerate(use.x) if j != i]
        gradient = Expression("times", (use.dy, *others))
        spread = shape.positions < use.node.output.positions
        gradients.append(total("p", gradient) if spread else gradient)
    return Rule(tuple(gradients))


def derive_matmul(use: Use[MatMul]) -> Rule:
    """Y = A B, head by head: each factor's gradient is Ȳ times the other factor, transposed."""
    (a, b), groups = use.x, use.layer.groups
    # Example by example, as in attention; a plain product with a transpose adds them up.
    gradients = by_head(use.dy, b.T, groups), by_head(a.T, use.dy, groups)
    return Rule(gradients, input_connections=use.connections)


def derive_concat(use: Use) -> Rule:
    """Each input has its own channels of the output's gradient."""
    gradients, start = [], 0
    for shape in use.node.inputs:
        end = start + shape.channels
        gradients.append(Expression("channels", (use.dy,), options=f"{start}:{end}"))
        start = end
    return Rule(tuple(gradients))


def derive_opaque(use: Use) -> Rule:
    """Nobody knows what the layer computes, so the gradient is an unknown function."""
    return Rule((unknown(use.dy),) * len(use.x))


def _pad_options(use: Use[Pad | Crop]) -> str:
    return format_per_axis([f"{before}:{after}" for before, after in use.layer.amount])


def _upsample_options(use: Use[Upsample]) -> str:
    return f"{use.node.output},{use.layer.mode}"


def _pool_options(use: Use[Windowed]) -> str:
    return window_options(use, kernel=True)


MAPS: Rules = {
    "maxpool": _maximum_rule(_pool_options),
    "global_maxpool": _maximum_rule(lambda use: ""),
    "adaptive_maxpool": _maximum_rule(lambda use: format_per_axis(use.layer.size)),
    "avgpool": _linear_rule(_pool_options),
    "adaptive_avgpool": _linear_rule(lambda use: format_per_axis(use.layer.size)),
    "global_avgpool": derive_global_avgpool,
    "flatten": derive_reshape,
    "reshape": derive_reshape,
    "permute": _linear_rule(lambda use: ",".join(map(str, use.layer.axes))),
    "pad": _linear_rule(_pad_options),
    "crop": _linear_rule(_pad_options),
    "slice": _linear_rule(lambda use: ":".join(map(str, use.layer.span))),
    "channel_shuffle": _linear_rule(lambda use: f"g={use.layer.groups}"),
    "pixel_shuffle": _linear_rule(lambda use: format_per_axis(use.layer.factor)),
    "space_to_depth": _linear_rule(lambda use: format_per_axis(use.layer.factor)),
    "upsample": _linear_rule(_upsample_options),
    "identity": _derive_unchanged,
    "add": _derive_unchanged,
    "mul": derive_mul,
    "concat": derive_concat,
    "matmul": derive_matmul,
    "dropout": derive_dropout,
    "drop_path": derive_dropout,
    "scale": derive_scale,
    "opaque": derive_opaque,
}


# Activations and norms

LRN_SCALE, LRN_POWER = "0.0001", "0.75"
"""Alpha and beta of the paper (Krizhevsky et al. 2012, sec. 3.3); the mean is PyTorch's form."""


def derive_elementwise(use: Use) -> Rule:
    """y = φ(x): the chain rule, element by element."""
    return Rule((use.dy * slope(use.layer.word, use.x[0]),))


def derive_prelu(use: Use[Prelu]) -> Rule:
    """The slope is 1 above zero, a below (He et al. 2015, sec. 2.2)."""
    a, (x,) = use.own_parameter("a"), use.x
    axes = existing_axes(use.shape, "ip" if use.layer.shared else "p")
    below = use.dy * x * where(x, "≤ 0")
    slopes = where(x, "> 0") + a * where(x, "≤ 0")
    return Rule((use.dy * slopes,), (GradientStep(a, total(axes, below) if axes else below),))


def derive_softmax(use: Use) -> Rule:
    """Every channel of a position is part of the sum that the others are divided by."""
    return Rule((use.y * (use.dy - total("i", use.y * use.dy)),))


def derive_logsoftmax(use: Use) -> Rule:
    """As softmax, whose value is exp(y) here."""
    return Rule((use.dy - call("exp", use.y) * total("i", use.dy),))


def _norm_rule(
    axes: str, options: Options = lambda use: ""
) -> Callable[[Use[Normalisation]], Rule]:
    """y = γ ∘ x̂ + β, x̂ = (x - mean) / σ over those axes (Ioffe & Szegedy 2015, sec. 3)."""

    def rule(use: Use[Normalisation]) -> Rule:
        x, over, how = use.x[0], existing_axes(use.shape, axes), options(use)
        deviation, normal = use.own_symbol("σ"), use.own_symbol("x", "hat")
        kept = (
            GradientStep(deviation, Expression("deviation", (x,), over, how)),
            GradientStep(normal, (x - mean(over, x, how)) / deviation),
        )
        g: Expression = use.dy
        if not use.layer.affine:
            return Rule((_centre_gradient(g, normal, over, how) / deviation,), (), kept)
        gamma = use.own_parameter("γ")
        if "i" in axes:  # the scales differ within what is averaged
            back = _centre_gradient(gamma * g, normal, over, how) / deviation
        else:
            back = gamma * _centre_gradient(g, normal, over, how) / deviation
        return Rule((back,), _scale_and_shift(use, normal), kept)

    return rule


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
    return Rule((use.dy / d**power - shared,), (), (kept,))


OTHERS: Rules = {"prelu": derive_prelu, "softmax": derive_softmax, "logsoftmax": derive_logsoftmax}

POINTWISE: Rules = {
    **{word: OTHERS.get(word, derive_elementwise) for word in FAMILIES["activation"]},
    "batchnorm": _norm_rule("np"),
    "layernorm": _norm_rule("i"),
    "instancenorm": _norm_rule("p"),
    "groupnorm": _norm_rule("ip", lambda use: f"g={use.layer.groups}"),
    "lrn": derive_lrn,
}


RULES: Rules = {
    **weighted_gradients.RULES,
    **MAPS,
    **POINTWISE,
    **attention_gradients.RULES,
    **recurrent_gradients.RULES,
    **transformer_gradients.RULES,
}
