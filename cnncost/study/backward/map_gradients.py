"""Gradients of the layers without weights: pooling, shapes, joins, dropping; and of scale."""

from __future__ import annotations

from collections.abc import Callable

from cnncost.study.backward.gradient_expression import (
    Expression,
    by_head,
    number,
    operator,
    slope,
    total,
    unknown,
)
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, Use, existing_axes
from cnncost.study.backward.weighted_gradients import format_per_axis, window_options

Options = Callable[[Use], str]


def _linear_rule(options: Options) -> Callable[[Use], Rule]:
    """y = A x for a fixed matrix A, called like the layer type: back goes Aᵀ."""

    def rule(use: Use) -> Rule:
        return Rule((operator(use.layer.word, options(use)).T @ use.dy,))

    return rule


def _maximum_rule(options: Options) -> Callable[[Use], Rule]:
    """Each maximum's gradient goes to the unit that was the maximum: the Jacobian at x."""

    def rule(use: Use) -> Rule:
        return Rule((slope(use.layer.word, use.x[0], options(use)).T @ use.dy,))

    return rule


def _derive_unchanged(use: Use) -> Rule:
    """What is passed on unchanged has its output's gradient, for each input."""
    return Rule((use.dy,) * len(use.x))


def derive_global_avgpool(use: Use) -> Rule:
    """Each position has had an equal share in the mean."""
    return Rule((use.dy @ number(1).T / number(use.shape.positions),))


def derive_reshape(use: Use) -> Rule:
    """The same units, in the input's shape again."""
    return Rule((operator("reshape", str(use.shape)) @ use.dy,))


def derive_dropout(use: Use) -> Rule:
    """m holds 0 where something was dropped, 1 / (1 - rate) elsewhere."""
    return Rule((use.dy * use.own_symbol("m"),))


def derive_scale(use: Use) -> Rule:
    """y = γ ∘ x."""
    gamma, (x,) = use.own_parameter("γ"), use.x
    axes = existing_axes(use.shape, "ip" if use.read_field("shared") else "p")
    into = total(axes, use.dy * x) if axes else use.dy * x
    return Rule((gamma * use.dy,), (GradientStep(gamma, into),))


def derive_mul(use: Use) -> Rule:
    """Each factor's gradient has the others for factors; a gate's is summed over positions."""
    gradients = []
    for i, shape in enumerate(use.node.inputs):
        others = [x for j, x in enumerate(use.x) if j != i]
        gradient = Expression("times", (use.dy, *others))
        spread = shape.positions < use.node.output.positions
        gradients.append(total("p", gradient) if spread else gradient)
    return Rule(tuple(gradients))


def derive_matmul(use: Use) -> Rule:
    """Y = A B, head by head: the gradient of either is the output's times the other, turned."""
    (a, b), groups = use.x, use.read_field("groups")
    # Example by example, as in attention; a plain product with a transpose adds them up.
    gradients = by_head(use.dy, b.T, groups), by_head(a.T, use.dy, groups)
    return Rule(gradients, input_connections=use.connections)


def derive_concat(use: Use) -> Rule:
    """Each input has its own channels of the gradient."""
    gradients, start = [], 0
    for shape in use.node.inputs:
        end = start + shape.channels
        gradients.append(Expression("channels", (use.dy,), options=f"{start}:{end}"))
        start = end
    return Rule(tuple(gradients))


def derive_opaque(use: Use) -> Rule:
    """Nobody knows what it computes."""
    return Rule((unknown(use.dy),) * len(use.x))


def _pad_options(use: Use) -> str:
    return format_per_axis([f"{before}:{after}" for before, after in use.read_field("amount")])


def _upsample_options(use: Use) -> str:
    return f"{use.node.output},{use.read_field('mode')}"


def _pool_options(use: Use) -> str:
    return window_options(use, kernel=True)


RULES: Rules = {
    "maxpool": _maximum_rule(_pool_options),
    "global_maxpool": _maximum_rule(lambda use: ""),
    "adaptive_maxpool": _maximum_rule(lambda use: format_per_axis(use.read_field("size"))),
    "avgpool": _linear_rule(_pool_options),
    "adaptive_avgpool": _linear_rule(lambda use: format_per_axis(use.read_field("size"))),
    "global_avgpool": derive_global_avgpool,
    "flatten": derive_reshape,
    "reshape": derive_reshape,
    "permute": _linear_rule(lambda use: ",".join(map(str, use.read_field("axes")))),
    "pad": _linear_rule(_pad_options),
    "crop": _linear_rule(_pad_options),
    "slice": _linear_rule(lambda use: ":".join(map(str, use.read_field("span")))),
    "channel_shuffle": _linear_rule(lambda use: f"g={use.read_field('groups')}"),
    "pixel_shuffle": _linear_rule(lambda use: format_per_axis(use.read_field("factor"))),
    "space_to_depth": _linear_rule(lambda use: format_per_axis(use.read_field("factor"))),
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
