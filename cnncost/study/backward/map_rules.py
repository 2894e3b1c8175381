"""The equations of pools, reshaping, joins, dropout and scale, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnncost.study.backward.gradient_expression import (
    Expression,
    by_head,
    call,
    mean,
    number,
    operator,
    slope,
    total,
    unknown,
)
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, Use, existing_axes
from cnncost.study.backward.weighted_gradients import format_per_axis, window_options

if TYPE_CHECKING:
    from cnncost.layers.joins import MatMul
    from cnncost.layers.reshaping import Crop, Pad, Upsample
    from cnncost.layers.scaling import Scale
    from cnncost.layers.sliding_window import Windowed

Options = Callable[[Use[Any]], str]  # Any: each function names its layer type


def _linear_rule(options: Options) -> Callable[[Use], Rule]:
    """Make the rule of y = A x for a fixed matrix A, named after the layer type: x̄ = Aᵀ ȳ."""

    def rule(use: Use) -> Rule:
        matrix = operator(use.layer.word, options(use))
        return Rule((matrix.T @ use.dy,), output=matrix @ use.x[0])

    return rule


def _maximum_rule(options: Options) -> Callable[[Use], Rule]:
    """Make the rule of a maximum: its gradient goes to the unit that was the maximum."""

    def rule(use: Use) -> Rule:
        word, how = use.layer.word, options(use)
        back = slope(word, use.x[0], how).T @ use.dy
        return Rule((back,), output=call(word, use.x[0], options=how))

    return rule


def derive_identity(use: Use) -> Rule:
    """y = x."""
    return Rule((use.dy,), output=use.x[0])


def derive_add(use: Use) -> Rule:
    """Each input has the output's gradient, unchanged."""
    return Rule((use.dy,) * len(use.x), output=Expression("+", use.x))


def derive_global_avgpool(use: Use) -> Rule:
    """Each position has an equal share of the mean's gradient."""
    back = use.dy @ number(1).T / number(use.shape.positions)
    return Rule((back,), output=mean("p", use.x[0]))


def derive_reshape(use: Use) -> Rule:
    """The gradient has the same units, in the input's shape."""
    back = operator("reshape", str(use.shape)) @ use.dy
    if use.node.output.is_vector:
        return Rule((back,), output=call("vec", use.x[0]))
    return Rule((back,), output=operator("reshape", str(use.node.output)) @ use.x[0])


def derive_dropout(use: Use) -> Rule:
    """The gradient is multiplied by m, which is 0 where units were dropped, else 1 / (1 - rate)."""
    mask = use.own_symbol("m")
    return Rule((use.dy * mask,), output=use.x[0] * mask)


def derive_scale(use: Use[Scale]) -> Rule:
    """y = γ ∘ x."""
    gamma, (x,) = use.own_parameter("γ"), use.x
    axes = existing_axes(use.shape, "ip" if use.layer.shared else "p")
    into = total(axes, use.dy * x) if axes else use.dy * x
    return Rule((gamma * use.dy,), (GradientStep(gamma, into),), output=gamma * x)


def derive_mul(use: Use) -> Rule:
    """Each gradient is multiplied by the other factors; a gate's is summed over positions."""
    gradients = []
    for i, shape in enumerate(use.node.inputs):
        others = [x for j, x in enumerate(use.x) if j != i]
        gradient = Expression("times", (use.dy, *others))
        spread = shape.positions < use.node.output.positions
        gradients.append(total("p", gradient) if spread else gradient)
    return Rule(tuple(gradients), output=Expression("times", use.x))


def derive_matmul(use: Use[MatMul]) -> Rule:
    """Y = A B, head by head: each factor's gradient is Ȳ times the other factor, transposed."""
    (a, b), groups = use.x, use.layer.groups
    # Example by example, as in attention; a plain product with a transpose adds them up.
    gradients = by_head(use.dy, b.T, groups), by_head(a.T, use.dy, groups)
    output, uses = by_head(a, b, groups), use.connections
    return Rule(gradients, (), (), (), uses, output, uses)


def derive_concat(use: Use) -> Rule:
    """Each input has its own channels of the output's gradient."""
    gradients, start = [], 0
    for shape in use.node.inputs:
        end = start + shape.channels
        gradients.append(Expression("channels", (use.dy,), options=f"{start}:{end}"))
        start = end
    return Rule(tuple(gradients), output=call("concat", *use.x))


def derive_opaque(use: Use) -> Rule:
    """Nobody knows what the layer computes, so its output and gradients are unknown functions."""
    return Rule((unknown(use.dy),) * len(use.x), output=unknown(*use.x))


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
    "identity": derive_identity,
    "add": derive_add,
    "mul": derive_mul,
    "concat": derive_concat,
    "matmul": derive_matmul,
    "dropout": derive_dropout,
    "drop_path": derive_dropout,
    "scale": derive_scale,
    "opaque": derive_opaque,
}
