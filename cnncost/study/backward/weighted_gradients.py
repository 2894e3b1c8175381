"""Gradients of the layers with weights: dense, linear, convolutions, trainable pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnncost.shape import Window
from cnncost.study.backward.gradient_expression import (
    Expression,
    Symbol,
    call,
    convolve,
    correlate,
    operator,
    total,
)
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, Use

if TYPE_CHECKING:
    from cnncost.layers.convolution import Conv, Convolving, ConvTranspose, DepthwiseConv
    from cnncost.layers.pooling import Subsample
    from cnncost.layers.sliding_window import Windowed


def derive_dense(use: Use) -> Rule:
    """y = W vec(x) + b (Rumelhart et al. 1986)."""
    weights = use.own_parameter("W")
    x: Expression = use.x[0]
    back = weights.T @ use.dy
    if not use.shape.is_vector:
        x, back = call("vec", x), operator("reshape", str(use.shape)) @ back
    return _weighted_rule(use, weights @ x, weights, use.dy @ x.T, back, use.dy)


def derive_locally_connected(use: Use) -> Rule:
    """y = W vec(x) + b: a dense layer whose weights are zeros outside of each unit's window."""
    weights, mask = use.own_parameter("W"), use.own_symbol("M")  # M is 1 where a unit sees a unit
    slope, x = call("vec", use.dy), call("vec", use.x[0])
    output = operator("reshape", str(use.node.output)) @ (weights @ x)
    back = operator("reshape", str(use.shape)) @ (weights.T @ slope)
    return _weighted_rule(use, output, weights, mask * (slope @ x.T), back, use.dy)


def derive_linear(use: Use) -> Rule:
    """Y = W X + b 1ᵀ: a map is the matrix of its positions' columns."""
    weights = use.own_parameter("W")
    return _weighted_rule(
        use,
        weights @ use.x[0],
        weights,
        use.dy @ use.x[0].T,
        weights.T @ use.dy,
        _bias_gradient(use),
    )


def derive_conv(use: Use[Conv]) -> Rule:
    """y = W ∗ x + b (LeCun et al. 1998): W's transpose paints what W has read."""
    weights, options = use.own_parameter("W"), _convolution_options(use, use.layer.groups)
    into = correlate(use.dy, use.x[0], options)
    if use.layer.connects:
        into = use.own_symbol("M") * into  # 1 where a filter sees a map
    back = convolve(weights.T, use.dy, options)
    output = convolve(weights, use.x[0], options)
    return _weighted_rule(use, output, weights, into, back, _bias_gradient(use))


def derive_depthwise_conv(use: Use[DepthwiseConv]) -> Rule:
    """A convolution of as many groups as channels."""
    weights, options = use.own_parameter("W"), _convolution_options(use, use.shape.channels)
    into = correlate(use.dy, use.x[0], options)
    back = convolve(weights.T, use.dy, options)
    output = convolve(weights, use.x[0], options)
    return _weighted_rule(use, output, weights, into, back, _bias_gradient(use))


def derive_conv_transpose(use: Use[ConvTranspose]) -> Rule:
    """y = Wᵀ ∗ x + b (Dumoulin & Visin 2016, sec. 4): backwards it is a convolution."""
    weights, options = use.own_parameter("W"), _convolution_options(use, use.layer.groups)
    into = correlate(use.x[0], use.dy, options)
    back = convolve(weights, use.dy, options)
    output = convolve(weights.T, use.x[0], options)
    return _weighted_rule(use, output, weights, into, back, _bias_gradient(use))


def derive_subsample(use: Use[Subsample]) -> Rule:
    """y = w ∘ (sum of each window) + b (LeCun et al. 1998, sec. II-B)."""
    weights = use.own_parameter("w")
    window = operator("window_sum", f"k={format_per_axis(use.layer.kernel)}")
    into = total("p", use.dy * (window @ use.x[0]))
    back = window.T @ (weights * use.dy)
    output = weights * (window @ use.x[0])
    return _weighted_rule(use, output, weights, into, back, _bias_gradient(use))


def _weighted_rule(
    use: Use,
    output: Expression,
    weights: Symbol,
    into: Expression,
    back: Expression,
    added: Expression,
) -> Rule:
    """Make a rule of the output without its bias, and of the gradients of weights (`into`), input
    (`back`) and biases (`added`)."""
    steps, uses = [GradientStep(weights, into, use.connections)], use.connections
    if use.layer.biases(use.shape):
        bias = use.own_parameter("b")
        steps.append(GradientStep(bias, added))
        output = output + bias
    return Rule((back,), tuple(steps), (), (), uses, output, uses)


def _bias_gradient(use: Use) -> Expression:
    """Sum the output's gradient over positions, as the bias is added at every position."""
    return use.dy if use.node.output.is_vector else total("p", use.dy)


def _convolution_options(use: Use[Convolving], groups: int) -> str:
    found = window_options(use, kernel=False)
    if groups > 1:
        found += f"{',' if found else ''}g={groups}"
    return found


def window_options(use: Use[Windowed], *, kernel: bool) -> str:
    """Write a window's kernel, stride, padding (before:after) and dilation: `k=3,s=2,p=1,d=2`."""
    windows = use.layer.resolve_windows(use.shape)
    found = [f"k={format_per_axis([w.kernel for w in windows])}"] if kernel else []
    for key, values, usual in (
        ("s", [w.stride for w in windows], 1),
        ("p", [_format_pad(w) for w in windows], 0),
        ("d", [w.dilation for w in windows], 1),
    ):
        if any(value != usual for value in values):
            found.append(f"{key}={format_per_axis(values)}")
    return ",".join(found)


def _format_pad(window: Window) -> int | str:
    return window.before if window.before == window.after else f"{window.before}:{window.after}"


def format_per_axis(values: Sequence[int | str]) -> str:
    """Write one number if all axes have the same, else one per axis: `1x7`."""
    texts = [str(value) for value in values]
    return texts[0] if len(set(texts)) == 1 else "x".join(texts)


RULES: Rules = {
    "dense": derive_dense,
    "linear": derive_linear,
    "locally_connected": derive_locally_connected,
    "conv": derive_conv,
    "depthwise_conv": derive_depthwise_conv,
    "conv_transpose": derive_conv_transpose,
    "subsample": derive_subsample,
}
