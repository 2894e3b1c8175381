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
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, Use, positions
from cnncost.study.backward.weighted_gradients import per_axis, window_options

Options = Callable[[Use], str]


def _linear(options: Options) -> Callable[[Use], Rule]:
    """y = A x for a fixed matrix A, called like the layer type: back goes Aᵀ."""

    def rule(use: Use) -> Rule:
        return Rule((operator(use.layer.word, options(use)).T @ use.dy,))

    return rule


def _largest(options: Options) -> Callable[[Use], Rule]:
    """Each maximum's gradient goes to the unit that was the maximum: the Jacobian at x."""

    def rule(use: Use) -> Rule:
        return Rule((slope(use.layer.word, use.x[0], options(use)).T @ use.dy,))

    return rule


def _alike(use: Use) -> Rule:
    """What is passed on unchanged has its output's gradient, for each input."""
    return Rule((use.dy,) * len(use.x))


def global_avgpool(use: Use) -> Rule:
    """Each position has had an equal share in the mean."""
    return Rule((use.dy @ number(1).T / number(use.shape.positions),))


def reshape(use: Use) -> Rule:
    """The same units, in the input's shape again."""
    return Rule((operator("reshape", str(use.shape)) @ use.dy,))


def dropped(use: Use) -> Rule:
    """m holds 0 where something was dropped, 1 / (1 - rate) elsewhere."""
    return Rule((use.dy * use.own("m"),))


def scale(use: Use) -> Rule:
    """y = γ ∘ x."""
    gamma, (x,) = use.parameter("γ"), use.x
    axes = positions(use.shape, "ip" if use.field("shared") else "p")
    into = total(axes, use.dy * x) if axes else use.dy * x
    return Rule((gamma * use.dy,), (GradientStep(gamma, into),))


def mul(use: Use) -> Rule:
    """Each factor's gradient has the others for factors; a gate's is summed over positions."""
    gradients = []
    for i, shape in enumerate(use.node.inputs):
        others = [x for j, x in enumerate(use.x) if j != i]
        gradient = Expression("times", (use.dy, *others))
        spread = shape.positions < use.node.output.positions
        gradients.append(total("p", gradient) if spread else gradient)
    return Rule(tuple(gradients))


def matmul(use: Use) -> Rule:
    """Y = A B, head by head: the gradient of either is the output's times the other, turned."""
    (a, b), groups = use.x, use.field("groups")
    # Example by example, as in attention; a plain product with a transpose adds them up.
    gradients = by_head(use.dy, b.T, groups), by_head(a.T, use.dy, groups)
    return Rule(gradients, input_connections=use.connections)


def concat(use: Use) -> Rule:
    """Each input has its own channels of the gradient."""
    gradients, start = [], 0
    for shape in use.node.inputs:
        end = start + shape.channels
        gradients.append(Expression("channels", (use.dy,), options=f"{start}:{end}"))
        start = end
    return Rule(tuple(gradients))


def opaque(use: Use) -> Rule:
    """Nobody knows what it computes."""
    return Rule((unknown(use.dy),) * len(use.x))


def _pairs(use: Use) -> str:
    return per_axis([f"{before}:{after}" for before, after in use.field("amount")])


def _upsampled(use: Use) -> str:
    return f"{use.node.output},{use.field('mode')}"


def _window(use: Use) -> str:
    return window_options(use, kernel=True)


RULES: Rules = {
    "maxpool": _largest(_window),
    "global_maxpool": _largest(lambda use: ""),
    "adaptive_maxpool": _largest(lambda use: per_axis(use.field("size"))),
    "avgpool": _linear(_window),
    "adaptive_avgpool": _linear(lambda use: per_axis(use.field("size"))),
    "global_avgpool": global_avgpool,
    "flatten": reshape,
    "reshape": reshape,
    "permute": _linear(lambda use: ",".join(map(str, use.field("axes")))),
    "pad": _linear(_pairs),
    "crop": _linear(_pairs),
    "slice": _linear(lambda use: ":".join(map(str, use.field("span")))),
    "channel_shuffle": _linear(lambda use: f"g={use.field('groups')}"),
    "pixel_shuffle": _linear(lambda use: per_axis(use.field("factor"))),
    "space_to_depth": _linear(lambda use: per_axis(use.field("factor"))),
    "upsample": _linear(_upsampled),
    "identity": _alike,
    "add": _alike,
    "mul": mul,
    "concat": concat,
    "matmul": matmul,
    "dropout": dropped,
    "drop_path": dropped,
    "scale": scale,
    "opaque": opaque,
}
