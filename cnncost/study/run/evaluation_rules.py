"""How each layer type is evaluated: a table by the type's word."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from cnncost.study.run.number_functions import FUNCTIONS
from cnncost.study.run.number_map import Map, Number, map_of_columns
from cnncost.study.run.number_moves import evaluate_crop, evaluate_pad, evaluate_permute
from cnncost.study.run.sliding_windows import evaluate_convolution, pooling_rule

if TYPE_CHECKING:
    from cnncost.language.carried import Carried
    from cnncost.layers.reshaping import Slice
    from cnncost.network import Node

Rule = Callable[["Node", "Carried | None", list[Map]], Map]
"""From the layer, its numbers and what it reads to its output."""


def evaluate_dense(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """y = W x + b over all units of the input."""
    assert carried is not None
    (x,) = reads
    return Map(node.output, tuple(multiply_and_add(carried, x.numbers)))


def evaluate_linear(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """y = W x + b over the channels of each position."""
    assert carried is not None
    return map_of_columns(
        node.output, [multiply_and_add(carried, column) for column in reads[0].split_columns()]
    )


def multiply_and_add(carried: Carried, x: tuple[Number, ...]) -> list[Number]:
    """W x + b."""
    bias = carried.bias or (0,) * len(carried.weights)
    return [
        sum((w * v for w, v in zip(row, x, strict=True)), start=b)
        for row, b in zip(carried.weights, bias, strict=True)
    ]


def elementwise_rule(function: Callable[[Number], Number]) -> Rule:
    """The same function of every number."""

    def rule(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
        return Map(node.output, tuple(map(function, reads[0].numbers)))

    return rule


def keep_numbers(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """The same numbers, perhaps in another shape."""
    return Map(node.output, reads[0].numbers)


def evaluate_softmax(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """e^x / sum e^x over the channels, from the largest down so that nothing overflows."""
    return map_of_columns(
        node.output, [_softmax_column(column) for column in reads[0].split_columns()]
    )


def _softmax_column(column: tuple[Number, ...]) -> list[Number]:
    powers = [math.exp(v - max(column)) for v in column]
    return [power / sum(powers) for power in powers]


def evaluate_logsoftmax(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """x - log sum e^x over the channels."""
    return map_of_columns(
        node.output, [_logsoftmax_column(column) for column in reads[0].split_columns()]
    )


def _logsoftmax_column(column: tuple[Number, ...]) -> list[Number]:
    top = max(column)
    log = math.log(sum(math.exp(v - top) for v in column))
    return [float(v - top) - log for v in column]


def evaluate_add(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """The sum, unit by unit."""
    columns = zip(*(x.numbers for x in reads), strict=True)
    return Map(node.output, tuple(sum(column) for column in columns))


def evaluate_mul(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """The product, unit by unit; a gate of one position works at all of them."""
    positions = node.output.positions
    whole = [
        tuple(number for number in x.numbers for _ in range(positions // x.shape.positions))
        if x.shape.positions == 1
        else x.numbers
        for x in reads
    ]
    return Map(node.output, tuple(math.prod(column) for column in zip(*whole, strict=True)))


def evaluate_concat(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """One behind the other: channels come first."""
    return Map(node.output, tuple(number for x in reads for number in x.numbers))


def evaluate_slice(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """Some of the channels."""
    (x,) = reads
    first, end = cast("Slice", node.layer).span
    size = x.shape.positions
    return Map(node.output, x.numbers[first * size : end * size])


def evaluate_global_mean(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """The mean of each channel."""
    return Map(node.output, tuple(exact_mean(channel) for channel in reads[0].split_channels()))


def evaluate_global_largest(node: Node, carried: Carried | None, reads: list[Map]) -> Map:
    """The largest number of each channel."""
    return Map(node.output, tuple(max(channel) for channel in reads[0].split_channels()))


def exact_mean(numbers: tuple[Number, ...] | list[Number]) -> Number:
    """The exact mean of exact numbers."""
    total = sum(numbers)
    return total / len(numbers) if isinstance(total, float) else Fraction(total) / len(numbers)


RULES: dict[str, Rule] = {
    "dense": evaluate_dense,
    "linear": evaluate_linear,
    "conv": evaluate_convolution,
    "depthwise_conv": evaluate_convolution,
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
"""The types that are evaluated; the others need numbers that a spec does not carry."""
