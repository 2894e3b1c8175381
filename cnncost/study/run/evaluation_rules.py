"""How each layer type is evaluated: one rule per type, by its word."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from cnncost.study.run.number_map import (
    Map,
    Number,
    map_of_columns,
    pooling_rule,
)
from cnncost.study.run.unit_sums import SUMS, Sums

if TYPE_CHECKING:
    from cnncost.language.carried_values import Carried
    from cnncost.layers.reshaping import Crop, Pad, Permute, Slice
    from cnncost.network import Node


# Functions of one number, exact if they are piecewise linear

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


# Layers that move numbers


def evaluate_permute(node: Node[Permute], reads: list[Map]) -> Map:
    """Put the axes in another order; they count from 1."""
    (x,) = reads
    order = [axis - 1 for axis in node.layer.axes]
    steps = [prod(x.shape.dims[axis + 1 :]) for axis in order]
    places = product(*(range(n) for n in node.output.dims))
    return Map(node.output, tuple(x.numbers[_flat_index(place, steps)] for place in places))


def evaluate_pad(node: Node[Pad], reads: list[Map]) -> Map:
    """Put zeros around each channel."""
    return _shift_map(node, reads[0], -1)


def evaluate_crop(node: Node[Crop], reads: list[Map]) -> Map:
    """Cut the edges off each channel."""
    return _shift_map(node, reads[0], 1)


def _shift_map(node: Node[Pad | Crop], x: Map, sign: int) -> Map:
    """Output position p reads input position p + sign x before; zero outside."""
    amount = node.layer.amount
    steps = [prod(x.shape.extents[axis + 1 :]) for axis in range(len(amount))]
    places = []
    for place in product(*(range(n) for n in node.output.extents)):
        read = [at + sign * before for at, (before, _) in zip(place, amount, strict=True)]
        inside = all(0 <= at < n for at, n in zip(read, x.shape.extents, strict=True))
        places.append(_flat_index(read, steps) if inside else None)
    return Map(
        node.output,
        tuple(0 if at is None else channel[at] for channel in x.split_channels() for at in places),
    )


def _flat_index(place: Sequence[int], steps: Sequence[int]) -> int:
    return sum(at * step for at, step in zip(place, steps, strict=True))


Rule = Callable[["Node[Any]", list[Map]], Map]  # Any: rules name their types
"""From the node and its inputs to its output."""

LearnedRule = Callable[["Node[Any]", "Carried", list[Map]], Map]  # Any: as above
"""From the node, the numbers that it carries and its inputs to its output."""


def _sum_rule(list_sums: Sums) -> LearnedRule:
    """Make the rule that adds up every unit's sum."""

    def rule(node: Node, carried: Carried, reads: list[Map]) -> Map:
        return Map(node.output, tuple(one.add_up() for one in list_sums(node, carried, reads)))

    return rule


def elementwise_rule(function: Callable[[Number], Number]) -> Rule:
    """Make the rule that applies one function to every number."""

    def rule(node: Node, reads: list[Map]) -> Map:
        return Map(node.output, tuple(map(function, reads[0].numbers)))

    return rule


def keep_numbers(node: Node, reads: list[Map]) -> Map:
    """Return the same numbers, perhaps in another shape."""
    return Map(node.output, reads[0].numbers)


def evaluate_softmax(node: Node, reads: list[Map]) -> Map:
    """e^x / sum e^x over the channels, from the largest down so that nothing overflows."""
    return map_of_columns(
        node.output, [_softmax_column(column) for column in reads[0].split_columns()]
    )


def _softmax_column(column: tuple[Number, ...]) -> list[Number]:
    powers = [math.exp(v - max(column)) for v in column]
    return [power / sum(powers) for power in powers]


def evaluate_logsoftmax(node: Node, reads: list[Map]) -> Map:
    """x - log sum e^x over the channels."""
    return map_of_columns(
        node.output, [_logsoftmax_column(column) for column in reads[0].split_columns()]
    )


def _logsoftmax_column(column: tuple[Number, ...]) -> list[Number]:
    top = max(column)
    log = math.log(sum(math.exp(v - top) for v in column))
    return [float(v - top) - log for v in column]


def evaluate_add(node: Node, reads: list[Map]) -> Map:
    """Add the inputs, unit by unit."""
    columns = zip(*(x.numbers for x in reads), strict=True)
    return Map(node.output, tuple(sum(column) for column in columns))


def evaluate_mul(node: Node, reads: list[Map]) -> Map:
    """Multiply the inputs, unit by unit."""
    return Map(node.output, tuple(map(math.prod, list_factors(node, reads))))


def list_factors(node: Node, reads: list[Map]) -> list[tuple[Number, ...]]:
    """List what each unit of a product multiplies; a gate of one position works at all of them."""
    positions = node.output.positions
    whole = [
        tuple(number for number in x.numbers for _ in range(positions // x.shape.positions))
        if x.shape.positions == 1
        else x.numbers
        for x in reads
    ]
    return list(zip(*whole, strict=True))


def evaluate_concat(node: Node, reads: list[Map]) -> Map:
    """Put the channels of all inputs one input after the other."""
    return Map(node.output, tuple(number for x in reads for number in x.numbers))


def evaluate_slice(node: Node[Slice], reads: list[Map]) -> Map:
    """Keep some of the channels."""
    (x,) = reads
    first, end = node.layer.span
    size = x.shape.positions
    return Map(node.output, x.numbers[first * size : end * size])


def evaluate_global_mean(node: Node, reads: list[Map]) -> Map:
    """Compute the mean of each channel."""
    return Map(node.output, tuple(exact_mean(channel) for channel in reads[0].split_channels()))


def evaluate_global_largest(node: Node, reads: list[Map]) -> Map:
    """Find the largest number of each channel."""
    return Map(node.output, tuple(max(channel) for channel in reads[0].split_channels()))


def exact_mean(numbers: tuple[Number, ...] | list[Number]) -> Number:
    """Compute the exact mean of exact numbers."""
    total = sum(numbers)
    return total / len(numbers) if isinstance(total, float) else Fraction(total) / len(numbers)


LEARNED_RULES: dict[str, LearnedRule] = {word: _sum_rule(sums) for word, sums in SUMS.items()}
"""The layer types that carry numbers."""

RULES: dict[str, Rule] = {
    "maxpool": pooling_rule(max),
    "avgpool": pooling_rule(exact_mean),
    "global_avgpool": evaluate_global_mean,
    "global_maxpool": evaluate_global_largest,
    **{word: elementwise_rule(function) for word, function in FUNCTIONS.items()},
    "softmax": evaluate_softmax,
    "logsoftmax": evaluate_logsoftmax,
    # At inference dropout passes everything on.
    **dict.fromkeys(("identity", "dropout", "drop_path", "flatten", "reshape"), keep_numbers),
    "permute": evaluate_permute,
    "pad": evaluate_pad,
    "crop": evaluate_crop,
    "slice": evaluate_slice,
    "add": evaluate_add,
    "mul": evaluate_mul,
    "concat": evaluate_concat,
}
"""The types that can be evaluated; others need numbers that a spec cannot give."""


def evaluate_layer(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """Compute a layer's output; `carried` are the numbers that its line, or its owner's, gives."""
    if carried is not None and (rule := LEARNED_RULES.get(node.layer.word)):
        return rule(node, carried, reads)
    return RULES[node.layer.word](node, reads)
